"""``queue setup|show|peek|dead|redrive``: the broker's queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import letters
from .brokers import queues_url
from .options import Broker, Json, settings_for
from .output import print_json, print_rows, say

if TYPE_CHECKING:
    from ..management import QueueFigures
    from ..queues import QueueState
    from ..settings import Settings

__all__ = ["app"]

app = typer.Typer(help="Look into the queues; send dead letters back.", no_args_is_help=True)

Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]
WHY = "its queues cannot be seen from here"
# RabbitMQ 3.10 goes on refusing after a limit was cleared, until one is set that has room.
ROOM = (
    "Next, where the queue of the dead letters is missing: genesys-workbench queue setup; where it "
    "is full: genesys-workbench queue redrive, or raise the limit of its policy."
)


@app.command()
def setup(broker: Broker = None, as_json: Json = False) -> None:
    """Declare exchanges and queues, and prove that they work.

    A canary message goes through each.
    """
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
    stuck = sum(row["stuck"] or 0 for row in rows)
    if stuck:
        say(f"{stuck} messages wait to become dead letters. {ROOM}")


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
        "stuck": (figures.stuck or None) if figures else None,
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


letters.add_to(app)
