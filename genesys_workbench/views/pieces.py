"""The pieces of which a conversation's lanes are made. No drawing here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from math import inf

from ..shapes import Leg, Span

__all__ = ["CUSTOMERS", "FLOWS", "PEOPLE", "Piece", "journey", "pieces_of"]

CUSTOMERS = frozenset({"customer", "external"})
PEOPLE = frozenset({"agent", "user"})
FLOWS = {"ivr": "menu", "workflow": "flow", "botflow": "bot"}

_WORDS = {
    "delay": "waiting",
    "alert": "rings",
    "hold": "on hold",
    "wrapup": "wrap-up",
    "dialing": "dials",
    "contacting": "dials",
    "system": "set-up",
}
_TALK = {"voice": "talk", "message": "messages"}
_THERE = {"voice": "on the line"}
# What a customer takes notice of, where several things go on at once
_RANKS = {"ivr": 1, "callback": 1, "delay": 2, "interact": 3, "voicemail": 3, "hold": 4}
_SLIVER = 0.5
"""Seconds that are no state of their own: between two states, as clocks differ by as much."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one kind, in seconds since the conversation's start; no `end` while it lasts.

    `kind` is analytics' segment type, or ``connected`` for a customer with whom nobody speaks.
    """

    kind: str
    word: str
    start: float
    end: float | None


def pieces_of(leg: Leg, purpose: str | None, origin: datetime) -> list[Piece]:
    """Return the pieces of a leg, in order."""
    found = []
    for span in leg.spans:
        if span.start is not None and not _is_set_up(span):
            start = max(0.0, (span.start - origin).total_seconds())
            end = None if span.end is None else start + (span.seconds or 0.0)
            kind, word = _kind(span, leg.media_type, purpose)
            found.append(Piece(kind, word, start, end))
    return sorted(found, key=_start)


def _is_set_up(span: Span) -> bool:
    """Return whether it is the moment in which a flow comes into being."""
    return span.kind == "system" and (span.seconds or 0.0) < _SLIVER


def _kind(span: Span, medium: str, purpose: str | None) -> tuple[str, str]:
    if purpose in CUSTOMERS and span.kind == "interact":
        return "connected", _THERE.get(medium, medium)
    if span.kind == "interact":
        return "interact", "conference" if span.conference else _TALK.get(medium, medium)
    if span.kind == "ivr":
        return "ivr", FLOWS.get(purpose or "", "menu")
    if purpose in CUSTOMERS and span.kind in ("dialing", "contacting"):
        return span.kind, "is dialled"
    return span.kind, _WORDS.get(span.kind, span.kind)


def journey(piece: Piece, others: Iterable[Piece]) -> list[Piece]:
    """Divide the time in which a customer was connected by what the others did.

    Args:
        piece: The customer's.
        others: Of menus, queues and agents on the same medium; the word of an ``interact`` names
            who speaks.
    """
    if piece.kind != "connected":
        return [piece]
    last = inf if piece.end is None else piece.end
    active = [o for o in others if o.kind in _RANKS and o.start < last and _end(o) > piece.start]
    edges = {at for o in active for at in (o.start, _end(o)) if piece.start < at < last}
    found: list[Piece] = []
    for start, end in pairwise(sorted(edges | {piece.start, last})):
        now = _state(piece, [o for o in active if o.start < end and _end(o) > start])
        if found and (end - start < _SLIVER or _same(now, found[-1])):
            found[-1] = replace(found[-1], end=end)
        elif found and _end(found[-1]) - found[-1].start < _SLIVER:
            found[-1] = replace(now, start=found[-1].start, end=end)
        else:
            found.append(replace(now, start=start, end=end))
    return [replace(one, end=None) if one.end == inf else one for one in found] or [piece]


def _same(one: Piece, other: Piece) -> bool:
    return (one.kind, one.word) == (other.kind, other.word)


def _state(piece: Piece, active: Sequence[Piece]) -> Piece:
    """Return what counts most of all that goes on; of people who speak all are named."""
    if not active:
        return piece
    top = max(active, key=_rank)
    if top.kind != "interact":
        return top
    speaking = dict.fromkeys(o.word for o in active if o.kind == "interact")
    return replace(top, word=" + ".join(speaking))


def _rank(piece: Piece) -> int:
    return _RANKS[piece.kind]


def _start(piece: Piece) -> float:
    return piece.start


def _end(piece: Piece) -> float:
    return inf if piece.end is None else piece.end
