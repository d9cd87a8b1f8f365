"""``queue setup|show|peek|dead|redrive``: the broker's queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .brokers import queues_url
from .options import Broker, Json, settings_for
from .output import print_json, print_rows, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..dead import DeadLetter
    from ..management import QueueFigures
    from ..queues import QueueState
    from ..settings import Settings

__all__ = ["app"]

app = typer.Typer(help="Look into the queues; send dead letters back.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
WHY = "its queues cannot be seen from here"


@app.command()
def setup(broker: Broker = None, as_json: Json = False) -> None:
    """Declare exchanges and queues, and prove them with a canary message."""
    from ..broker import setup_topology

    settings = settings_for(broker=broker)
    with queues_url(settings, why=WHY, must_exist=False) as url:
        fresh = setup_topology(url, settings)
    if as_json:
        print_json({"created": fresh, "proven": True})
    else:
        say("Declared and proven." if fresh else "They were there already; proven.")


@app.command()
def show(broker: Broker = None, as_json: Json = False) -> None:
    """Show how many messages wait, and how many are being worked on."""
    from ..queues import states

    settings = settings_for(broker=broker)
    with queues_url(settings, why=WHY) as url:
        known = states(url)
        figures = _figures(settings, url)
    rows = [_levels(each, figures.get(each.name)) for each in known]
    always = ("queue", "ready", "consumers")
    columns = [
        name for name in rows[0] if name in always or any(row[name] is not None for row in rows)
    ]
    print_rows(rows, columns, as_json=as_json, empty="No queues.")


def _figures(settings: Settings, url: str) -> dict[str, QueueFigures]:
    """Ask the management plugin, where there is one; say so if it does not answer."""
    from ..broker import locate
    from ..errors import BrokerError
    from ..management import Management

    place = locate(settings).management_url
    if place is None:
        return {}
    with Management(place, broker_url=url) as management:
        try:
            figures = management.figures()
        except BrokerError as exc:
            say(f"{exc.what} So unacked is not known.")
            return {}
    say(f"Management plugin: {management.url}, user {management.user}")
    return figures


def _levels(state: QueueState, figures: QueueFigures | None) -> dict[str, Any]:
    return {
        "queue": state.name,
        "ready": state.ready,
        "unacked": figures.unacked if figures else None,
        "consumers": state.consumers,
        "publishRate": figures.publish_rate if figures else None,
        "deliverRate": figures.deliver_rate if figures else None,
    }


@app.command()
def peek(limit: Limit = 10, broker: Broker = None, as_json: Json = False) -> None:
    """Show the first messages and leave them in the queue."""
    from ..queues import peek as look

    with queues_url(settings_for(broker=broker), why=WHY) as url:
        rows = [
            {
                "eventId": each.message_id,
                "routingKey": each.routing_key,
                "redelivered": each.redelivered,
                "bytes": len(each.body),
                "headers": each.headers,
                "body": each.body,
            }
            for each in look(url, limit=limit)
        ]
    columns = ["eventId", "routingKey", "bytes", "redelivered"]
    print_rows(rows, columns, as_json=as_json, empty="The queue is empty.")


@app.command()
def dead(limit: Limit = 100, broker: Broker = None, as_json: Json = False) -> None:
    """Show the dead letters with their reasons."""
    from ..queues import dead_letters

    with queues_url(settings_for(broker=broker), why=WHY) as url:
        letters = dead_letters(url, limit=limit)
    print_rows(
        [_row(letter, full=as_json) for letter in letters],
        ["eventId", "reason", "error", "attempts", "redriven", "conversationId"],
        as_json=as_json,
        empty="There are no dead letters.",
        flexible="error",
    )
    if letters and not as_json:
        say("Next: mend the cause, then: genesys-workbench queue redrive EVENT_ID (or --all)")


@app.command()
def redrive(
    event_id: Annotated[
        list[str] | None, typer.Argument(metavar="EVENT_ID", help="Only these events.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    reason: Annotated[str | None, typer.Option(help="Only those with this reason.")] = None,
    broker: Broker = None,
    as_json: Json = False,
) -> None:
    """Send dead letters back to the queue, each once."""
    from ..publisher import Publisher
    from ..queues import redrive as send_back

    ids = set(event_id or ())
    if not (ids or every or reason):
        raise typer.BadParameter("say which: event ids, --reason REASON, or --all")
    if ids and every:
        raise typer.BadParameter("event ids and --all exclude each other")
    with queues_url(settings_for(broker=broker), why=WHY) as url, Publisher(url) as publisher:
        sent = send_back(url, publisher, wanted=_wanted(ids, reason))
    rows = [_row(letter, full=False) for letter in sent]
    columns = ["eventId", "reason", "redriven", "conversationId"]
    print_rows(rows, columns, as_json=as_json, empty="No dead letter fits.")
    missing = ids - {letter.event_id for letter in sent}
    if missing:
        say(f"Not among the dead letters: {', '.join(sorted(missing))}")
    raise typer.Exit(1 if missing else 0)


def _wanted(ids: set[str], reason: str | None) -> Callable[[DeadLetter], bool]:
    def wanted(letter: DeadLetter) -> bool:
        return (not ids or letter.event_id in ids) and (not reason or letter.reason == reason)

    return wanted


def _row(letter: DeadLetter, *, full: bool) -> dict[str, Any]:
    row = {
        "eventId": letter.event_id,
        "conversationId": letter.conversation_id,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "redriven": letter.redriven,
        "diedAt": letter.died_at,
        "error": letter.error,
    }
    return {**row, "body": letter.message.body} if full else row
