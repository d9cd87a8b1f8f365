"""The platform's values in one spelling, and tolerant reading of JSON. No I/O.

Genesys spells the same thing in three ways: `CONFERENCE_TRANSFER` in detail events,
`transfer.conference` in REST, `conferenceTransfer` in analytics. Here analytics' spelling wins.
A value that is missing, null or of another type reads as None, never as an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from .errors import InvalidDelivery
from .events import parse_time

__all__ = [
    "normalise_address",
    "read_disconnect_type",
    "read_lower",
    "read_object",
    "read_objects",
    "read_text",
    "read_texts",
    "read_time",
    "unique",
]

_DISCONNECTS = {
    "endpoint.donotdisturb": "dndEndpoint",
    "endpoint.dnd": "dndEndpoint",
    "transfer.donotdisturb": "dndTransfer",
    "transfer.dnd": "dndTransfer",
    "transfer.conference": "conferenceTransfer",
    "transfer.consult": "consultTransfer",
    "transfer.forward": "forwardTransfer",
    "transfer.noanswer": "noAnswerTransfer",
    "transfer.notavailable": "notAvailableTransfer",
}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Of what is kept to be known again; all times and enums are shorter
_LONGEST_TIME = _LONGEST_WORD = 40
_SCHEME = re.compile(r"^(?:tel|sips?|mailto):", re.IGNORECASE)


def read_text(value: Any) -> str | None:
    """Return a string that a database can hold, None for anything else and for blanks.

    NUL and lone surrogates, which PostgreSQL and UTF-8 refuse, become U+FFFD.
    """
    if not isinstance(value, str) or not value.strip():
        return None
    return value if value.isprintable() else _UNSTORABLE.sub("\ufffd", value)


def read_texts(value: Any) -> tuple[str, ...]:
    """Return the strings of a list, without repetitions."""
    return unique(read_text(item) for item in value) if isinstance(value, list) else ()


def read_lower(value: Any) -> str | None:
    """Return an enum value in lower case; ``unknown`` says nothing and reads as None."""
    if isinstance(value, str) and len(value) <= _LONGEST_WORD:
        return _lower(value)
    return _uncached_lower(value)


def _uncached_lower(value: Any) -> str | None:
    text = read_text(value)
    lower = text and text.lower()
    return None if lower == "unknown" else lower


_lower = lru_cache(maxsize=1024)(_uncached_lower)


def read_time(value: Any) -> datetime | None:
    """Return an aware UTC time from ISO-8601 or epoch milliseconds."""
    if isinstance(value, str) and len(value) <= _LONGEST_TIME:
        return _time(value)
    return None if value is None else _uncached_time(value)


def _uncached_time(value: Any) -> datetime | None:
    try:
        return parse_time(value)
    except InvalidDelivery:
        return None


# A conversation tells each of its times more than once
_time = lru_cache(maxsize=4096)(_uncached_time)


def read_objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the JSON objects of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def read_object(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def read_disconnect_type(value: Any) -> str | None:
    """Return a disconnect type in analytics' spelling, such as ``conferenceTransfer``."""
    text = read_text(value)
    if text is None or text.lower() == "unknown":
        return None
    if text.lower() in _DISCONNECTS:
        return _DISCONNECTS[text.lower()]
    if text.isupper() or "." in text:
        first, *rest = re.split(r"[._]", text.lower())
        return first + "".join(word.capitalize() for word in rest)
    return text


def normalise_address(value: Any) -> str | None:
    """Return an address that compares equal however it was written.

    ``tel:+1 (202) 555-0143`` and ``+12025550143`` are one number, ``mailto:A@Example.com`` and
    ``a@example.com`` one mailbox.
    """
    text = read_text(value)
    if text is None:
        return None
    text = _SCHEME.sub("", text.strip()).partition(";")[0].lower()
    if re.fullmatch(r"\+?[\d ().\-/]+", text):
        return re.sub(r"[ ().\-/]", "", text) or None
    return text or None


def unique(items: Iterable[str | None]) -> tuple[str, ...]:
    """Return the items that are not None, each once, in order of first appearance."""
    found = dict.fromkeys(items)
    found.pop(None, None)
    return tuple(found)  # type: ignore[arg-type]
