"""Dead letters: how one is written, how one is read, and how it is sent back. No I/O.

The broker cannot store a reason of ours (``basic.reject`` carries no text), so the worker
publishes the message itself with these headers; what the broker dead-letters by itself is
explained by `autopsy`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from .autopsy import deaths, examine, text_of
from .messages import (
    DEAD_EXCHANGE,
    QUEUE,
    Job,
    Message,
    dumps,
    event_headers,
    routing_key,
    task_headers,
)

__all__ = ["DeadLetter", "dead_message", "read_dead", "sent_back", "was_sent_back_since"]

MAX_ERROR = 2000
MAX_PAST_ERROR = 200
MAX_HISTORY = 10
_OURS = "x-workbench-"
_HISTORY = "x-workbench-history"
# What goes back with a message. Not: user_id, which must be the sender's own (RabbitMQ closes the
# channel), and expiration, since a message that is sent back is to wait as long as it takes.
_PROPERTIES = (
    "content_type",
    "content_encoding",
    "priority",
    "correlation_id",
    "reply_to",
    "message_id",
    "timestamp",
    "type",
    "app_id",
)
# Marks of a death; and CC and BCC, by which RabbitMQ would send it to further queues again.
_MARKS = {
    "x-delivery-count",
    "x-workbench-reason",
    "x-workbench-error",
    "x-workbench-attempts",
    "x-workbench-dead-at",
    "CC",
    "BCC",
}


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter.

    Attributes:
        event_id: The message id, where no code can parse the message; None without.
        conversation_id: None where no code can parse the message.
        reason: Short stable code: ``not_found``, ``schema``, ``undecodable``, ``delivery_limit``…
        error: The last error, or what is wrong with the message; scrubbed.
        attempts: How many tries the worker made; 0 if unknown.
        died_at: When, as far as known.
        redriven: How many times it was sent back.
        message: The original, byte for byte; `sent_back` makes of it what goes to the queue.
        parsed: Whether it holds an event.
        history: Its earlier deaths, the oldest first: ``reason``, ``error``, ``attempts``,
            ``diedAt``, ``redrivenAt``.
    """

    event_id: str | None
    conversation_id: str | None
    reason: str
    error: str
    attempts: int
    died_at: datetime | None
    redriven: int
    message: Message = field(repr=False)
    parsed: bool = True
    history: tuple[Mapping[str, Any], ...] = ()


def dead_message(
    payload: Any,
    *,
    headers: Mapping[str, Any],
    task_id: str,
    job: Job | None,
    reason: str,
    error: str,
    attempt: int,
) -> Message:
    """Write the dead letter of a task that will not be tried again."""
    event = job.event if job is not None else None
    event_id = event.event_id if event is not None else task_id
    kept = {key: value for key, value in headers.items() if str(key).startswith(_OURS)}
    if event is not None:
        kept |= event_headers(event)
    own = {
        "x-workbench-reason": reason,
        "x-workbench-error": error[:MAX_ERROR],
        "x-workbench-attempts": attempt,
        "x-workbench-dead-at": datetime.now(UTC).isoformat(),
    }
    return Message(
        event_id=event_id,
        routing_key=(
            routing_key(event.event_type, event.media_type)
            if event is not None
            else routing_key("other", "unknown")
        ),
        body=dumps([[payload], {}, None]).encode(),
        headers=task_headers(task_id, event_id) | kept | own,
        exchange=DEAD_EXCHANGE,
    )


def read_dead(
    body: bytes, headers: Mapping[str, Any], properties: Mapping[str, Any] | None = None
) -> DeadLetter:
    """Read a message of the dead-letter queue, whatever it is.

    Args:
        body: As it lies there.
        headers: The same.
        properties: The other AMQP properties.
    """
    kept = {name: value for name in _PROPERTIES if (value := (properties or {}).get(name))}
    found = examine(body, headers, kept)
    event = found.job.event if found.job is not None else None
    event_id = event.event_id if event else headers.get("x-workbench-event-id")
    conversation_id = event.conversation_id if event else headers.get("x-workbench-conversation-id")
    name = event_id or kept.get("message_id")
    by_worker = headers.get("x-workbench-reason")
    redriven = _integer(headers.get("x-workbench-redriven"))
    return DeadLetter(
        event_id=text_of(name) if name else None,
        conversation_id=text_of(conversation_id) if conversation_id else None,
        reason=text_of(by_worker or found.reason),
        error=text_of(headers.get("x-workbench-error", "" if by_worker else found.error)),
        attempts=_integer(headers.get("x-workbench-attempts")),
        died_at=_died_at(headers),
        redriven=redriven,
        message=Message(
            event_id=text_of(name or ""),
            routing_key=QUEUE,
            body=body,
            headers=_afresh(headers) | {"x-workbench-redriven": redriven + 1},
            exchange="",
            properties=kept,
        ),
        parsed=event is not None,
        history=_history(headers),
    )


def sent_back(letter: DeadLetter, *, at: datetime) -> Message:
    """Return the message that goes back to the queue, with this death in its history."""
    death = {
        "reason": letter.reason,
        "error": letter.error[:MAX_PAST_ERROR],
        "attempts": letter.attempts,
        "diedAt": letter.died_at.isoformat() if letter.died_at else None,
        "redrivenAt": at.isoformat(),
    }
    history = {_HISTORY: dumps([*letter.history, death][-MAX_HISTORY:])}
    return replace(letter.message, headers=letter.message.headers | history)


def was_sent_back_since(letter: DeadLetter, start: datetime) -> bool:
    """Tell whether a letter was sent back after a moment, and has died again."""
    last = str(letter.history[-1].get("redrivenAt")) if letter.history else ""
    with suppress(ValueError, TypeError):
        return datetime.fromisoformat(last) >= start
    return False


def _history(headers: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    try:
        told = json.loads(headers.get(_HISTORY, "[]"))
    except (ValueError, TypeError, RecursionError):
        return ()
    return tuple(each for each in told if isinstance(each, dict)) if isinstance(told, list) else ()


def _died_at(headers: Mapping[str, Any]) -> datetime | None:
    given = headers.get("x-workbench-dead-at")
    if isinstance(given, str):
        with suppress(ValueError):
            time = datetime.fromisoformat(given)
            return time if time.tzinfo else time.replace(tzinfo=UTC)
    times = [death.get("time") for death in deaths(headers)]
    first = next((time for time in times if isinstance(time, datetime)), None)
    return first.replace(tzinfo=UTC) if first is not None else None


def _afresh(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the marks of death: the broker drops a message that it saw in a cycle."""
    fresh = {key: value for key, value in headers.items() if not _is_mark(str(key))}
    if "task" in fresh:
        fresh |= {"retries": 0, "eta": None, "expires": None}
    return fresh


def _is_mark(key: str) -> bool:
    return key in _MARKS or key.startswith(("x-death", "x-first-death", "x-last-death"))


def _integer(value: Any) -> int:
    return value if isinstance(value, int) else 0
