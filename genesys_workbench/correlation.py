"""The ids of a delivery, known to every log entry about it. No I/O.

A contextvar holds them: each request of the event loop, each thread and each process of a worker
has its own, and nobody need pass them on.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = [
    "HEADER",
    "MESSAGE_HEADER",
    "ContextFilter",
    "about",
    "also",
    "correlation_in",
    "correlation_of",
    "ids_of",
]

HEADER = "X-Correlation-ID"
"""Of the receiver's answers."""
MESSAGE_HEADER = "x-workbench-correlation-id"
"""Of the messages, from the receiver to the dead letters."""

# Whatever a sender writes there reaches logs and headers, so only what can do no harm is taken.
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,128}")
# https://www.w3.org/TR/trace-context/#traceparent-header
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")

_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default={})  # noqa: B039 - never changed


def correlation_of(headers: Mapping[str, str], make: Callable[[], str]) -> str:
    """Return the correlation id that a sender gave, else a new one.

    Args:
        headers: Of the request, names in lower case.
        make: Gives a new id.
    """
    for name in ("inin-correlation-id", HEADER.lower()):
        given = headers.get(name, "")
        if _WELL_FORMED.fullmatch(given):
            return given
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return trace[1] if trace else make()


@contextmanager
def about(**ids: str | None) -> Iterator[None]:
    """Add ids to every log entry that is written within, in this thread or task."""
    known = {name: value for name, value in ids.items() if value}
    token = _ids.set({**_ids.get(), **known})
    try:
        yield
    finally:
        _ids.reset(token)


def also(**ids: str) -> None:
    """Add ids that became known, until the enclosing `about` ends."""
    _ids.set({**_ids.get(), **ids})


def correlation_in(headers: Mapping[str, Any]) -> str | None:
    """Return the correlation id that a message carries; another program may write anything."""
    given = headers.get(MESSAGE_HEADER)
    return given if isinstance(given, str) and _WELL_FORMED.fullmatch(given) else None


def ids_of(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the ids that a message of ours carries, for a log entry's ``extra``."""
    found = {
        "event_id": headers.get("x-workbench-event-id"),
        "conversation_id": headers.get("x-workbench-conversation-id"),
        "correlation_id": correlation_in(headers),
    }
    return {name: str(value) for name, value in found.items() if value}


class ContextFilter(logging.Filter):
    """Give a record the ids that are known where it was written, beside those of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add what is missing and let the record pass."""
        for name, value in _ids.get().items():
            if not hasattr(record, name):
                setattr(record, name, value)
        return True
