"""``genesys-workbench lab`` as a process of its own, with a real JupyterLab and real kernels."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from jupyter_client import BlockingKernelClient

from tests.integration.shells import BENCH, Shell, children_of
from tests.integration.workers import wait_until

SECRET = "hunter2-of-the-webhook"
# What a person may have on a computer where Jupyter runs for other purposes
CARELESS = {
    "IdentityProvider": {"token": ""},
    "ServerApp": {"token": "", "ip": "0.0.0.0", "base_url": "/other", "root_dir": "/"},
}
ELSEWHERE = "127.0.0.2"  # this computer too, but not the address that it listens on
OPEN_A_BENCH = """
import sys
from genesys_workbench import Workbench, load_settings
bench = Workbench(load_settings(broker_url="local", port=0)).start()
print(sys.executable)
"""


class RunningLab:
    """The command, and its server's REST API."""

    def __init__(self, shell: Shell, *options: str) -> None:
        self.shell = shell
        folder = str(shell.folder / "notebooks")
        shell.start("lab", BENCH, "lab", "--folder", folder, *options)
        shell.wait_for("lab", "Ready: http")
        self.url = shell.said("lab").partition("Ready: ")[2].split()[0]
        parts = urlsplit(self.url)
        self.base = f"{parts.scheme}://{parts.netloc}"
        self.port = parts.port or 0
        (self.token,) = parse_qs(parts.query)["token"]

    def get(self, path: str, *, token: bool = True) -> httpx.Response:
        headers = {"Authorization": f"token {self.token}"} if token else {}
        return httpx.get(f"{self.base}{path}", headers=headers, timeout=30)

    def start_kernel(self) -> dict[str, Any]:
        headers = {"Authorization": f"token {self.token}"}
        answer = httpx.post(f"{self.base}/api/kernels", headers=headers, timeout=30)
        answer.raise_for_status()
        kernel: dict[str, Any] = answer.json()
        return kernel


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A terminal with a home of its own, where Jupyter is set up for something else."""
    foreign = tmp_path / "foreign" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    spec = {"argv": ["/no/such/python"], "display_name": "Theirs", "language": "python"}
    (foreign / "kernel.json").write_text(json.dumps(spec))
    config = tmp_path / "home" / ".jupyter"
    config.mkdir(parents=True)
    (config / "jupyter_server_config.json").write_text(json.dumps(CARELESS))
    opened = Shell(
        tmp_path,
        HOME=str(tmp_path / "home"),
        JUPYTER_PATH=str(tmp_path / "foreign"),
        WORKBENCH_WEBHOOK_SECRET=SECRET,
    )
    yield opened
    opened.close()


def execute(kernel: dict[str, Any], runtime: Path, code: str) -> str:
    """Run code in a kernel and return what it printed."""
    client = BlockingKernelClient()
    client.load_connection_file(str(runtime / f"kernel-{kernel['id']}.json"))
    client.start_channels()
    try:
        printed: list[str] = []
        wait_until(lambda: ready(client), seconds=60, what="the kernel's first answer")
        reply = client.execute_interactive(
            code,
            timeout=90,
            output_hook=lambda message: printed.append(message["content"].get("text", "")),
        )
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed).strip()
    finally:
        client.stop_channels()


def test_a_busy_port_a_careless_configuration_and_a_foreign_kernel_do_no_harm(
    shell: Shell,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        taken = busy.getsockname()[1]
        lab = RunningLab(shell, "--no-browser", "--port", str(taken))
    assert f"Port {taken} is busy, using {lab.port}." in shell.said("lab")
    assert httpx.get(lab.url, follow_redirects=True).status_code == 200
    assert shell.said("lab").count(lab.token) == 1
    assert lab.get("/api/contents", token=False).status_code == 403
    names = [item["name"] for item in lab.get("/api/contents").json()["content"]]
    assert "00_start_here.ipynb" in names
    specs = lab.get("/api/kernelspecs").json()
    assert specs["kernelspecs"]["python3"]["spec"]["argv"][0] == sys.executable
    news = lab.get("/lab/api/settings/@jupyterlab/apputils-extension:notification").json()
    assert news["schema"]["properties"]["fetchNews"]["default"] == "false"
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((ELSEWHERE, lab.port), timeout=5)
    assert shell.stop("lab")[0] == 0


def ready(client: BlockingKernelClient) -> bool:
    """Tell whether a kernel answers; one that still starts is taken for dead on a busy machine."""
    with suppress(RuntimeError):
        client.wait_for_ready(timeout=10)
        return True
    return False


def kernels_of(folder: Path) -> list[str]:
    return [command for command in children_of(folder / "data") if "ipykernel" in command]


def test_one_ctrl_c_ends_the_server_and_all_that_its_kernels_started(shell: Shell) -> None:
    lab = RunningLab(shell, "--no-browser", "--port", "0", "--ip", ELSEWHERE, "--open-to-network")
    kernel = lab.start_kernel()
    runtime = shell.folder / "home" / ".local" / "share" / "jupyter" / "runtime"
    assert execute(kernel, runtime, OPEN_A_BENCH) == sys.executable
    running = "\n".join(children_of(shell.folder / "data"))
    assert "rabbitmq" in running
    assert kernels_of(shell.folder) != []
    assert "celery" in running
    assert shell.stop("lab")[0] == 0
    assert kernels_of(shell.folder) == []
    # Their watchdogs see to it, within seconds of the kernel's end.
    wait_until(lambda: not children_of(shell.folder / "data"), what="the end of node and worker")
    told = shell.said("lab")
    assert "JupyterLab and its kernels have stopped." in told
    assert SECRET not in told
    assert list(runtime.glob("*.json")) == []
