"""``run`` and ``gallery``: notebooks as reports and as tests."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from .options import Json, settings_for
from .output import print_json, print_line, say

__all__ = ["add_to"]

FLAGS = ("-p", "--parameter")


class RunCommand(TyperCommand):
    """Takes ``-p name value`` as papermill does, which typer cannot take repeatedly."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Make one argument of a name and its value, and go on as usual."""
        return super().parse_args(ctx, list(_joined(args)))


def _joined(args: list[str]) -> Iterator[str]:
    rest = iter(args)
    for arg in rest:
        yield arg
        if arg in FLAGS:
            words = [*islice(rest, 1)]
            if words and "=" not in words[0]:
                words += islice(rest, 1)
            yield from ["=".join(words)] if words else []


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(cls=RunCommand)(run)
    app.command()(gallery)


def run(
    notebook: Annotated[
        str | None,
        typer.Argument(
            metavar="NOTEBOOK",
            help="A path, or one of ours: 00_start_here, or 00.",
            show_default=False,
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--parameter", metavar="NAME VALUE", help="Set a parameter; repeat for others."
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("-f", "--file", metavar="FILE", help="YAML with parameters; -p comes on top."),
    ] = None,
    matrix: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML with sets of parameters, a run for each."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where executed notebooks are kept.")
    ] = Path("runs"),
    html: Annotated[bool, typer.Option("--html", help="Make an HTML page beside each.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that a cell may take.")] = 600,
    help_parameters: Annotated[
        bool, typer.Option("--help-parameters", help="List what can be set, and run nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a notebook with checked parameters, and keep the result.

    It runs in this folder.
    """
    from ..errors import UsageError
    from ..runs.guard import known_secrets
    from ..runs.matrix import read_matrix
    from ..runs.one import read_one
    from ..runs.plan import prepare_folder
    from .running import Runner, show_parameters

    for_one = bool(parameter or file or help_parameters)
    if (notebook is None) == (matrix is None) or (matrix and for_one):
        raise UsageError(
            "Name one notebook, with its parameters, or a file of sets of them by --matrix.",
            fix="genesys-workbench run 00_start_here -p events 20",
        )
    if notebook and help_parameters:
        show_parameters(notebook, as_json=as_json)
        return
    secrets = known_secrets(settings_for())
    runner = Runner(timeout=timeout, html=html, as_json=as_json, secrets=secrets)
    if matrix:
        plans = read_matrix(matrix, out=out, secrets=secrets)
        passed = runner.run_all(plans, prepare_folder(out) / "junit.xml")
    else:
        texts = _pairs(parameter or [])
        plan = read_one(str(notebook), texts=texts, file=file, out=out, secrets=secrets)
        prepare_folder(out)
        passed = runner.run_one(plan)
    raise typer.Exit(0 if passed else 1)


def _pairs(given: list[str]) -> dict[str, str]:
    from ..errors import UsageError

    pairs = [pair.partition("=") for pair in given]
    for name, separator, _ in pairs:
        if not separator:
            raise UsageError(
                f"-p takes a name and a value, and {name!r} has none.", fix=f"-p {name} VALUE"
            )
    return {name: value for name, _, value in pairs}


def gallery(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the runs lie.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The page.", show_default="DIR/index.html"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an index page of executed runs, with pictures of them."""
    from ..runs.gallery import write_gallery

    page, runs = write_gallery(folder, out or folder / "index.html")
    failed = sum(run.outcome != "passed" for run in runs)
    if as_json:
        print_json({"gallery": str(page), "runs": len(runs), "failed": failed})
        return
    print_line(str(page))
    say(f"Runs: {len(runs)}, not passed: {failed}. Next: open {page} in a browser.")
