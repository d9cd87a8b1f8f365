"""What a sender says it sent: JSON Lines of deliveries, or one event id a line. No I/O.

A delivery is an object with ``eventId`` (or ``sentId``, where the receiver named none) and
``status``, as the simulator's ledger and ``trigger --json`` have them; without a status it counts
as accepted, and so does a bare id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any

__all__ = ["Sent", "Unreadable", "read_ledger"]

# What the receiver says in its 2xx answer where an HTTP status would be
_TAKEN = ("published", "spooled")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line that tells of no delivery.

    Attributes:
        line: Its number, from 1.
        why: What is wrong with it, without quoting it.
    """

    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A sender's ledger.

    Attributes:
        accepted: Ids of the events that were answered 2xx.
        refused: Ids that came in deliveries without such an answer, as far as known.
        rejected: How many deliveries those were.
        unreadable: Lines that could not be read.
    """

    accepted: Set[str]
    refused: Set[str] = frozenset()
    rejected: int = 0
    unreadable: tuple[Unreadable, ...] = ()

    def names(self, event_id: str) -> bool:
        """Whether any of the deliveries accounts for an event."""
        return event_id in self.accepted or event_id in self.refused


def read_ledger(lines: Iterable[bytes]) -> Sent:
    """Read a ledger line by line; only its ids are kept."""
    accepted: set[str] = set()
    refused: set[str] = set()
    unreadable: list[Unreadable] = []
    rejected = 0
    for number, line in enumerate(lines, 1):
        try:
            event_id, taken = _entry(line)
        except _NoDelivery as exc:
            unreadable.append(Unreadable(number, str(exc)))
            continue
        rejected += not taken
        if event_id:
            (accepted if taken else refused).add(event_id)
    return Sent(accepted, refused, rejected, tuple(unreadable))


class _NoDelivery(Exception):
    pass


def _entry(line: bytes) -> tuple[str | None, bool]:
    """Return (event id, whether it was accepted); no id for a blank line."""
    try:
        text = line.decode("utf-8-sig").strip()
    except UnicodeDecodeError as exc:
        raise _NoDelivery("not UTF-8") from exc
    if not text.startswith(("{", "[", '"')):
        return text, True
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _NoDelivery("not JSON") from exc
    return _delivery(value if isinstance(value, dict) else {"eventId": value})


def _delivery(fields: dict[str, Any]) -> tuple[str | None, bool]:
    taken = _is_taken(fields.get("httpStatus", fields.get("status")))
    event_id = fields.get("eventId") or fields.get("sentId")
    if isinstance(event_id, str) or (event_id is None and not taken):
        return event_id, taken
    raise _NoDelivery("no eventId")


def _is_taken(status: Any) -> bool:
    if status is None or status in _TAKEN:
        return True
    if type(status) is not int:
        raise _NoDelivery("its status is no HTTP status")
    return 200 <= status < 300
