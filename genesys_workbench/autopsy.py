"""Why a message died that the worker left to the broker: from ``x-death`` and its shape. No I/O.

A message that the worker cannot read is rejected, so that the broker keeps it byte for byte; what
was wrong with it is found out when somebody looks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .errors import PermanentError
from .messages import QUEUE, TASK_NAME, Job, decode
from .privacy import scrub

__all__ = ["Finding", "deaths", "examine", "is_expired", "preview", "text_of", "wrong_header"]

MAX_PREVIEW = 60
# An id becomes a property of the next message, where AMQP has room for 255 bytes.
MAX_ID, MAX_RETRIES = 255, 10_000
_BY_BROKER = {
    "delivery_limit": "No try came to an end: each time the worker died, or lost its connection.",
    "maxlen": "The queue was full.",
    "expired": "Its time in the queue was up.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of a dead message.

    Attributes:
        reason: Short stable code.
        error: The same in words, without anything of the content.
        job: None where the message holds no event.
    """

    reason: str
    error: str
    job: Job | None = None


def examine(body: bytes, headers: Mapping[str, Any], properties: Mapping[str, Any]) -> Finding:
    """Find out why the broker has a message among the dead letters, whatever it is."""
    found = _read(body, headers, properties)
    # Retries pass the delay queues and expire there: only what our own queue says counts.
    ours = [death for death in deaths(headers) if death.get("queue") == QUEUE]
    by_broker = str(ours[0].get("reason", "")) if ours else ""
    if by_broker in ("", "rejected"):
        return found
    return Finding(by_broker, _BY_BROKER.get(by_broker, ""), found.job)


def deaths(headers: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the entries of ``x-death``, the newest first; a client may have sent anything."""
    given = headers.get("x-death")
    return [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []


def _read(body: bytes, headers: Mapping[str, Any], properties: Mapping[str, Any]) -> Finding:
    if headers.get("task", TASK_NAME) != TASK_NAME:
        return Finding("unknown_task", f"No task of the name {text_of(headers['task'])[:100]!r}.")
    try:
        job = decode(_argument(_parsed(body, headers, properties)))
    except PermanentError as exc:
        return Finding("schema", scrub(exc.what))
    except (ValueError, RecursionError, LookupError) as exc:
        return Finding("undecodable", f"The body cannot be decoded ({type(exc).__name__}).")
    except TypeError as exc:
        return Finding("invalid", str(exc))
    wrong = wrong_header(headers)
    if wrong:
        return Finding("invalid", f"The header {wrong} is not what Celery's protocol 2 asks for.")
    if is_expired(headers, now=datetime.now(UTC)):
        return Finding("expired", "The sender's time for it was up.", job)
    return Finding("rejected", "", job)


def _parsed(body: bytes, headers: Mapping[str, Any], properties: Mapping[str, Any]) -> Any:
    kind = properties.get("content_type")
    if kind not in (None, "application/json") or headers.get("compression") is not None:
        raise ValueError("neither another content type nor compression is accepted")
    encoding = properties.get("content_encoding")
    return json.loads(body.decode(encoding if isinstance(encoding, str) else "utf-8"))


def _argument(parsed: Any) -> Any:
    if not isinstance(parsed, list) or len(parsed) != 3:
        raise TypeError("The body is not [args, kwargs, embed].")
    args, kwargs, _ = parsed
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise TypeError("In the body, args must be a list and kwargs an object.")
    if len(args) + len(kwargs) != 1:
        raise TypeError("The task takes one argument.")
    return args[0] if args else kwargs.get("payload")


def wrong_header(headers: Mapping[str, Any]) -> str:
    """Return the name of a header without which, or with which, Celery cannot run the task."""
    identity, retries, eta = headers.get("id"), headers.get("retries", 0), headers.get("eta")
    right = {
        "task": "task" in headers,
        "id": isinstance(identity, str) and 0 < len(identity) <= MAX_ID,
        "retries": isinstance(retries, int) and 0 <= retries <= MAX_RETRIES,
        "eta": eta is None or _time(eta) is not None,
    }
    return next((name for name, is_right in right.items() if not is_right), "")


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def is_expired(headers: Mapping[str, Any], *, now: datetime) -> bool:
    """Tell whether the sender's time for a task is up (Celery's ``expires``)."""
    until = _time(headers.get("expires"))
    return until is not None and until <= now


def preview(body: bytes) -> str:
    """Tell what a body looks like, with nothing of its values: they may be personal."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return f"{body[:16].hex(' ')}{'…' if len(body) > 16 else ''}"
    if isinstance(value, dict):
        text = "{" + ", ".join(value) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(type(item).__name__ for item in value) + "]"
    else:
        text = type(value).__name__
    return scrub(text if len(text) <= MAX_PREVIEW else text[: MAX_PREVIEW - 1] + "…")


def text_of(value: Any) -> str:
    """Return what stands in a header or property as text; bytes that are none are escaped."""
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
