"""What has become of an event, as the live panel says it: rows, words and figures. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from math import ceil
from typing import Any

from ..deliverylog import Delivery, EventRef

__all__ = ["STATES", "event_row", "ids_of", "log_rows", "percentile", "spans_ms"]

Stored = Mapping[str, Any]

STATES = ("all", "queued", "processed", "retrying", "dead", "refused", "spooled")
"""What the list can be narrowed to."""


def log_rows(
    deliveries: Iterable[Delivery], stored: Mapping[str, Stored], *, limit: int
) -> list[dict[str, Any]]:
    """Return a row for each event, and for each refused delivery, in their order.

    Args:
        deliveries: Of the log.
        stored: What the store knows of their events, by id.
        limit: Rows at most.
    """
    rows: list[dict[str, Any]] = []
    for delivery in deliveries:
        if not delivery.events:
            rows.append(_refused_row(delivery))
        for place, event in enumerate(delivery.events):
            rows.append(_row(delivery, place, event, stored.get(event.event_id)))
        if len(rows) >= limit:
            return rows[:limit]
    return rows


def ids_of(deliveries: Iterable[Delivery]) -> list[str]:
    """Return the ids of all events of deliveries."""
    return [event.event_id for delivery in deliveries for event in delivery.events]


def event_row(event: Stored) -> dict[str, Any]:
    """Return the row of an event that the log need not know, as `Store.events` gives it."""
    at = event["receivedAt"] or event["at"]
    return {
        "key": event["eventId"],
        "at": _iso(at),
        "type": event["eventType"],
        "media": event["mediaType"] or "–",
        "event": event["eventId"],
        "conversation": event["conversationId"],
        "envelope": event["envelope"] or "–",
        "answer": None,
        "bytes": None,
        **_state(event, "published"),
    }


def spans_ms(stored: Iterable[Stored]) -> list[float]:
    """Return milliseconds from receipt to record, of the events that have both, in order."""
    return sorted(
        (event["processedAt"] - event["receivedAt"]).total_seconds() * 1000
        for event in stored
        if event["processedAt"] and event["receivedAt"]
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value that a share of the ordered values does not exceed."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)] if ordered else None


def _row(delivery: Delivery, place: int, event: EventRef, stored: Stored | None) -> dict[str, Any]:
    return {
        "key": f"{delivery.number}/{place}",
        "at": _iso(delivery.at),
        "type": event.event_type,
        "media": event.media_type,
        "event": event.event_id,
        "conversation": event.conversation_id,
        **_answer(delivery),
        **_state(stored, delivery.outcome),
    }


def _refused_row(delivery: Delivery) -> dict[str, Any]:
    return {
        "key": f"{delivery.number}/0",
        "at": _iso(delivery.at),
        "type": "–",
        "media": "–",
        "event": None,
        "conversation": None,
        **_answer(delivery),
        "status": "refused",
        "kind": "bad",
        "state": f"refused {delivery.status}",
        "tries": 0,
        "note": delivery.sentence,
    }


def _answer(delivery: Delivery) -> dict[str, Any]:
    return {
        "envelope": delivery.envelope or "–",
        "answer": delivery.status,
        "bytes": delivery.size_bytes,
    }


def _state(stored: Stored | None, outcome: str) -> dict[str, Any]:
    """Say what has become of an event: received → queued → retrying → processed or dead."""
    if stored is None:
        waits = outcome == "spooled"
        word = "spooled" if waits else "queued"
        note = "kept on disk until the broker is there" if waits else ""
        kind = "warn" if waits else "busy"
        return {"status": word, "kind": kind, "state": word, "tries": 0, "note": note}
    kind, word, note = _words(stored)
    tries = stored["attempts"] + stored.get("replays", 0)
    return {"status": stored["status"], "kind": kind, "state": word, "tries": tries, "note": note}


def _words(stored: Stored) -> tuple[str, str, str]:
    if stored["status"] == "retrying":
        return "warn", f"retrying {stored['attempts']}", stored["reason"]
    if stored["status"] == "dead":
        return "bad", "dead letter", stored["reason"]
    replays = stored.get("replays", 0)
    came = stored["deliveries"] - replays  # a replay is absorbed like one more delivery
    notes = [f"replayed {replays}×"] * bool(replays) + [f"came {came}×"] * (came > 1)
    return "good", "processed", ", ".join(notes)


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
