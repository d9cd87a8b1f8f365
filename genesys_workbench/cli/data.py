"""``events list|show|replay``: the records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .brokers import queues_url
from .options import Broker, Json, settings_for
from .output import print_json, print_rows, say

if TYPE_CHECKING:
    from ..settings import Settings
    from ..store import Store

__all__ = ["app", "opened_store"]

Status = Literal["processed", "retrying", "dead"]
EventId = Annotated[str, typer.Argument(metavar="EVENT_ID", help="As `events list` tells it.")]
COLUMNS = ("eventId", "eventType", "mediaType", "status", "conversationId")
FURTHER = ("attempts", "deliveries", "processedAt")

app = typer.Typer(help="Look at the stored events; send one again.", no_args_is_help=True)


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Give the store of these settings, its tables prepared."""
    from ..store import Store

    with closing(Store.prepared(settings.store_url)) as store:
        yield store


@app.command("list")
def list_(
    limit: Annotated[
        int, typer.Option(min=0, help="At most so many, the newest first; 0 for all.")
    ] = 50,
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="Only of this conversation.")
    ] = None,
    event_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="Such as customer.start.")
    ] = None,
    status: Annotated[Status | None, typer.Option(help="Only with this status.")] = None,
    as_json: Json = False,
) -> None:
    """List events, with their status."""
    with opened_store(settings_for()) as store:
        rows = store.events(
            limit=limit or None, conversation_id=conversation, event_type=event_type, status=status
        )
        filtered = conversation or event_type or status
        empty = "No stored event fits." if filtered else "No event is stored. Next: " + _FIRST
        print_rows(rows, (*COLUMNS, *FURTHER), as_json=as_json, empty=empty)


_FIRST = "genesys-workbench trigger voice-inbound (or: demo)"


@app.command()
def show(event_id: EventId) -> None:
    """Show one event with its source and attempts, as JSON."""
    from ..replay import unknown_event

    with opened_store(settings_for()) as store:
        event = store.event(event_id)
    if event is None:
        raise unknown_event(event_id)
    print_json(event)


@app.command()
def replay(event_id: EventId, broker: Broker = None, as_json: Json = False) -> None:
    """Send a stored event through the queue again.

    Its id stays the same; the attempt is marked.
    """
    from ..publisher import Publisher
    from ..replay import replay_event

    settings = settings_for(broker=broker)
    why = "nothing can be sent to it from here"
    with (
        queues_url(settings, why=why) as url,
        opened_store(settings) as store,
        Publisher(url) as publisher,
    ):
        number = replay_event(store, publisher, event_id)
    if as_json:
        print_json({"eventId": event_id, "replay": number})
    else:
        say(f"Sent again: event {event_id}, replay {number}.")
        say(f"Next: genesys-workbench events show {event_id}")
