"""What can be known at this moment: of a conversation to come nothing, of one under way its past.

Every surface that answers for "now" asks here, so they agree.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from .sources import Source
from .times import to_ms

__all__ = ["Present", "SimClock"]


class SimClock:
    """The time in a simulated organisation that is alive.

    Args:
        start: Aware time at which it begins to run.
        speed: Simulated seconds in a second.
        waits: Whether it stands still until it is told to begin.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        start: datetime,
        speed: float = 1.0,
        *,
        waits: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._speed = speed
        self._clock = clock
        self._begun = None if waits else clock()

    def __call__(self) -> datetime:
        """Return the aware time."""
        passed = 0.0 if self._begun is None else (self._clock() - self._begun) * self._speed
        return to_ms(self._start + timedelta(seconds=passed))

    @property
    def waits(self) -> bool:
        """Whether it stands still."""
        return self._begun is None

    def begin(self) -> None:
        """Run from now on, unless it does already."""
        if self._begun is None:
            self._begun = self._clock()

    def until(self, when: datetime) -> float:
        """Return the real seconds until a simulated time; not negative."""
        return max(0.0, (when - self()).total_seconds() / self._speed)


class Present:
    """The conversations as they stand.

    Args:
        source: All that ever happens.
        clock: None where all of it has happened.
    """

    def __init__(self, source: Source, clock: SimClock | None = None) -> None:
        self.source = source
        self.clock = clock

    def now(self) -> datetime:
        """Return the aware time; of the real clock where all has happened."""
        return self.clock() if self.clock is not None else datetime.now(UTC)

    def begin(self) -> None:
        """Let a clock that waits run from now on."""
        if self.clock is not None:
            self.clock.begin()

    def rest(self, conversation_id: str) -> dict[str, Any] | None:
        """Return a conversation's REST body, None where it has not begun or is not known."""
        begun, at = self.source.begun(conversation_id), self._moment()
        if begun is None or (at is not None and begun > at):
            return None
        return self.source.rest(conversation_id, at)

    def analytics(self, conversation_id: str) -> dict[str, Any] | None:
        """Return a conversation's analytics body likewise."""
        place = self.source.place_of(conversation_id)
        if place is None or place >= self._begun():
            return None
        return self.source.analytics(place, self._moment())

    def between(self, start: datetime, end: datetime) -> range:
        """Return the places of the conversations that began in a time, by now.

        Args:
            start: The first time that counts.
            end: The first that does not.
        """
        low, high = (bisect_left(self._places, at, key=self.source.start_of) for at in (start, end))
        return range(low, max(low, min(high, self._begun())))

    def bodies(self, places: Iterable[int], *, attributes: bool = False) -> list[dict[str, Any]]:
        """Return the analytics bodies, as they stand, of places that `between` named."""
        at = self._moment()
        return [self.source.analytics(place, at, attributes=attributes) for place in places]

    @property
    def _places(self) -> range:
        return range(len(self.source))

    def _moment(self) -> datetime | None:
        return None if self.clock is None else self.clock()

    def _begun(self) -> int:
        if self.clock is None:
            return len(self.source)
        return bisect_right(self._places, self.clock(), key=self.source.known_from)
