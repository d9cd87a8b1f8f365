"""When to try a broker again that is away, and how often to tell of it. No I/O."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .news import News

__all__ = ["Backoff"]

log = logging.getLogger(f"{__package__}.link")  # one name for all that it tells

# Seconds; with this last one a broker that is back is used within two.
FIRST, LAST = 0.2, 1.5


class Backoff:
    """Pauses that double up to a limit, with jitter.

    Args:
        rng: Random numbers from 0 to 1.
        first: Seconds; the first pause is at most twice as long.
        last: Seconds of the longest.
    """

    def __init__(
        self, rng: Callable[[], float], *, first: float = FIRST, last: float = LAST
    ) -> None:
        self._rng = rng
        self._first, self._last = first, last
        self._failures = 0
        self._news = News()

    def pause(self) -> float:
        """Return the seconds until the next try."""
        self._failures += 1
        limit: float = min(self._last, self._first * 2 ** min(self._failures, 10))
        return limit * (0.5 + self._rng() / 2)

    def confirmed(self) -> None:
        """Begin with the shortest pause again."""
        self._failures = 0

    def connected(self) -> None:
        """Tell of the next trouble at once."""
        self._news.forget()

    def tell(self, what: str, now: float) -> None:
        """Log what is wrong, where it is new or long ago; `now` in seconds."""
        if self._news.is_due(what, now):
            log.warning("%s It is tried again until it works.", what)
