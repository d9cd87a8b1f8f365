"""Tasks as rows of the queue panel, and all that is known of one of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import PermanentError
from ..messages import decode, payload_of
from ..privacy import mask_conversation, mask_event
from ..queues import Peeked

__all__ = ["KINDS", "arguments_of", "headers_of", "peeked_row", "task_detail", "task_row"]

KINDS = {"processed": "good", "retrying": "warn", "dead": "bad", "queued": "busy"}
_OUTCOMES = {
    "retry": ("warn", "failed, is tried again"),
    "dead": ("bad", "failed, dead letter"),
    "duplicate": ("good", "came again, absorbed"),
    "replayed": ("good", "replayed"),
    "processed": ("good", "processed"),
}
_GONE = {
    "retrying": "They wait with the message in the broker until the next try.",
    "dead": "The message is not among the first dead letters of the queue.",
}
Row = Mapping[str, Any]


def task_row(event: Row) -> dict[str, Any]:
    """Return a row of the panel from an event as `Store.events` gives it."""
    status = event["status"]
    return {
        "id": event["eventId"],
        "conversation": event["conversationId"],
        "type": event["eventType"],
        "media": event["mediaType"],
        "status": status,
        "kind": KINDS[status],
        "tries": event["attempts"],
        "repeats": max(0, event["deliveries"] - 1),
        "runtime": _milliseconds(event["runtimeS"]),
        "at": event["at"].isoformat(timespec="milliseconds"),
        "reason": event["reason"],
        "error": event["error"],
    }


def peeked_row(message: Peeked, *, status: str, place: int) -> dict[str, Any]:
    """Return a row of the panel from a message that lies in a queue."""
    headers = message.headers
    return {
        "id": headers.get("x-workbench-event-id") or message.message_id or f"message {place}",
        "conversation": headers.get("x-workbench-conversation-id"),
        "type": headers.get("x-workbench-event-type"),
        "media": message.routing_key.rpartition(".")[2] or None,
        "status": status,
        "kind": KINDS[status],
        "tries": headers.get("x-workbench-attempts") or headers.get("retries") or 0,
        "repeats": 0,
        "runtime": None,
        "at": None,
        "reason": headers.get("x-workbench-reason", ""),
        "error": headers.get("x-workbench-error", ""),
    }


def task_detail(event: Row, letter: Peeked | None) -> dict[str, Any]:
    """Return what the panel shows of one task.

    Args:
        event: As `Store.event` gives it.
        letter: Its message, where it is a dead letter.
    """
    arguments: Any = None
    if event["source"] is not None:
        arguments = _stored_arguments(event)
    elif letter is not None:
        arguments = arguments_of(letter.body)
    return task_row(_counted(event)) | {
        "arguments": arguments,
        "absent": "" if arguments is not None else _GONE.get(event["status"], ""),
        "headers": headers_of(letter) if letter is not None else None,
        "attempts": [_attempt(each) for each in event["attempts"]],
    }


def arguments_of(body: bytes) -> Any:
    """Return the arguments of a message's task with personal data masked.

    Of what no code can read only the size is told: it may hold anything.
    """
    try:
        args = json.loads(body)[0]
        return [_masked(each) for each in args]
    except (ValueError, TypeError, LookupError, RecursionError):
        return f"not readable: {len(body)} bytes"


def headers_of(message: Peeked) -> dict[str, Any]:
    """Return the headers without what a Celery client may have put there of the arguments."""
    own = f"<event {message.headers.get('x-workbench-event-id')}>"
    hidden = {
        name: "…"
        for name in ("argsrepr", "kwargsrepr")
        if message.headers.get(name, "{}") not in (own, "{}")
    }
    return message.headers | hidden


def _masked(argument: Any) -> Any:
    payload = json.loads(argument) if isinstance(argument, str) else argument
    if not isinstance(payload, dict):
        raise TypeError("an argument is an object")
    source, metadata = payload.get("source"), payload.get("metadata")
    if not isinstance(source, dict):
        return mask_event(payload)
    told = {"source": mask_event(source)}
    if isinstance(metadata, dict):
        told["metadata"] = mask_conversation(metadata)
    return payload | told


def _stored_arguments(event: Row) -> Any:
    """Return the arguments as they were: the record holds all but the conversation."""
    try:
        job = decode({"eventId": event["eventId"], "source": event["source"]})
    except PermanentError:
        return [mask_event(event["source"])]
    received = event["receivedAt"] or event["at"]
    return [_masked(payload_of(job.event, received_at=received))]


def _counted(event: Row) -> dict[str, Any]:
    """Return an event with its attempts counted, as in a list of events."""
    tries = [
        each for each in event["attempts"] if each["outcome"] in ("retry", "dead", "processed")
    ]
    return {**event, "attempts": len(tries)}


def _attempt(attempt: Row) -> dict[str, Any]:
    kind, word = _OUTCOMES.get(attempt["outcome"], ("busy", attempt["outcome"]))
    return {
        "number": attempt["attempt"],
        "kind": kind,
        "outcome": word,
        "at": attempt["at"].isoformat(timespec="milliseconds"),
        "runtime": _milliseconds(attempt["runtimeS"]),
        "reason": attempt["reason"],
        "error": attempt["error"],
        "traceback": attempt["traceback"],
    }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
