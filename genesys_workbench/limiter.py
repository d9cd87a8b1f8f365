"""Keep the calls of one token within its allowance, as the platform reports it. No I/O.

The platform counts calls in windows and tells count, allowance and time left with every answer:
https://developer.genesys.cloud/platform/api/rate-limits
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from .errors import RateLimited

__all__ = ["RateLimiter"]

WINDOW = 60.0
# seconds by which two reports of the same window may differ (they are whole seconds, and late)
_TOLERANCE = 1.5


class RateLimiter:
    """A turn for each call, given out at once while the allowance lasts, else in the next window.

    Thread-safe. One limiter belongs to one access token; clients may share it.

    Args:
        allowance: Calls a window, until the first answer tells the real number.
        clock: Monotonic seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        *,
        allowance: int = 300,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._allowed = allowance
        self._used = 0
        self._in_flight = 0
        self._opened = clock()
        self._ends: float | None = None
        self._paused_until = 0.0

    @property
    def allowance(self) -> int:
        """Calls a window, as last learnt."""
        return self._allowed

    def acquire(self, max_wait: float) -> float:
        """Wait for a turn and return the seconds slept; each turn is given back by `release`.

        Raises:
            RateLimited: The turn would come later than `max_wait`; ``retry_after`` says when.
        """
        slept = 0.0
        while (wait := self._turn()) > 0:
            if slept + wait > max_wait:
                raise self._refusal(wait)
            self._sleep(wait)
            slept += wait
        return slept

    def release(self, headers: Mapping[str, str] | None = None) -> None:
        """Give the turn back and learn from the answer's headers, if there was an answer."""
        with self._lock:
            self._in_flight -= 1
            if headers is not None:
                self._learn(headers)

    def pause(self, seconds: float) -> None:
        """Give out no turn for so long: the platform answered 429."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _turn(self) -> float:
        """Take a turn and return 0, or return the seconds until there may be one."""
        with self._lock:
            now = self._clock()
            if now < self._paused_until:
                return self._paused_until - now
            ends = self._opened + WINDOW if self._ends is None else self._ends
            if now >= ends:
                self._opened, self._ends, self._used = now, None, self._in_flight
            elif self._used >= self._allowed:
                return ends - now
            self._used += 1
            self._in_flight += 1
            return 0.0

    def _learn(self, headers: Mapping[str, str]) -> None:
        allowed = _whole(headers.get("inin-ratelimit-allowed"))
        count = _whole(headers.get("inin-ratelimit-count"))
        reset = _whole(headers.get("inin-ratelimit-reset"))
        if allowed:
            self._allowed = allowed
        if count is None or reset is None:
            return
        end = self._clock() + min(reset, 10 * WINDOW)
        if self._ends is not None and end > self._ends + _TOLERANCE:
            self._ends, self._used = end, count + self._in_flight
        elif self._ends is None or end >= self._ends - _TOLERANCE:
            self._ends, self._used = max(self._ends or 0.0, end), max(self._used, count)
        # else the answer speaks of a window that is over

    def _refusal(self, wait: float) -> RateLimited:
        return RateLimited(
            f"The next call would have to wait {wait:.0f} s — the token's allowance of "
            f"{self._allowed} calls a minute is used up",
            fix=f"wait {wait:.0f} s, then call less often: fewer concurrent workers "
            "(celery worker --concurrency=1), or conversations in batches (conversation_details)",
            code="client.rate.limit",
            retry_after=wait,
        )


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None
