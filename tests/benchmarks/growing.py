"""Throughput and memory with much in the queue and in the store, beside little."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import psutil
from pydantic import SecretStr

from genesys_workbench.broker import setup_topology
from genesys_workbench.events import parse_event
from genesys_workbench.messages import QUEUE, Message, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.settings import load_settings
from genesys_workbench.store import Store

from .servers import emptied, ready_count, store_url, temporary, variables
from .trial import Goal, Scale, Trial
from .working import consuming

__all__ = ["trials"]

RATE, MEMORY = "messages/s", "MiB"
MIB = 1 << 20


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trial."""
    few, many, some = scale.of(10_000, 300), scale.of(1_000_000, 3_000), scale.of(5_000, 200)
    with ExitStack() as stack:
        node = stack.enter_context(PrivateNode())
        folder = stack.enter_context(temporary())
        setup_topology(node.url, load_settings(broker_url=SecretStr(node.url)))
        yield [
            Trial(
                f"the first {some} messages of a backlog of {many}, beside those of {few}: how "
                "many a second are worked off into SQLite by prefork with 2 processes, and how "
                "much memory the worker's processes have at the end",
                {
                    "much": lambda: _worked_off(node.url, folder, many, some),
                    "little": lambda: _worked_off(node.url, folder, few, some),
                },
                (
                    Goal("backlog, throughput", "much", "little", RATE, 0.9),
                    Goal("backlog, worker's memory", "much", "little", MEMORY, 1.1, at_most=True),
                ),
            )
        ]


def _worked_off(broker: str, folder: str, backlog: int, some: int) -> dict[str, float]:
    url = store_url(folder, f"{time.monotonic_ns()}")
    settings = load_settings(
        broker_url=SecretStr(broker), database_url=SecretStr(url), enrich="off"
    )
    store = Store.prepared(settings.store_url)
    with Publisher(broker, timeout=60) as publisher:
        for result in publisher.publish_many(_messages(backlog)):
            assert result.error is None
    begun = ready_count(broker)
    with consuming("genesys_workbench.tasks", variables(settings), broker, QUEUE):
        started = time.perf_counter()
        _wait(lambda: begun - ready_count(broker) >= some)
        seconds = time.perf_counter() - started
        memory = _memory_of_worker()
    store.close()
    emptied(broker)
    return {RATE: some / seconds, MEMORY: memory}


def _messages(count: int) -> Iterator[Message]:
    now = datetime.now(UTC)
    for number in range(count):
        event = {"eventId": f"e-{number}", "conversationId": f"c-{number}"}
        yield encode(parse_event(event), received_at=now)


def _memory_of_worker() -> float:
    children = psutil.Process(os.getpid()).children(recursive=True)
    workers = [each for each in children if "celery" in " ".join(each.cmdline())]
    return sum(each.memory_info().rss for each in workers) / MIB


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)
