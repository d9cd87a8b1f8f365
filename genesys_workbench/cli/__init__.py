"""``genesys-workbench``: the commands, their exit codes, and errors without tracebacks.

Modules are imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from . import (
    audit,
    backfill,
    data,
    lab,
    listen,
    notebooks,
    outlets,
    processes,
    queue,
    record,
    trigger,
    webhooks,
)
from .output import exit_code, fail
from .stopping import orderly_stop

__all__ = ["app", "main"]

EPILOG = (
    "Exit codes: 0 done; 1 the outcome is bad (events lost or refused, a check or a notebook "
    "failed, no such event, no receiver); 2 wrong usage; 3 settings; 4 broker; 5 Genesys Cloud "
    "API; 6 database or spool; 130 interrupted; 143 terminated. Ctrl-C ends simulate, receive, "
    "listen, record, work and lab with 0."
)

app = typer.Typer(
    rich_markup_mode=None,  # the frames around the help would cost more than all else at its start
    name="genesys-workbench",
    help="Receive, queue, process and look at Genesys Cloud conversation events.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
processes.add_to(app)
trigger.add_to(app)
listen.add_to(app)
record.add_to(app)
backfill.add_to(app)
audit.add_to(app)
lab.add_to(app)
notebooks.add_to(app)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(outlets.app, name="outlets")
app.add_typer(queue.app, name="queue")
app.add_typer(data.app, name="events")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("genesys-workbench"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; expected errors become a sentence, its fix and an exit code.

    Args:
        arguments: Those of the process by default.
    """
    from ..errors import WorkbenchError

    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no dashes is no reason to end in a traceback.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        with orderly_stop():
            app(args=arguments)
    except WorkbenchError as exc:
        fail(exc)
        sys.exit(exit_code(exc))
