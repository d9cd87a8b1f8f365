"""Row 4 of the fault table: a node that dies as soon as its queues count as settled."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from kombu import Connection
from pika import BasicProperties

from genesys_workbench.broker import open_channel
from genesys_workbench.canary import impatient
from genesys_workbench.node import PrivateNode
from genesys_workbench.settling import SETTLE_SECONDS, settle
from tests.faults.stock import StockNode

MESSAGES = [b"0", b"1", b"2"]
TYPES = ("quorum", "classic")
PERSISTENT = BasicProperties(delivery_mode=2)


@pytest.fixture(scope="module")
def private_node() -> Iterator[PrivateNode]:
    """One for all its lives."""
    with PrivateNode() as node:
        yield node


def declare(node: PrivateNode, life: int) -> list[str]:
    """Declare five queues of each type that this node has not had yet; return their names."""
    kinds = {f"{kind}.{life}.{number}": kind for kind in TYPES for number in range(5)}
    with open_channel(node.url) as channel:
        for name, kind in kinds.items():
            channel.queue_declare(name, durable=True, arguments={"x-queue-type": kind})
    return list(kinds)


def fill(node: PrivateNode, names: list[str]) -> None:
    """Have the messages confirmed in each queue."""
    with open_channel(node.url) as channel:
        channel.confirm_delivery()
        for name in names:
            for body in MESSAGES:
                channel.basic_publish("", name, body, PERSISTENT, mandatory=True)


def drain(connection: Connection, name: str) -> list[bytes]:
    channel = connection.channel()
    bodies = iter(lambda: channel.basic_get(name, no_ack=True), None)
    return [bytes(message.body) for message in bodies]


def settle_fill_and_crash(node: PrivateNode, life: int) -> float:
    """Return how long settling took; afterwards all is there that was confirmed."""
    names = declare(node, life)
    before = time.monotonic()
    settle(node.url, time.sleep)
    took = time.monotonic() - before
    fill(node, names)
    node.kill()
    node.restart()
    with impatient(node.url) as connection:
        assert {name: drain(connection, name) for name in names} == dict.fromkeys(names, MESSAGES)
    return took


@pytest.mark.parametrize("life", range(3))
def test_row_4_a_private_node_says_when_its_queues_outlive_a_crash(
    private_node: PrivateNode, life: int
) -> None:
    assert settle_fill_and_crash(private_node, life) < SETTLE_SECONDS


def test_row_4_the_queues_of_any_other_broker_get_the_time_they_need(stock_node: StockNode) -> None:
    assert settle_fill_and_crash(stock_node, 0) >= SETTLE_SECONDS
