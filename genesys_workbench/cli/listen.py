"""``listen``: conversations of a real organisation without a public URL."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from .brokers import opened
from .options import Broker, settings_for
from .output import say
from .serve import CHATTY

if TYPE_CHECKING:
    from ..channels import Subject
    from ..client import GenesysClient
    from ..settings import Settings

__all__ = ["add_to"]

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

    No public URL is needed. What is missed while the connection is down is looked up afterwards.
    """
    from pydantic import SecretStr

    from ..channels import find_subjects
    from ..client import GenesysClient
    from ..logs import configure

    settings = settings_for(broker=broker)
    configure(settings)
    for name, level in CHATTY.items():
        logging.getLogger(name).setLevel(level)
    with GenesysClient.from_settings(settings) as client:
        subjects = find_subjects(client, queues=queue or (), users=user or ())
        with opened(settings) as running:
            say(f"Broker: {running.why}")
            own = settings.model_copy(update={"broker_url": SecretStr(str(running.url))})
            asyncio.run(_until_stopped(own, client, subjects))
    say("The bridge has stopped.")


async def _until_stopped(
    settings: Settings, client: GenesysClient, subjects: list[Subject]
) -> None:
    from ..metrics import Metrics
    from ..notifications import Bridge
    from ..opening import open_intake

    async with open_intake(settings, Metrics()) as intake:
        bridge = Bridge(client, intake, subjects, tell=say)
        working = asyncio.ensure_future(bridge.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, working.cancel)
        with suppress(asyncio.CancelledError):
            await working
