"""One event's way so far, step by step: from the delivery log and the store."""

from __future__ import annotations

from typing import Any

from ..deliverylog import Delivery, DeliveryLog
from ..store import Store

__all__ = ["found_in", "steps"]

_WORDS = {
    "retry": ("warn", "failed, is tried again"),
    "dead": ("bad", "dead letter"),
    "duplicate": ("good", "came again, absorbed"),
    "replayed": ("good", "replayed"),
    "processed": ("good", "processed"),
}


def steps(store: Store, log: DeliveryLog, key: str) -> dict[str, Any]:
    """Return what is known of a row of the live panel.

    Args:
        store: Of the records.
        log: Of the deliveries.
        key: See `found_in`.

    Returns:
        ``key event conversation type status steps``, each step with ``at kind what note``.
    """
    delivery, event_id = found_in(log, key)
    stored = store.event(event_id) if event_id else None
    found = [_received(delivery)] if delivery is not None else []
    found += [_attempt(each) for each in (stored or {"attempts": []})["attempts"]]
    events = delivery.events if delivery is not None else ()
    event = next((each for each in events if each.event_id == event_id), None)
    return {
        "key": key,
        "event": event_id,
        "conversation": event.conversation_id if event else (stored or {}).get("conversationId"),
        "type": event.event_type if event else (stored or {}).get("eventType"),
        "status": (stored or {}).get("status"),
        "steps": found,
    }


def found_in(log: DeliveryLog, key: str) -> tuple[Delivery | None, str | None]:
    """Return the delivery and the event that a row's key names, each None where there is none.

    Args:
        log: Of the deliveries.
        key: ``<number of the delivery>/<place of the event in it>``, or an event's id.
    """
    number, _, place = key.partition("/")
    if not (number.isdigit() and place.isdigit()):
        return None, key
    delivery = log.entry(int(number))
    if delivery is None or int(place) >= len(delivery.events):
        return delivery, None
    return delivery, delivery.events[int(place)].event_id


def _received(delivery: Delivery) -> dict[str, Any]:
    kind = {"published": "good", "spooled": "warn", "refused": "bad"}[delivery.outcome]
    told = f"answered {delivery.status} in {delivery.milliseconds:.1f} ms"
    return {
        "at": delivery.at.isoformat(timespec="milliseconds"),
        "kind": kind,
        "what": f"received, {delivery.outcome}",
        "note": f"{told}. {delivery.sentence}".rstrip(". ") + ".",
    }


def _attempt(attempt: dict[str, Any]) -> dict[str, Any]:
    kind, word = _WORDS.get(attempt["outcome"], ("busy", attempt["outcome"]))
    seconds = attempt.get("runtimeS")
    took = "" if seconds is None else f"took {seconds * 1000:.0f} ms"
    notes = [note for note in (took, attempt["reason"], attempt["error"]) if note]
    return {
        "at": attempt["at"].isoformat(timespec="milliseconds"),
        "kind": kind,
        "what": f"attempt {attempt['attempt']}: {word}",
        "note": " · ".join(notes),
    }
