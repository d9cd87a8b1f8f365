"""A conversation as lanes: who was there, when, what went on, and how each left. No drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

from ..shapes import Leg, Party, Shape
from .pieces import CUSTOMERS, FLOWS, PEOPLE, Piece, journey, pieces_of

__all__ = ["Lane", "Lanes", "Sign", "Track", "lanes_of"]

_PURPOSES = {"acd": "queue", "external": "third party", "dialer": "dialler", **FLOWS}
_PASSED_ON = "→ passed on"
_ENDS = {
    "client": "× hung up",
    "endpoint": "× hung up",
    "peer": "· other side ended",
    "timeout": "× timed out",
    "conferenceTransfer": "→ conference",
    "noAnswerTransfer": "→ no answer",
}


@dataclass(frozen=True, slots=True)
class Sign:
    """How somebody left, and when in seconds; in words, with a mark before them.

    `strong` is what somebody did: a transfer, a hang-up.
    """

    at: float
    text: str
    strong: bool


@dataclass(slots=True)
class Track:
    """Pieces that follow each other."""

    pieces: list[Piece]
    signs: list[Sign]


@dataclass(frozen=True, slots=True)
class Lane:
    """One participant; several tracks where several media went on at once.

    Attributes:
        detail: The name of the queue or flow, which is nobody's.
    """

    name: str
    detail: str
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """All participants, in the order in which they joined.

    Attributes:
        origin: Where the seconds are counted from.
        seconds: Until the last thing that is known.
        lasting: Whether something still goes on.
    """

    origin: datetime
    seconds: float
    lasting: bool
    lanes: tuple[Lane, ...]


def lanes_of(shape: Shape, *, show_personal: bool) -> Lanes | None:
    """Lay out a conversation, None where no time of anybody is known."""
    times = sorted(_times(shape))
    if not times:
        return None
    parties = sorted(shape.parties, key=lambda party: party.joined_at or times[-1])
    reading = _Reading(times[0], parties, _names(parties))
    lanes = tuple(
        Lane(_title(party, name, show_personal), _detail(party), reading.tracks(party))
        for party, name in zip(parties, reading.names, strict=True)
        if party.legs
    )
    ends = [p.end for lane in lanes for track in lane.tracks for p in track.pieces]
    return Lanes(times[0], (times[-1] - times[0]).total_seconds(), None in ends, lanes)


def _times(shape: Shape) -> Iterator[datetime]:
    for party in shape.parties:
        for leg in party.legs:
            spans = [*leg.spans, *([party.acw] if party.acw else [])]
            told = [at for span in spans for at in (span.start, span.end)]
            yield from (at for at in (*told, leg.started_at, leg.ended_at) if at is not None)


def _names(parties: Sequence[Party]) -> list[str]:
    """Name the participants by what they are; the same user has the same number everywhere."""
    users: dict[str, int] = {}
    names = []
    for place, party in enumerate(parties):
        word = _PURPOSES.get(party.purpose or "", party.purpose or "participant")
        if party.purpose in PEOPLE:
            user = party.user_id or f"{place}"
            word += f" {users.setdefault(user, len(users) + 1)}"
        names.append(word)
    return names


def _title(party: Party, name: str, show_personal: bool) -> str:
    personal = party.name if show_personal and party.purpose in PEOPLE | CUSTOMERS else None
    return f"{name} · {personal}" if personal else name


def _detail(party: Party) -> str:
    if party.purpose in FLOWS:
        return party.name or ""
    return party.queue_name or (f"queue {party.queue_id[:8]}…" if party.queue_id else "")


@dataclass(frozen=True)
class _Reading:
    """The participants of one conversation while they are laid out."""

    origin: datetime
    parties: Sequence[Party]
    names: Sequence[str]

    def tracks(self, party: Party) -> tuple[Track, ...]:
        """Return as few tracks as hold the legs without two at once."""
        tracks: list[Track] = []
        for leg in sorted(party.legs, key=lambda leg: leg.started_at or self.origin):
            pieces = self._pieces(leg, party)
            start = min((piece.start for piece in pieces), default=inf)
            track = next((one for one in tracks if _free_from(one) <= start), None)
            if track is None:
                tracks.append(track := Track([], []))
            track.pieces += pieces
            track.signs += self._signs(leg, party)
        return tuple(tracks)

    def _pieces(self, leg: Leg, party: Party) -> list[Piece]:
        pieces = pieces_of(_with_acw(leg, party), party.purpose, self.origin)
        if party.purpose not in CUSTOMERS:
            return pieces
        others = self._others(leg.media_type)
        return [part for piece in pieces for part in journey(piece, others)]

    def _others(self, medium: str) -> list[Piece]:
        """Return what menus, queues and agents did on a medium; who speaks is named."""
        return [
            replace(piece, word=name) if piece.kind == "interact" else piece
            for party, name in zip(self.parties, self.names, strict=True)
            if party.purpose not in CUSTOMERS and not party.observes
            for leg in party.legs
            if leg.media_type == medium
            for piece in pieces_of(leg, party.purpose, self.origin)
        ]

    def _signs(self, leg: Leg, party: Party) -> list[Sign]:
        if leg.ended_at is None or leg.disconnect_type is None:
            return []
        at = (leg.ended_at - self.origin).total_seconds()
        text = _end_words(leg.disconnect_type, party.purpose)
        return [Sign(at, text, strong=text not in (_PASSED_ON, _ENDS["peer"]))]


def _with_acw(leg: Leg, party: Party) -> Leg:
    """Give the last leg the after-call work that is told of the participant only."""
    told = any(span.kind == "wrapup" for one in party.legs for span in one.spans)
    if party.acw is None or told or leg is not party.legs[-1]:
        return leg
    return replace(leg, spans=(*leg.spans, party.acw))


def _free_from(track: Track) -> float:
    return max((inf if p.end is None else p.end for p in track.pieces), default=0.0)


def _end_words(disconnect_type: str, purpose: str | None) -> str:
    if disconnect_type in _ENDS:
        return _ENDS[disconnect_type]
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", disconnect_type).lower()
    if words == "transfer" and purpose not in PEOPLE:
        return _PASSED_ON
    return f"{'→' if words.endswith('transfer') else '×'} {words}"
