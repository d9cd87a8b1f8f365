"""Throughput and memory with much in the queue, in the store and behind them, beside little."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
from pydantic import SecretStr

from genesys_workbench.broker import setup_topology
from genesys_workbench.events import parse_event
from genesys_workbench.messages import QUEUE, Message, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.receiver import PATH
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.store import Store

from .load import deliver
from .receiving import receiver
from .servers import answering, emptied, ready_count, store_url, temporary, variables
from .trial import Goal, Scale, Trial
from .working import consuming

__all__ = ["trials"]

RATE, MEMORY = "messages/s", "MiB"
MIB = 1 << 20
# Rows are made of one that the store wrote; ids lie as scattered as real ones do.
FILL = """
INSERT INTO {table} ({ids}, {others})
WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < ?)
SELECT {made}, {others} FROM row, {table} WHERE {table}.rowid = 1
"""
SCATTERED = "printf('{}-%08x', n * 2654435761 % 4294967296)"
IDS = {
    "conversations": {"conversation_id": SCATTERED.format("c")},
    "events": {
        "event_id": SCATTERED.format("e"),
        "conversation_id": SCATTERED.format("c"),
    },
}


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trials."""
    few, many, some = scale.of(10_000, 300), scale.of(1_000_000, 3_000), scale.of(5_000, 200)
    with ExitStack() as stack:
        folder = stack.enter_context(temporary())
        busy, idle = stack.enter_context(_node()), stack.enter_context(_node())
        yield [
            _of_the_queue(busy, idle, folder, few, many, some),
            _of_the_store(idle, folder, few, many, some),
            _of_the_receiver(stack, idle, folder, few, scale.of(100_000, 1_000)),
        ]


def _of_the_queue(busy: str, idle: str, folder: str, few: int, many: int, some: int) -> Trial:
    return Trial(
        f"{some} messages of a backlog of {many}, beside those of {few}: how many a second are "
        "worked off into SQLite by prefork with 2 processes, and how much memory the worker's "
        "processes have then",
        {
            "much": lambda: _worked_off(busy, _new_store(folder), some, backlog=many),
            "little": lambda: _worked_off(idle, _new_store(folder), some, backlog=few),
        },
        (
            Goal("backlog, throughput", "much", "little", RATE, 0.9),
            Goal("backlog, worker's memory", "much", "little", MEMORY, 1.1, at_most=True),
        ),
    )


def _of_the_store(broker: str, folder: str, few: int, many: int, some: int) -> Trial:
    large, small = (_filled(_new_store(folder), count) for count in (many, few))
    return Trial(
        f"{some} messages into a SQLite store that holds {many} events of as many conversations, "
        f"beside one of {few}: how many a second, and the worker's memory",
        {
            "much": lambda: _worked_off(broker, large, some, backlog=some),
            "little": lambda: _worked_off(broker, small, some, backlog=some),
        },
        (
            Goal("store, throughput", "much", "little", RATE, 0.9),
            Goal("store, worker's memory", "much", "little", MEMORY, 1.1, at_most=True),
        ),
    )


def _of_the_receiver(stack: ExitStack, broker: str, folder: str, few: int, many: int) -> Trial:
    return Trial(
        f"the receiver's memory after {many} deliveries, beside that after {few}",
        {
            "much": lambda: _received(broker, f"{folder}/much", many),
            "little": lambda: _received(broker, f"{folder}/little", few),
        },
        (Goal("receiver's memory", "much", "little", MEMORY, 1.1, at_most=True),),
    )


@contextmanager
def _node() -> Iterator[str]:
    with PrivateNode() as node:
        setup_topology(node.url, load_settings(broker_url=SecretStr(node.url)))
        yield node.url


def _new_store(folder: str) -> str:
    return store_url(folder, f"{time.monotonic_ns()}")


def _settings(broker: str, store: str) -> Settings:
    return load_settings(broker_url=SecretStr(broker), database_url=SecretStr(store), enrich="off")


def _filled(store: str, count: int) -> str:
    opened = Store.prepared(store)
    opened.record(parse_event({"eventId": "e-0", "conversationId": "c-0"}))
    opened.close()
    with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as database, database:
        for table, ids in IDS.items():
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            others = ", ".join(name for name in columns if name not in ids)
            made = ", ".join(ids.values())
            database.execute(
                FILL.format(table=table, ids=", ".join(ids), others=others, made=made), (count,)
            )
    return store


def _worked_off(broker: str, store: str, some: int, *, backlog: int) -> dict[str, float]:
    settings = _settings(broker, store)
    Store.prepared(settings.store_url).close()
    missing = backlog - ready_count(broker)
    with Publisher(broker, timeout=60) as publisher:
        for result in publisher.publish_many(_messages(missing)):
            assert result.error is None
    with consuming("genesys_workbench.tasks", variables(settings), broker, QUEUE):
        started = time.perf_counter()
        begun = ready_count(broker)
        _wait(lambda: begun - ready_count(broker) >= some * 0.9)
        worked = begun - ready_count(broker)
        seconds = time.perf_counter() - started
        memory = _memory(psutil.Process().children(recursive=True), "celery")
    return {RATE: worked / seconds, MEMORY: memory}


def _messages(count: int) -> Iterator[Message]:
    now, run = datetime.now(UTC), time.monotonic_ns()
    for number in range(count):
        event = {"eventId": f"{run}-{number}", "conversationId": f"c-{run}-{number}"}
        yield encode(parse_event(event), received_at=now)


def _received(broker: str, folder: str, count: int) -> dict[str, float]:
    settings = load_settings(broker_url=SecretStr(broker), data_dir=Path(folder))
    with ExitStack() as stack:
        port = receiver(stack, settings)
        answering(f"http://127.0.0.1:{port}/readyz")
        load = deliver(f"http://127.0.0.1:{port}{PATH}", count)
        assert load.statuses == {b"202": count}, load.statuses
        memory = _memory(psutil.Process().children(recursive=True), "receive")
    assert emptied(broker) >= count
    return {MEMORY: memory}


def _memory(processes: list[psutil.Process], word: str) -> float:
    """Return the resident memory of the processes whose command has a word in it."""
    chosen = [each for each in processes if word in " ".join(each.cmdline())]
    assert chosen
    return sum(each.memory_info().rss for each in chosen) / MIB


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)
