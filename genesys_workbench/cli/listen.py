"""``listen``: conversations of a real organisation without a public URL."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from .brokers import opened
from .options import Broker, settings_for
from .output import say

if TYPE_CHECKING:
    from ..listener import Listener

__all__ = ["Queues", "Users", "add_to", "hear"]

LOOK_EVERY = 0.5
Queues = Annotated[
    list[str] | None,
    typer.Option("--queue", metavar="NAME|ID", help="Its conversations; may be given many times."),
]
Users = Annotated[
    list[str] | None,
    typer.Option("--user", metavar="EMAIL|NAME|ID", help="The same for a user."),
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(listen)


def listen(queue: Queues = None, user: Users = None, broker: Broker = None) -> None:
    """Hear of conversations by the platform's Notifications, until Ctrl-C.

    No public URL is needed. What is missed while the connection is down, or while this does not
    run, is looked up afterwards: up to a day.
    """
    from pydantic import SecretStr

    from ..listener import Listener, subjects_for
    from .serve import configure_logs

    settings = settings_for(broker=broker)
    configure_logs(settings)
    subjects = subjects_for(settings, queues=queue or (), users=user or ())
    with opened(settings) as running:
        say(f"Broker: {running.why}")
        own = settings.model_copy(update={"broker_url": SecretStr(str(running.url))})
        hear(Listener(own, subjects, tell=say, remember=settings.data_dir))
    say("The bridge has stopped.")


def hear(listener: Listener) -> None:
    """Listen until Ctrl-C.

    Raises:
        WorkbenchError: Why it has ended by itself.
    """
    with suppress(KeyboardInterrupt, SystemExit), listener:
        while not listener.wait(LOOK_EVERY):
            pass  # a signal that another thread caught is handled when this one wakes
