"""Dead letters: how one is written, and how one is read. No I/O.

The broker cannot store a reason of ours (``basic.reject`` carries no text), so the worker
publishes the message itself with these headers; what the broker dead-letters by itself is
explained from ``x-death`` and from its own shape.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .errors import PermanentError
from .messages import (
    DEAD_EXCHANGE,
    QUEUE,
    TASK_NAME,
    Job,
    Message,
    decode,
    dumps,
    event_headers,
    routing_key,
    task_headers,
)

__all__ = ["DeadLetter", "dead_message", "read_dead"]

MAX_ERROR = 2000
_OURS = "x-workbench-"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter.

    Attributes:
        event_id: None where no code can parse the message.
        conversation_id: The same.
        reason: Short stable code: ``not_found``, ``schema``, ``undecodable``, ``delivery_limit``…
        error: The text of the last error, scrubbed; empty where the broker gave up.
        attempts: How many tries the worker made; 0 if unknown.
        died_at: When, as far as known.
        redriven: How many times it was sent back.
        message: The original, ready to be published to the queue again.
    """

    event_id: str | None
    conversation_id: str | None
    reason: str
    error: str
    attempts: int
    died_at: datetime | None
    redriven: int
    message: Message = field(repr=False)


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
    kept = {key: value for key, value in headers.items() if key.startswith(_OURS)}
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


def read_dead(body: bytes, headers: Mapping[str, Any], *, message_id: str | None) -> DeadLetter:
    """Read a message of the dead-letter queue, whatever it is."""
    job, why = _parse(body, headers)
    event_id = headers.get("x-workbench-event-id") or (job.event.event_id if job else None)
    conversation = headers.get("x-workbench-conversation-id") or (
        job.event.conversation_id if job else None
    )
    redriven = _integer(headers.get("x-workbench-redriven"))
    return DeadLetter(
        event_id=event_id or message_id,
        conversation_id=conversation,
        reason=str(headers.get("x-workbench-reason") or _reason(headers, why)),
        error=str(headers.get("x-workbench-error", "")),
        attempts=_integer(headers.get("x-workbench-attempts")),
        died_at=_died_at(headers),
        redriven=redriven,
        message=Message(
            event_id=event_id or message_id or "",
            routing_key=QUEUE,
            body=body,
            headers=_for_redrive(headers, redriven + 1),
            exchange="",
        ),
    )


def _parse(body: bytes, headers: Mapping[str, Any]) -> tuple[Job | None, str]:
    """Return the job, and why the worker did not take the message."""
    if headers.get("task", TASK_NAME) != TASK_NAME:
        return None, "unknown_task"
    try:
        args = json.loads(body)[0]
        job = decode(args[0])
    except PermanentError:
        return None, "schema"
    except (ValueError, RecursionError):
        return None, "undecodable"
    except (TypeError, KeyError, IndexError):
        return None, "invalid"
    return job, "rejected" if "task" in headers else "invalid"


def _reason(headers: Mapping[str, Any], why: str) -> str:
    deaths = headers.get("x-death") or []
    # Retries pass the delay queues and expire there: only what our own queue says counts.
    ours = [death for death in deaths if death.get("queue") == QUEUE]
    by_broker = str(ours[0].get("reason", "")) if ours else ""
    return why if by_broker in ("", "rejected") else by_broker


def _died_at(headers: Mapping[str, Any]) -> datetime | None:
    given = headers.get("x-workbench-dead-at")
    if isinstance(given, str):
        with suppress(ValueError):
            return datetime.fromisoformat(given)
    times = [death.get("time") for death in headers.get("x-death") or []]
    first = next((time for time in times if isinstance(time, datetime)), None)
    return first.replace(tzinfo=UTC) if first is not None else None


def _for_redrive(headers: Mapping[str, Any], redriven: int) -> dict[str, Any]:
    """Start afresh: no retries, no death marks (the broker drops a message it saw in a cycle)."""
    fresh = {key: value for key, value in headers.items() if not _is_history(key)}
    return fresh | {"retries": 0, "eta": None, "x-workbench-redriven": redriven}


def _is_history(key: str) -> bool:
    return (
        key in ("x-delivery-count", "x-workbench-reason", "x-workbench-error")
        or key.startswith(("x-death", "x-first-death", "x-last-death"))
        or key in ("x-workbench-attempts", "x-workbench-dead-at")
    )


def _integer(value: Any) -> int:
    return value if isinstance(value, int) else 0
