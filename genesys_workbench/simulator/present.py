"""What can be known at this moment: of a conversation to come nothing, of one under way its past.

Every surface that answers for "now" asks here, so they agree.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from .times import to_ms
from .truth import SimConversation, as_of
from .world import World

__all__ = ["Present", "SimClock"]


class SimClock:
    """The time in a simulated organisation that is alive.

    Args:
        start: Aware time at which it begins to run, with the first call.
        speed: Simulated seconds in a second.
        clock: Monotonic seconds.
    """

    def __init__(
        self, start: datetime, speed: float = 1.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._start = start
        self._speed = speed
        self._clock = clock
        self._begun = clock()

    def __call__(self) -> datetime:
        """Return the aware time."""
        passed = (self._clock() - self._begun) * self._speed
        return to_ms(self._start + timedelta(seconds=passed))

    def until(self, when: datetime) -> float:
        """Return the real seconds until a simulated time; not negative."""
        return max(0.0, (when - self()).total_seconds() / self._speed)


class Present:
    """The world as it stands.

    Args:
        world: All that ever happens.
        clock: None where all of it has happened.
    """

    def __init__(self, world: World, clock: SimClock | None = None) -> None:
        self.world = world
        self.clock = clock

    def now(self) -> datetime:
        """Return the aware time; of the real clock where all has happened."""
        return self.clock() if self.clock is not None else datetime.now(UTC)

    def by_id(self, conversation_id: str) -> SimConversation | None:
        """Return a conversation as it stands, None where it has not begun."""
        found = self.world.by_id(conversation_id)
        if found is None or self.clock is None:
            return found
        now = self.clock()
        return as_of(found, now) if found.start <= now else None

    def between(self, start: datetime, end: datetime) -> range:
        """Return the places of the conversations that began in a time, by now.

        Args:
            start: The first time that counts.
            end: The first that does not.
        """
        every = self.world.conversations
        low = bisect_left(every, start, key=_start)
        return range(low, max(low, min(bisect_left(every, end, key=_start), self._begun())))

    def at(self, place: int) -> SimConversation:
        """Return the conversation of a place that `between` named, as it stands."""
        found = self.world.conversations[place]
        return found if self.clock is None else as_of(found, self.clock())

    def _begun(self) -> int:
        every = self.world.conversations
        if self.clock is None:
            return len(every)
        return bisect_right(every, self.clock(), key=_start)


def _start(conversation: SimConversation) -> datetime:
    return conversation.start
