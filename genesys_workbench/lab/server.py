"""JupyterLab in this process: our kernel, our defaults, and one Ctrl-C that ends it all."""

from __future__ import annotations

import json
import os
import secrets
import signal
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ..errors import ServingError, SettingsError

__all__ = ["LabOptions", "Ready", "check_installed", "serve_lab", "token_from"]

OVERRIDES = {
    # Else JupyterLab asks at the first start whether it may fetch news.
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    # Its room is needed for the names of the notebooks.
    "@jupyterlab/filebrowser-extension:browser": {"showLastModifiedColumn": False},
}
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be read, not to be bound
STILL = b"Still stopping: the kernels are being ended.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabOptions:
    """What the server is started with.

    Attributes:
        notebook: Name of the file in `folder` that is opened.
        port: The first that is tried; 0 takes any free one.
        ip: Address to listen on.
        token: Whoever has it may run code here; never empty.
        browser: Whether to open one.
        helper: Whether it is one that needs the URL itself, see `Reach`.
        verbose: Whether to show everything that Jupyter says, or warnings and errors only.
        environment: Variables for the kernels.
    """

    folder: Path
    notebook: str
    port: int
    ip: str
    token: str = field(repr=False)
    browser: bool
    helper: bool
    verbose: bool
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """Where the server listens, with the token in the URL."""

    url: str = field(repr=False)
    port: int


def check_installed() -> None:
    """Raise a SettingsError if JupyterLab or the kernel is missing."""
    missing = [name for name in ("jupyterlab", "ipykernel") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"Not installed: {', '.join(missing)}.",
            fix='pip install "genesys-workbench[lab]"',
        )


def token_from(environment: Mapping[str, str]) -> str:
    """Return Jupyter's own JUPYTER_TOKEN, or a new token: an empty one would let anybody in."""
    return environment.get("JUPYTER_TOKEN") or secrets.token_hex(24)


def serve_lab(options: LabOptions, *, on_ready: Callable[[Ready], None]) -> None:
    """Serve until SIGINT or SIGTERM; the kernels are ended with it.

    Raises:
        ServingError: The server did not start; Jupyter has said why.
    """
    from jupyterlab.labapp import LabApp  # type: ignore[import-untyped]

    with TemporaryDirectory(prefix="genesys-workbench-lab-") as name:
        own = Path(name)
        os.environ.update(options.environment)
        _prepare(own, os.environ)
        try:
            server = LabApp.initialize_server(argv=_arguments(options, own))
        except SystemExit as exc:
            raise ServingError(
                "JupyterLab did not start.",
                fix="choose another port: genesys-workbench lab --port 0; or see what it says: "
                "genesys-workbench lab --verbose",
            ) from exc
        _stop_at_signals(server)
        # Runs after the callback that binds the socket, which was added before it.
        server.io_loop.add_callback(lambda: on_ready(_ready(server, options.token)))
        server.start()


def _arguments(options: LabOptions, own: Path) -> list[str]:
    """Return Jupyter's options: these win over the person's own configuration files."""
    traits = {
        "ServerApp.root_dir": options.folder,
        "ServerApp.port": options.port,
        "ServerApp.ip": options.ip,
        "ServerApp.base_url": "/",
        "ServerApp.open_browser": options.browser,
        "ServerApp.use_redirect_file": not options.helper,
        "ServerApp.allow_root": True,
        "IdentityProvider.token": options.token,
        "LabApp.default_url": f"/lab/tree/{quote(options.notebook)}",
        # Tabs of another folder would be restored here, and not be found.
        "LabApp.workspaces_dir": own / "workspaces",
        "Application.log_level": "INFO" if options.verbose else "WARN",
    }
    return [f"--{name}={value}" for name, value in traits.items()]


def _prepare(own: Path, environment: MutableMapping[str, str]) -> None:
    """Put a folder before Jupyter's own: the kernel of this interpreter, and our defaults.

    A kernel called python3 that is found elsewhere may belong to another environment.
    """
    from ipykernel.kernelspec import write_kernel_spec

    kernel = own / "data" / "kernels" / "python3"
    # The notebooks name it so. At WARN, each kernel tells that loopback is not encrypted.
    write_kernel_spec(kernel, {"display_name": "Python 3"}, ["--IPKernelApp.log_level=ERROR"])
    defaults = own / "config" / "labconfig" / "default_setting_overrides.json"
    defaults.parent.mkdir(parents=True)
    defaults.write_text(json.dumps(OVERRIDES), encoding="utf-8")
    for name, folder in (("JUPYTER_PATH", own / "data"), ("JUPYTER_CONFIG_PATH", own / "config")):
        environment[name] = os.pathsep.join(filter(None, (str(folder), environment.get(name))))


def _stop_at_signals(server: Any) -> None:
    """Stop at the first signal: Jupyter would ask whether it is meant."""
    stopping = False

    def handle(_: int, __: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            os.write(2, STILL)  # print is not safe in a signal handler
            return
        stopping = True
        server.stop(from_signal=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)


def _ready(server: Any, token: str) -> Ready:
    host = WILDCARDS.get(server.ip, server.ip)
    place = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
    # Jupyter shows dots instead of a token that it has not made itself.
    url = urlsplit(server.local_url)._replace(netloc=place, query=urlencode({"token": token}))
    return Ready(url.geturl(), server.port)
