"""Events and snapshots for the tests of the store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from genesys_workbench.events import ConversationEvent, parse_event
from genesys_workbench.store import Recorded, Store

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
CONTACT = "0b9e3a54-0000-4000-8000-0000000000c1"


def second(n: float) -> datetime:
    return START + timedelta(seconds=n)


def iso(n: float) -> str:
    return second(n).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ticking(start: datetime = START) -> Callable[[], datetime]:
    """A clock that moves on by a second with every look."""
    numbers = count()
    return lambda: start + timedelta(seconds=next(numbers))


def detail(
    event_id: str, what: str = "customer.start", *, at: float = 0, c: str = "c1", **body: Any
) -> ConversationEvent:
    event = {
        "conversationId": c,
        "eventTime": int(second(at).timestamp() * 1000),
        "mediaType": "VOICE",
        "direction": "INBOUND",
    }
    return parse_event(
        {
            "id": event_id,
            "detail-type": f"v2.detail.events.conversation.{{id}}.{what}",
            "detail": {"eventBody": event | body},
        }
    )


def snapshot(*, c: str = "c1", end: float | None = None, **more: Any) -> dict[str, Any]:
    call = {"direction": "inbound", "connectedTime": iso(0), "segments": []}
    customer = {"id": "p1", "purpose": "customer", "name": "Imogen Sample", "startTime": iso(0)}
    if end is not None:
        call |= {"disconnectedTime": iso(end), "disconnectType": "peer"}
        customer["endTime"] = iso(end)
        more["endTime"] = iso(end)
    return {"id": c, "startTime": iso(0), "participants": [customer | {"calls": [call]}]} | more


def in_threads(work: Callable[[int], Any], threads: int = 8) -> list[Any]:
    """Run ``work(0)`` to ``work(threads - 1)`` at once; raise what one of them raised."""
    results: list[Any] = []
    barrier = threading.Barrier(threads)

    def run(number: int) -> None:
        barrier.wait(10)
        try:
            results.append(work(number))
        except BaseException as exc:
            results.append(exc)

    started = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(60)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    assert len(results) == threads
    return results


def hammer(store: Store, *, threads: int = 8, conversations: int = 5) -> list[Recorded]:
    """Record the same events from all threads at once, each thread in an order of its own."""
    events = [
        detail(f"e-{c}-{n}", at=n, c=f"c{c}", participantId=f"p{n % 3}")
        for c in range(conversations)
        for n in range(6)
    ]

    def work(number: int) -> list[Recorded]:
        turned = events[number:] + events[:number]
        return [store.record(event) for event in turned]

    return [recorded for part in in_threads(work, threads) for recorded in part]


def facts_only(row: Mapping[str, Any] | None) -> dict[str, Any]:
    """What must not depend on the order of arrival."""
    assert row is not None
    return {k: v for k, v in row.items() if k not in ("firstEventId", "updatedAt")}
