"""The allowance of calls per token and minute."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from .bodies import ApiError

__all__ = ["Rate", "RateLimits"]

_WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Where a token stands in its minute.

    Attributes:
        count: Calls in this window, the present one included.
        allowed: Calls that a window allows.
        reset: Whole seconds until the window ends.
    """

    count: int
    allowed: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers that every reply of the API carries."""
        return {
            "inin-ratelimit-count": str(self.count),
            "inin-ratelimit-allowed": str(self.allowed),
            "inin-ratelimit-reset": str(self.reset),
        }

    @property
    def error(self) -> ApiError | None:
        """429 with the exact seconds left, if the allowance is used up."""
        if self.count <= self.allowed:
            return None
        message = f"Rate limit exceeded the maximum. Retry the request in [{self.reset}] seconds"
        return ApiError(429, message=message, headers={"Retry-After": str(self.reset)})


class RateLimits:
    """Count calls in a window per token, which begins with the token's first call in it.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, allowed: int = 300, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.allowed = allowed
        self._clock = clock
        self._windows: dict[str, tuple[float, int]] = {}

    def hit(self, token: str) -> Rate:
        """Count one call."""
        start, count = self._window(token)
        self._windows[token] = (start, count + 1)
        return self.peek(token)

    def peek(self, token: str) -> Rate:
        """Return where the token stands, without counting."""
        start, count = self._window(token)
        return Rate(count, self.allowed, math.ceil(_WINDOW - (self._clock() - start)))

    def _window(self, token: str) -> tuple[float, int]:
        now = self._clock()
        start, count = self._windows.get(token, (now, 0))
        return (start, count) if now - start < _WINDOW else (now, 0)
