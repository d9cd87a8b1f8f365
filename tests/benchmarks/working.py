"""Messages worked off into rows, beside a Celery task that does nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pika
from pydantic import SecretStr

from genesys_workbench.broker import setup_topology
from genesys_workbench.events import parse_event
from genesys_workbench.messages import QUEUE, Message, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.settings import load_settings
from genesys_workbench.store import Store
from genesys_workbench.worker import worker_arguments
from tests.integration.postgres import private_postgresql

from .peer_tasks import NOOP, TASK
from .servers import process, store_url, temporary, variables
from .trial import Contestant, Goal, Scale, Trial

__all__ = ["consuming", "trials", "work_off"]

UNIT = "messages/s"


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trial."""
    count = scale.of(6_000, 200)
    with ExitStack() as stack:
        node = stack.enter_context(PrivateNode())
        folder = stack.enter_context(temporary())
        postgresql = stack.enter_context(private_postgresql(durable=True))
        setup_topology(node.url, load_settings(broker_url=SecretStr(node.url)))
        contestants = {
            "SQLite": _ours(stack, node.url, store_url(folder), count),
            "PostgreSQL": _ours(stack, node.url, postgresql.url, count),
            "no-op": _noop(stack, node.url, count),
        }
        yield [
            Trial(
                f"{count} messages from a quorum queue, prefork with 2 processes, prefetch 1, late "
                "acks; ours without enrichment, a transaction for each event, on disk",
                contestants,
                (
                    Goal("worker into SQLite vs no-op", "SQLite", "no-op", UNIT, 0.8),
                    Goal("worker into PostgreSQL vs no-op", "PostgreSQL", "no-op", UNIT, 0.7),
                ),
            )
        ]


def _ours(stack: ExitStack, broker: str, database: str, count: int) -> Contestant:
    settings = load_settings(
        broker_url=SecretStr(broker), database_url=SecretStr(database), enrich="off"
    )
    store = Store.prepared(settings.store_url)
    stack.callback(store.close)
    numbers = iter(range(1_000_000))

    def run() -> dict[str, float]:
        messages = [_message(f"{database[:6]}-{next(numbers)}") for _ in range(count)]
        before = store.counts()["events"]
        with consuming("genesys_workbench.tasks", variables(settings), broker, QUEUE):
            rate = work_off(broker, messages, QUEUE)
        assert store.counts()["events"] - before == count
        return {UNIT: rate}

    return run


def _noop(stack: ExitStack, broker: str, count: int) -> Contestant:
    with pika.BlockingConnection(pika.URLParameters(broker)) as connection:
        connection.channel().queue_declare(NOOP, durable=True, arguments={"x-queue-type": "quorum"})
    environment = {**variables(load_settings()), "BROKER": broker, "PREFETCH": "1"}

    def run() -> dict[str, float]:
        messages = [_to_noop(_message(f"noop-{number}")) for number in range(count)]
        with consuming(f"{__package__}.peer_tasks", environment, broker, NOOP):
            return {UNIT: work_off(broker, messages, NOOP)}

    return run


@contextmanager
def consuming(
    app: str, environment: dict[str, str], broker: str, queue: str, *more: str
) -> Iterator[None]:
    """Run a worker of two processes and wait until it consumes."""
    arguments = worker_arguments(pool="prefork", concurrency=2, loglevel="WARNING")
    command = [sys.executable, "-m", "celery", "-A", app, *arguments, *more]
    with process(*command, environment=environment), _asking(broker, queue) as asked:
        while not asked()[1]:
            time.sleep(0.05)
        yield


def work_off(broker: str, messages: list[Message], queue: str) -> float:
    """Publish, wait until all are worked off, and return how many per second."""
    started = time.perf_counter()
    with Publisher(broker, timeout=60) as publisher:
        assert not [result for result in publisher.publish_many(messages) if result.error]
    with _asking(broker, queue) as asked:
        while asked()[0]:
            time.sleep(0.02)
    return len(messages) / (time.perf_counter() - started)


@contextmanager
def _asking(broker: str, queue: str) -> Iterator[Callable[[], tuple[int, int]]]:
    with pika.BlockingConnection(pika.URLParameters(broker)) as connection:
        channel = connection.channel()

        def ask() -> tuple[int, int]:
            method = channel.queue_declare(queue, passive=True).method
            return method.message_count, method.consumer_count

        yield ask


def _message(name: str) -> Message:
    event = {
        "eventId": name,
        "conversationId": f"c-{name}",
        "eventType": "customer.start",
        "mediaType": "VOICE",
        "eventTime": 1767600000000,
    }
    return encode(parse_event(event), received_at=datetime.now(UTC))


def _to_noop(message: Message) -> Message:
    headers = {**message.headers, "task": TASK}
    return replace(message, exchange="", routing_key=NOOP, headers=headers)
