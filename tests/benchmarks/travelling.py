"""From an accepted delivery to its row, beside the round trip of a task that does nothing."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import quantiles
from uuid import uuid4

import httpx
import pika
from pydantic import SecretStr

from genesys_workbench.messages import QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.receiver import PATH
from genesys_workbench.settings import load_settings
from genesys_workbench.store import Store

from .peer_tasks import NOOP
from .receiving import receiver
from .servers import answering, store_url, temporary, variables
from .trial import Contestant, Goal, Scale, Trial
from .working import consuming

__all__ = ["trials"]

RATE = 200
# Seconds between two looks for a row
GRAIN = 0.0002
_ROW = "SELECT 1 FROM events WHERE event_id = ?"


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trial."""
    count = scale.of(2_000, 200)
    with ExitStack() as stack:
        node = stack.enter_context(PrivateNode())
        folder = stack.enter_context(temporary())
        contestants = {
            "delivery": _ours(stack, node.url, folder, count),
            "delay()": _noop(stack, node.url, count),
        }
        yield [
            Trial(
                f"{count} deliveries one after the other, {RATE}/s at most, from the answer 202 to "
                "the row that another process can read in SQLite; beside it as many delay().get() "
                "of a no-op task in the same way, result by rpc:// on the same broker; prefork "
                "with 2 processes",
                contestants,
                (
                    Goal("end to end, p50", "delivery", "delay()", "p50 ms", 1.5, at_most=True),
                    Goal("end to end, p99", "delivery", "delay()", "p99 ms", 2.0, at_most=True),
                ),
            )
        ]


def _ours(stack: ExitStack, broker: str, folder: str, count: int) -> Contestant:
    database = store_url(folder)
    settings = load_settings(
        broker_url=SecretStr(broker),
        database_url=SecretStr(database),
        enrich="off",
        data_dir=Path(folder),
    )
    Store.prepared(settings.store_url).close()
    port = receiver(stack, settings)
    answering(f"http://127.0.0.1:{port}/readyz")
    stack.enter_context(consuming("genesys_workbench.tasks", variables(settings), broker, QUEUE))
    url = f"http://127.0.0.1:{port}{PATH}"
    file = database.removeprefix("sqlite:///")

    def run() -> dict[str, float]:
        found = []
        with httpx.Client() as client, closing(sqlite3.connect(file)) as reader:
            for name in _paced(count):
                event = {"eventId": name, "conversationId": f"c-{name}", "mediaType": "VOICE"}
                client.post(url, json=event).raise_for_status()
                started = time.perf_counter()
                _await_row(reader, name)
                found.append(time.perf_counter() - started)
        return _figures(found)

    return run


def _noop(stack: ExitStack, broker: str, count: int) -> Contestant:
    os.environ["BROKER"] = broker
    from .peer_tasks import app, noop

    with pika.BlockingConnection(pika.URLParameters(broker)) as connection:
        connection.channel().queue_declare(NOOP, durable=True, arguments={"x-queue-type": "quorum"})
    environment = {**variables(load_settings()), "BROKER": broker}
    stack.enter_context(consuming(f"{__package__}.peer_tasks", environment, broker, NOOP))
    app.conf.broker_url = broker
    stack.callback(app.close)

    def run() -> dict[str, float]:
        found = []
        for name in _paced(count):
            started = time.perf_counter()
            noop.delay(name).get(timeout=30)
            found.append(time.perf_counter() - started)
        return _figures(found)

    return run


def _paced(count: int) -> Iterator[str]:
    run, begun = uuid4().hex[:12], time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
        yield f"{run}-{number}"


def _figures(seconds: list[float]) -> dict[str, float]:
    parts = quantiles(seconds, n=100)
    return {"p50 ms": parts[49] * 1000, "p99 ms": parts[98] * 1000}


def _await_row(reader: sqlite3.Connection, event_id: str) -> None:
    while not reader.execute(_ROW, [event_id]).fetchone():
        time.sleep(GRAIN)
