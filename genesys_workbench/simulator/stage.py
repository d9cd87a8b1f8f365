"""Where a script is played: a clock, dice, and the parties that have appeared so far.

No two things happen in the same millisecond of a conversation, so that every event of it can
be told from every other by its time alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from .people import CUSTOMERS, USERS, WRAPUP_CODES, Queue, User
from .times import make_id
from .truth import Attribute, Participant, Segment, SimSession, Text, Wrapup

__all__ = ["Line", "Party", "Stage"]

PROVIDERS = {
    "voice": "Edge",
    "chat": "PureCloud Webchat v2",
    "email": "PureCloud Email",
    "message": "PureCloud Messaging",
    "callback": "PureCloud Callback",
}
_MS = timedelta(milliseconds=1)


class Stage:
    """One conversation in the making.

    Args:
        rng: The dice; the same dice give the same conversation.
        conversation_id: Root of all ids.
        start: Aware time in whole milliseconds.
        target: The queue that the conversation is meant for.
    """

    def __init__(self, rng: Random, conversation_id: str, start: datetime, target: Queue) -> None:
        self.rng = rng
        self.conversation_id = conversation_id
        self.now = start
        self.target = target
        self.caller = rng.choice(CUSTOMERS)
        self.parties: list[Party] = []
        self._staff = rng.sample(USERS, len(USERS))
        self._ids = count()
        self._taken: set[datetime] = set()

    def claim(self, at: datetime) -> datetime:
        """Return the first millisecond from a time on in which nothing happens yet."""
        while at in self._taken:
            at += _MS
        self._taken.add(at)
        return at

    def wait(self, low: float, high: float) -> datetime:
        """Move the clock by a random time, short more often than long.

        Args:
            low: Shortest time in seconds.
            high: Longest time in seconds.
        """
        self.now = self.claim(self.now + self.span(low, high))
        return self.now

    def tick(self) -> datetime:
        """Move the clock by the few milliseconds that machines need."""
        return self.wait(0.004, 0.06)

    def span(self, low: float, high: float) -> timedelta:
        """Return a random duration in whole milliseconds, short more often than long."""
        return int((low + (high - low) * self.rng.random() ** 2) * 1000) * _MS

    def chance(self, share: float) -> bool:
        """Throw the dice."""
        return self.rng.random() < share

    def next_user(self) -> User:
        """Return an agent who has not yet appeared."""
        return self._staff.pop()

    def new_id(self) -> str:
        """Return an id that depends on the conversation and on how many came before."""
        return make_id(self.conversation_id, next(self._ids))

    def party(self, purpose: str, name: str, **facts: Any) -> Party:
        """Let a participant appear.

        Args:
            purpose: ``customer``, ``acd``, ``agent`` and so on.
            name: Name of the person, flow or queue.
            facts: Further fields of `Participant`.
        """
        party = Party(self, {"purpose": purpose, "name": name, **facts})
        self.parties.append(party)
        return party


class Party:
    """A participant in the making."""

    def __init__(self, stage: Stage, facts: dict[str, Any]) -> None:
        self.stage = stage
        self.id = stage.new_id()
        self.facts = facts
        self.lines: list[Line] = []
        self._attributes: list[Attribute] = []

    def line(self, media: str, kind: str, *, direction: str, **facts: Any) -> Line:
        """Open a session, with its first segment.

        Args:
            media: The medium, in the analytics spelling.
            direction: ``inbound`` or ``outbound``.
            kind: The first segment's kind, such as ``alert``.
            facts: Further fields of `SimSession`.
        """
        line = Line(self.stage, {"media": media, "direction": direction, **facts})
        line.enter(kind)
        self.lines.append(line)
        return line

    def note(self, **attributes: str) -> None:
        """Set participant attributes."""
        at = self.stage.tick()
        self._attributes += [Attribute(key, value, at) for key, value in attributes.items()]

    def freeze(self) -> Participant:
        """Return the participant as it turned out."""
        sessions = tuple(line.freeze() for line in self.lines)
        attributes = tuple(self._attributes)
        return Participant(id=self.id, sessions=sessions, attributes=attributes, **self.facts)


class Line:
    """A session in the making."""

    def __init__(self, stage: Stage, facts: dict[str, Any]) -> None:
        self.stage = stage
        self.id = stage.new_id()
        self.facts = facts
        self._segments: list[Segment] = []
        self._texts: list[Text] = []

    @property
    def open(self) -> bool:
        """Whether the session is still connected."""
        return self._segments[-1].end is None

    def enter(self, kind: str, *, conference: bool = False) -> None:
        """Begin the next segment where the last one ends."""
        at = self.stage.tick()
        if self._segments:
            self._segments[-1] = replace(self._segments[-1], end=at)
        self._segments.append(Segment(kind, at, conference=conference))

    def leave(self, disconnect: str) -> None:
        """Disconnect.

        Args:
            disconnect: Why, in the analytics spelling.
        """
        at = self.stage.tick()
        self._segments[-1] = replace(self._segments[-1], end=at, disconnect=disconnect)

    def text(self) -> None:
        """Send or receive one message."""
        self._texts.append(Text(self.stage.new_id(), self.stage.tick()))

    def wrap_up(self, low: float = 4, high: float = 90) -> None:
        """Do after-call work beside whatever else goes on; the clock stays."""
        stage, start = self.stage, self._segments[-1].end
        if start is None:
            raise ValueError("after-call work begins when the session has ended")
        coded_at = stage.claim(start + stage.span(low, high))
        end = stage.claim(coded_at + stage.span(0.5, high / 3))
        code = stage.rng.choice(WRAPUP_CODES)
        notes = f"{code.name}, as agreed" if stage.chance(0.3) else None
        self.facts["wrapup"] = Wrapup(code, notes, start, coded_at, end)

    def freeze(self) -> SimSession:
        """Return the session as it turned out."""
        return SimSession(
            id=self.id,
            provider=PROVIDERS[self.facts["media"]],
            segments=tuple(self._segments),
            texts=tuple(self._texts),
            **self.facts,
        )
