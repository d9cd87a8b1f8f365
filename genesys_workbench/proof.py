"""Whether queues and exchanges are there, and old enough to outlive a crash of the broker.

Until that is proven nothing counts as published: RabbitMQ confirms a message to a queue that is
a moment old, and may lose both with its next crash.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from .errors import BrokerError
from .news import News

__all__ = ["Proof", "Prove"]

log = logging.getLogger(__name__)

Prove = Callable[[], Awaitable[None]]
PAUSE = 0.5


class Proof:
    """Proves at the start, and again whenever it is doubted, until it succeeds.

    Args:
        prove: Declares what is missing, waits until it is safe, and tries it.
        error: Why the first try failed; None: it succeeded.
        clock: Monotonic seconds.

    Attributes:
        error: What the last try failed with; None after one that succeeded.
    """

    def __init__(
        self,
        prove: Prove,
        *,
        error: BrokerError | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.error = error
        self._prove = prove
        self._clock = clock
        self._news = News()
        self._doubted = asyncio.Event()
        if error is not None:
            self._doubted.set()

    @property
    def given(self) -> bool:
        """Whether all is as it should be, as far as known."""
        return not self._doubted.is_set()

    def doubt(self) -> None:
        """Have it proven again: a message found no exchange or no queue."""
        if self.given:
            log.warning("queues or exchanges are missing on the broker: declaring them again")
        self._doubted.set()

    async def keep(self) -> None:
        """Prove whenever that is wanted; ends by cancellation only."""
        while True:
            await self._doubted.wait()
            try:
                await self._prove()
            except BrokerError as exc:
                self.error = exc
                self._tell(str(exc))
                await asyncio.sleep(PAUSE)
            else:
                self.error = None
                self._doubted.clear()

    def _tell(self, what: str) -> None:
        if self._news.is_due(what, self._clock()):
            log.warning("nothing counts as published until the queues are proven: %s", what)
