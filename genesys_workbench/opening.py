"""The way to safety, opened for some settings: broker, proof of its queues, spool, `Intake`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime

from .broker import Broker, running_broker, setup_topology, url_of
from .errors import BrokerError, TopologyError
from .intake import Intake
from .memory import MemoryPublisher
from .memory import setup as setup_memory
from .metrics import Metrics
from .proof import Proof
from .publisher import Publisher, PublisherLike
from .settings import Settings
from .spool import Spool

__all__ = ["open_intake"]

log = logging.getLogger(f"{__package__}.receiver")


@asynccontextmanager
async def open_intake(
    settings: Settings,
    metrics: Metrics,
    *,
    publisher: PublisherLike | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AsyncIterator[Intake]:
    """Give an intake on the running loop, draining what its spool holds.

    Args:
        settings: Name broker and spool; a private node, or the embedded broker with its worker,
            is started where that is wanted.
        metrics: Counted into.
        publisher: An open one to use and leave open, instead.
        clock: Aware UTC now.

    Raises:
        SpoolError: The spool's file cannot be used.
        TopologyError: The broker holds our queues with other arguments.
    """
    connected = _connected(settings, publisher, on_connect=metrics.connects.inc)
    async with connected as (used, proof, durable):
        wants_spool = durable and settings.spool_max_events > 0
        size = settings.spool_max_events
        spool = Spool(settings.spool_file, max_events=size) if wants_spool else None
        intake = Intake(
            used,
            spool,
            metrics=metrics,
            clock=clock,
            proof=proof,
            with_priority=settings.queue_type == "classic",
        )
        metrics.watch(
            spooled=lambda: intake.spooled,
            spool_open=lambda: intake.spool_open,
            ready=lambda: intake.broker_ready,
        )
        intake.start()
        try:
            yield intake
        finally:
            await intake.stop()
            if spool is not None:
                spool.close()


_Connected = tuple[PublisherLike, Proof | None, bool]


@asynccontextmanager
async def _connected(
    settings: Settings, given: PublisherLike | None, *, on_connect: Callable[[], None]
) -> AsyncIterator[_Connected]:
    """Give (publisher, proof of the topology, whether the broker outlives this process)."""
    if given is not None:
        yield given, None, not isinstance(given, MemoryPublisher)
        return
    with ExitStack() as stack:
        broker = await asyncio.to_thread(stack.enter_context, running_broker(settings))
        log.info("broker: %s", broker.why)
        opened = (
            _embedded(settings)
            if broker.kind == "memory"
            else _rabbitmq(settings, broker, on_connect)
        )
        async with opened as connected:
            yield connected


@asynccontextmanager
async def _embedded(settings: Settings) -> AsyncIterator[_Connected]:
    from .worker import EmbeddedWorker

    setup_memory()
    worker = EmbeddedWorker(settings)
    publisher = MemoryPublisher()
    await asyncio.to_thread(worker.start)
    try:
        yield publisher, None, False
    finally:
        publisher.close()
        await asyncio.to_thread(worker.stop)


@asynccontextmanager
async def _rabbitmq(
    settings: Settings, broker: Broker, on_connect: Callable[[], None]
) -> AsyncIterator[_Connected]:
    url = url_of(broker)

    async def prove() -> None:
        await asyncio.to_thread(setup_topology, url, settings)

    error = None
    try:
        await prove()
    except TopologyError:
        raise
    except BrokerError as exc:
        error = exc
        log.warning("events are spooled until the broker takes them: %s", exc)
    publisher = Publisher(
        url,
        timeout=settings.confirm_timeout,
        loop=asyncio.get_running_loop(),
        on_connect=on_connect,
    )
    try:
        yield publisher, Proof(prove, error=error), True
    finally:
        await publisher.aclose()
