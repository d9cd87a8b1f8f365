"""Make events safe: confirmed by the broker, or else on disk in the spool until they are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from .correlation import ids_of
from .crash import crash_at
from .errors import BrokerError, BrokerUnreachable, SpoolError, TopologyError, Unroutable
from .events import ConversationEvent, digest
from .messages import Message, encode
from .metrics import Metrics
from .news import News
from .proof import Proof
from .publisher import Publisher, PublisherLike
from .spool import Spool

__all__ = ["Intake", "Way"]

log = logging.getLogger(__name__)

Way = Literal["published", "spooled"]
DRAIN_BATCH = 256
DRAIN_PAUSE = 0.5


class Intake:
    """The receiver's way to safety; lives on the receiver's event loop.

    Args:
        publisher: Of whatever broker.
        spool: None turns it off: then only a confirm counts as safe.
        metrics: Counted into.
        clock: Aware UTC now.
        proof: That queues and exchanges are there; None where nobody can say.
        with_priority: Set message priorities (classic queues).
    """

    def __init__(
        self,
        publisher: PublisherLike,
        spool: Spool | None,
        *,
        metrics: Metrics,
        clock: Callable[[], datetime],
        proof: Proof | None = None,
        with_priority: bool = False,
    ) -> None:
        self._publisher = publisher
        self._spool = spool
        self._metrics = metrics
        self._clock = clock
        self._proof = proof
        self._with_priority = with_priority
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._news = News()

    @property
    def broker_ready(self) -> bool:
        """Whether the broker confirms, into queues that are proven."""
        return self._publisher.ready and self._proven

    @property
    def _proven(self) -> bool:
        return self._proof is None or self._proof.given

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
            self._tasks.append(asyncio.create_task(self._drain(self._spool), name="spool-drain"))
        if self._proof is not None:
            self._tasks.append(asyncio.create_task(self._proof.keep(), name="proof"))

    async def stop(self) -> None:
        """Stop draining; what the spool holds stays there."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def keep(
        self,
        events: Sequence[ConversationEvent],
        metadata: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        correlation_id: str = "",
    ) -> list[Way]:
        """Make events safe and say how, each.

        Args:
            events: Of one delivery.
            metadata: Conversations by id, where they were fetched already.
            correlation_id: Of that delivery; it travels with the messages.

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
                correlation_id=correlation_id,
            )
            for event in events
        ]
        errors = await self._publish(messages)
        rest = [index for index, error in enumerate(errors) if error is not None]
        if rest:
            await self._keep_on_disk(
                [(messages[i], digest(events[i].source)) for i in rest], errors
            )
        crash_at("after-confirm-before-answer")
        self._metrics.published.inc(len(events) - len(rest))
        return ["spooled" if error is not None else "published" for error in errors]

    async def _publish(self, messages: Sequence[Message]) -> list[BrokerError | None]:
        if not self._proven or (self._spool is not None and not self._publisher.ready):
            return [self._away()] * len(messages)
        return await self._confirmed(messages)

    def _away(self) -> BrokerError:
        known = self._proof.error if self._proof is not None else None
        if known is None:
            fix = "see what is the matter: genesys-workbench doctor"
            return BrokerUnreachable("The broker is away.", fix=fix)
        return BrokerError(known.what, fix=known.fix)  # one object would hold all its tracebacks

    async def _confirmed(self, messages: Sequence[Message]) -> list[BrokerError | None]:
        started = time.perf_counter()
        futures = [self._hand_over(message) for message in messages]
        if len(futures) > 1:
            await asyncio.wait(futures)
        errors = [await _error_of(future) for future in futures]
        self._metrics.confirm_seconds.observe(time.perf_counter() - started)
        if self._proof and any(isinstance(each, TopologyError | Unroutable) for each in errors):
            self._proof.doubt()
        return errors

    def _hand_over(self, message: Message) -> asyncio.Future[None]:
        if isinstance(self._publisher, Publisher):
            return self._publisher.publish_here(message)
        return asyncio.wrap_future(self._publisher.publish(message))

    async def _keep_on_disk(
        self, items: Sequence[tuple[Message, str]], errors: Sequence[BrokerError | None]
    ) -> None:
        if self._spool is None:
            raise next(error for error in errors if error is not None)
        await asyncio.wrap_future(self._spool.add(items))
        crash_at("after-spool-commit")
        self._metrics.spooled.inc(len(items))
        self._wanted.set()

    async def _drain(self, spool: Spool) -> None:
        while True:
            await self._wanted.wait()
            try:
                idle = await self._drain_once(spool)
            except (BrokerError, SpoolError) as exc:
                self._metrics.drain_failures.labels(exc.reason).inc()
                self._tell_stuck(exc)
                idle = False
            if not idle:
                await asyncio.sleep(DRAIN_PAUSE)

    async def _drain_once(self, spool: Spool) -> bool:
        """Send the oldest events; return whether to go on at once."""
        if not self._proven:
            return False
        # One message is enough to find out whether a silent broker confirms again.
        limit = DRAIN_BATCH if self._publisher.ready else 1
        self._wanted.clear()
        rows = await asyncio.wrap_future(spool.oldest(limit))
        if not rows:
            return True
        self._wanted.set()
        errors = await self._confirmed([message for _, message in rows])
        done = [row for row, error in zip(rows, errors, strict=True) if not error]
        if done:
            self._news.forget()
            crash_at("after-confirm-before-delete")
            await asyncio.wrap_future(spool.remove([position for position, _ in done]))
            self._metrics.drained.inc(len(done))
            _tell_drained([message for _, message in done])
        if len(done) == len(rows):
            return True
        self._metrics.drain_failures.labels("broker").inc()
        self._tell_stuck(next(error for error in errors if error))
        return False

    def _tell_stuck(self, error: BrokerError | SpoolError) -> None:
        if self._news.is_due(error.what, time.monotonic()):
            log.warning("the spool could not be drained: %s", error)


async def _error_of(future: asyncio.Future[None]) -> BrokerError | None:
    try:
        await future
    except BrokerError as exc:
        return exc
    return None


def _tell_drained(messages: Sequence[Message]) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    for message in messages:
        extra = {**ids_of(message.headers), "outcome": "drained"}
        log.info("event %s was drained from the spool", message.event_id, extra=extra)
