"""Times and ids as the platform writes them."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta

__all__ = ["epoch_ms", "iso", "make_id", "span_ms", "to_ms"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def make_id(*parts: object) -> str:
    """Return a UUID (version 4 in form) that depends on the parts only."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def to_ms(when: datetime) -> datetime:
    """Return the time in UTC, cut to whole milliseconds: the platform knows no finer ones."""
    when = when.astimezone(UTC)
    return when.replace(microsecond=when.microsecond // 1000 * 1000)


def iso(when: datetime) -> str:
    """Return ISO-8601 with milliseconds and Z, as REST and analytics write it."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(when: datetime) -> int:
    """Return epoch milliseconds, as detail events write it."""
    return (when - _EPOCH) // _MS


def span_ms(start: datetime, end: datetime) -> int:
    """Return the milliseconds between two times."""
    return (end - start) // _MS
