"""`Beat`: a reading that may be slow, so that a panel shows its last value and never waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

__all__ = ["Beat"]

T = TypeVar("T")


class Beat(Generic[T]):
    """Read something now and then, in a thread of its own.

    Args:
        read: Must not raise what a panel is to survive: such an error is part of its value.
        first: The value until the first reading has ended.
        name: Of the thread.
        every: Seconds between two readings.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        read: Callable[[], T],
        *,
        first: T,
        name: str,
        every: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._value = first
        self._every = every
        self._clock = clock
        self._hands = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"genesys-{name}")
        self._future: Future[T] | None = None
        self._due = clock()

    def latest(self) -> T:
        """Return the last value; begins the next reading if it is time."""
        if self._future is not None and self._future.done():
            self._value, self._future = self._future.result(), None
        if self._future is None and self._clock() >= self._due:
            self._due = self._clock() + self._every
            self._future = self._hands.submit(self._read)
        return self._value

    def now(self) -> T:
        """Return the value of a reading that begins now."""
        self._future = self._hands.submit(self._read)
        self._value = self._future.result()
        return self._value

    def close(self) -> None:
        """End the thread. Idempotent."""
        self._hands.shutdown(wait=True, cancel_futures=True)
