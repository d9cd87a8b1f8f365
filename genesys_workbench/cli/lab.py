"""``lab``: JupyterLab on the workbench's notebooks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import settings_for
from .output import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..lab.place import Place
    from ..lab.reach import Reach
    from ..lab.server import LabOptions, Ready
    from ..settings import Settings

__all__ = ["add_to"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
START = "00_start_here"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(lab)


def lab(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="If busy, the next free one; 0: any free one.")
    ] = 8888,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser, if there is one.")
    ] = True,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Copy the notebooks there and open them. Default: those of the checkout itself; "
            "of an installed package, a copy in ~/genesys-workbench.",
        ),
    ] = None,
    notebook: Annotated[str, typer.Option(metavar="NAME", help="The one to open.")] = START,
    ip: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    open_to_network: Annotated[
        bool,
        typer.Option(
            "--open-to-network",
            help="Needed with an --ip that others can reach: whoever has the token runs code here.",
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show all that Jupyter says.")] = False,
) -> None:
    """Open JupyterLab on the notebooks, until Ctrl-C. All is simulated: no account."""
    if ip not in LOOPBACK and not open_to_network:
        raise typer.BadParameter(f"--ip {ip} is open to others; if you mean it: --open-to-network")
    from ..lab.reach import reach_of_this_process
    from ..lab.server import LabOptions, check_installed, serve_lab, token_from
    from ..lab.trust import trust_shipped
    from ..shipped import shipped_notebooks

    check_installed()
    settings = settings_for()
    shipped = shipped_notebooks().values()
    place = _place(shipped, folder)
    trust_shipped(shipped, place.folder)
    way = reach_of_this_process()
    options = LabOptions(
        folder=place.folder,
        notebook=_file_name(notebook, place.folder),
        port=port,
        ip=ip,
        token=token_from(os.environ),
        browser=browser and way.browser,
        helper=way.helper,
        verbose=verbose,
        # A kernel runs in the folder of its notebook, and does not see the .env of this one.
        environment=settings.environment(),
    )
    for line in (*_about_place(place), *_about_mode(settings, ip)):
        say(line)
    serve_lab(options, on_ready=lambda ready: _tell_ready(ready, options, way, wanted=browser))
    say("JupyterLab and its kernels have stopped.")


def _place(shipped: Iterable[Path], folder: Path | None) -> Place:
    from importlib.metadata import version

    from ..lab.place import place_for

    source = next(iter(shipped)).parent
    return place_for(source, folder, home=Path.home(), version=version("genesys-workbench"))


def _file_name(notebook: str, folder: Path) -> str:
    """Return the file of a notebook that is named with or without its suffix."""
    name = notebook if notebook.endswith(".ipynb") else f"{notebook}.ipynb"
    known = sorted(path.name for path in folder.glob("*.ipynb"))
    if name not in known:
        stems = ", ".join(Path(each).stem for each in known)
        raise typer.BadParameter(f"there is no notebook {notebook!r} in {folder}. Known: {stems}")
    return name


def _about_place(place: Place) -> list[str]:
    if place.checkout:
        told = f"Notebooks: {place.folder}, the checkout itself: what you save there changes it."
        return [told, "To work on a copy: genesys-workbench lab --folder DIR"]
    lines = [f"Notebooks: {place.folder}"]
    for names, what in (
        (place.added, "Added"),
        (place.renewed, "Renewed, nobody had changed them"),
        (place.beside, "You changed these, so the new versions lie beside"),
    ):
        if names:
            lines.append(f"{what}: {', '.join(names)}")
    return lines


def _about_mode(settings: Settings, ip: str) -> list[str]:
    mode = (
        f"Live: the organisation whose credentials are set, at {settings.api_url}"
        if settings.live
        else "No credentials are set: all is simulated, on this computer."
    )
    lines = [mode]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        lines.append("Running as root: whoever has the URL with its token is root here.")
    if ip not in LOOPBACK:
        lines.append("WARNING: open to the network; URL and token travel unencrypted.")
    return lines


def _tell_ready(ready: Ready, options: LabOptions, way: Reach, *, wanted: bool) -> None:
    if options.port not in (0, ready.port):
        say(f"Port {options.port} is busy, using {ready.port}.")
    if wanted and not way.browser:
        say(f"No browser opens: {way.why}. Then {way.how.format(port=ready.port)}")
    say(f"Ready: {ready.url}    (Ctrl-C stops)")
    say("Next: in JupyterLab, Run > Run All Cells")
