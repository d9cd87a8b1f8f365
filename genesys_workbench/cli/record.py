"""``record``: a live session as a cassette."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .listen import Queues, Users, hear
from .options import Port, settings_for
from .output import say

if TYPE_CHECKING:
    from ..settings import Settings
    from ..tape import Kept, Tape

__all__ = ["add_to"]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(record)


def record(
    folder: Annotated[Path, typer.Argument(help="A new folder for the cassette.")],
    queue: Queues = None,
    user: Users = None,
    port: Port = None,
) -> None:
    """Record a live session, until Ctrl-C, for the simulator to play back.

    With --queue or --user it hears of their conversations by the platform's Notifications; else
    it takes webhook deliveries. Nothing is stored or published. Ids and personal data are
    replaced before they are written: equal ones by equal ones, and nobody can tell the real ones.
    """
    from ..tape import Tape

    settings = settings_for(port=port).model_copy(update={"spool_max_events": 0, "enrich": "off"})
    if queue or user:
        _hear(settings, folder, queue or [], user or [])
    else:
        from .serve import serve_tape

        tape = Tape(folder)
        serve_tape(settings, tape)
        _finish(settings, tape)


def _hear(settings: Settings, folder: Path, queues: list[str], users: list[str]) -> None:
    from ..listener import Listener, subjects_for
    from ..tape import Tape
    from .serve import configure_logs

    configure_logs(settings)
    subjects = subjects_for(settings, queues=queues, users=users)
    tape = Tape(folder)
    say(f"Recording to {folder}    (Ctrl-C ends it)")
    hear(Listener(settings, subjects, publisher=tape, tell=say))
    _finish(settings, tape)


def _finish(settings: Settings, tape: Tape) -> None:
    from ..client import GenesysClient
    from .bars import progress_bars

    say("Asking the API for the conversations.    (Ctrl-C again leaves them out)")
    with (
        GenesysClient.from_settings(settings, max_wait=600.0) as client,
        progress_bars(transient=True) as bar,
    ):
        task = bar.add_task("conversations", total=None)
        kept = tape.finish(
            client, on_progress=lambda done, of: bar.update(task, completed=done, total=of)
        )
    _tell(kept, tape.folder)


def _tell(kept: Kept, folder: Path) -> None:
    if not kept.deliveries:
        say("Nothing came, so there is nothing to play.")
        raise typer.Exit(1)
    say(
        f"Recorded {kept.deliveries} events of {kept.conversations} conversations; "
        f"REST tells {kept.rest} of them, analytics {kept.analytics}."
    )
    if kept.leaks:
        say(f"WARNING: texts that are personal elsewhere stand in: {', '.join(kept.leaks)}.")
        say(f"Look at these fields before you share the cassette: grep -rn FIELD {folder}")
        raise typer.Exit(1)
    say(f"Next: genesys-workbench simulate --cassette {folder} --live")
