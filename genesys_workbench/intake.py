"""Make events safe: confirmed by the broker, or else on disk in the spool until they are."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from .errors import BrokerError, BrokerUnreachable, SpoolError, TopologyError, Unroutable
from .events import ConversationEvent, digest
from .messages import Message, encode
from .metrics import Metrics
from .publisher import PublisherLike
from .spool import Spool

__all__ = ["Intake", "Repair", "Way"]

log = logging.getLogger(__name__)

Way = Literal["published", "spooled"]
Repair = Callable[[], Awaitable[None]]
DRAIN_BATCH = 256
DRAIN_PAUSE = 0.5


class Intake:
    """The receiver's way to safety; lives on the receiver's event loop.

    Args:
        publisher: Of whatever broker.
        spool: None turns it off: then only a confirm counts as safe.
        metrics: Counted into.
        clock: Aware UTC now.
        repair: Declares queues and exchanges again, should they be missing.
        with_priority: Set message priorities (classic queues).
    """

    def __init__(
        self,
        publisher: PublisherLike,
        spool: Spool | None,
        *,
        metrics: Metrics,
        clock: Callable[[], datetime],
        repair: Repair | None = None,
        with_priority: bool = False,
    ) -> None:
        self._publisher = publisher
        self._spool = spool
        self._metrics = metrics
        self._clock = clock
        self._repair = repair
        self._with_priority = with_priority
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def broker_ready(self) -> bool:
        """Whether the broker confirms."""
        return self._publisher.ready

    @property
    def spooled(self) -> int:
        """How many events the spool holds."""
        return len(self._spool) if self._spool is not None else 0

    @property
    def spool_open(self) -> bool:
        """Whether the spool can take an event while the broker is away."""
        return self._spool is not None and not self._spool.full

    def start(self) -> None:
        """Begin to drain what an earlier run left in the spool."""
        self._wanted.set()
        if self._spool is not None:
            self._task = asyncio.create_task(self._drain(self._spool), name="spool-drain")

    async def stop(self) -> None:
        """Stop draining; what the spool holds stays there."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def keep(
        self,
        events: Sequence[ConversationEvent],
        metadata: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> list[Way]:
        """Make events safe and say how, each.

        Args:
            events: Of one delivery.
            metadata: Conversations by id, where they were fetched already.

        Raises:
            BrokerError: The broker is away and there is no spool.
            SpoolError: The broker is away and the spool is full or fails.
        """
        found = metadata or {}
        now = self._clock()
        messages = [
            encode(
                event,
                received_at=now,
                metadata=found.get(event.conversation_id),
                with_priority=self._with_priority,
            )
            for event in events
        ]
        errors = await self._publish(messages)
        rest = [index for index, error in enumerate(errors) if error is not None]
        if rest:
            await self._keep_on_disk(
                [(messages[i], digest(events[i].source)) for i in rest], errors
            )
        self._metrics.events.labels("published").inc(len(events) - len(rest))
        return ["spooled" if error is not None else "published" for error in errors]

    async def _publish(self, messages: Sequence[Message]) -> list[BrokerError | None]:
        if self._spool is not None and not self._publisher.ready:
            return [BrokerUnreachable("The broker is away.")] * len(messages)
        return await self._confirmed(messages)

    async def _confirmed(self, messages: Sequence[Message]) -> list[BrokerError | None]:
        futures = [asyncio.wrap_future(self._publisher.publish(item)) for item in messages]
        results = await asyncio.gather(*futures, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, BrokerError):
                raise result
        return [result if isinstance(result, BrokerError) else None for result in results]

    async def _keep_on_disk(
        self, items: Sequence[tuple[Message, str]], errors: Sequence[BrokerError | None]
    ) -> None:
        if self._spool is None:
            raise next(error for error in errors if error is not None)
        await asyncio.wrap_future(self._spool.add(items))
        self._metrics.events.labels("spooled").inc(len(items))
        self._wanted.set()

    async def _drain(self, spool: Spool) -> None:
        while True:
            await self._wanted.wait()
            try:
                idle = await self._drain_once(spool)
            except (BrokerError, SpoolError) as exc:
                log.warning("the spool could not be drained: %s", exc)
                idle = False
            if not idle:
                await asyncio.sleep(DRAIN_PAUSE)

    async def _drain_once(self, spool: Spool) -> bool:
        """Send the oldest events; return whether to go on at once."""
        # One message is enough to find out whether a silent broker confirms again.
        limit = DRAIN_BATCH if self._publisher.ready else 1
        self._wanted.clear()
        rows = await asyncio.wrap_future(spool.oldest(limit))
        if not rows:
            return True
        self._wanted.set()
        errors = await self._confirmed([message for _, message in rows])
        done = [position for (position, _), error in zip(rows, errors, strict=True) if not error]
        if done:
            await asyncio.wrap_future(spool.remove(done))
            self._metrics.drained.inc(len(done))
        await self._mend(errors)
        return len(done) == len(rows)

    async def _mend(self, errors: Sequence[BrokerError | None]) -> None:
        if self._repair and any(isinstance(each, TopologyError | Unroutable) for each in errors):
            log.warning("queues or exchanges are missing on the broker: declaring them again")
            await self._repair()
