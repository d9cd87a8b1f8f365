"""Rows 1 to 6 of the fault table: the broker dies, ends, hangs, or cuts us off."""

from __future__ import annotations

import os
import signal

import httpx
import pytest
from pika.exceptions import ChannelClosedByBroker

from genesys_workbench.broker import open_channel, setup_topology
from genesys_workbench.errors import BrokerError
from genesys_workbench.messages import QUEUE, topology
from genesys_workbench.node import PrivateNode
from genesys_workbench.queues import states
from tests.faults.conftest import MakeRig
from tests.faults.rig import Rig
from tests.faults.stock import StockNode
from tests.integration.workers import wait_until

SLOW = """\
import os, time
def step(event, conversation):
    with open("runs.txt", "a") as runs:
        runs.write(f"{event.event_id}\\n")
    while os.path.exists("hold"):
        time.sleep(0.05)
"""


def declare_and_kill(node: PrivateNode, rig: Rig) -> None:
    """Leave the queue without the leader that its declaration gave it."""
    spec = topology(rig.settings).main
    with open_channel(node.url) as channel:
        channel.queue_delete(spec.name)
        channel.queue_declare(spec.name, durable=True, arguments=spec.arguments)
        for exchange, key in spec.bindings:
            channel.queue_bind(spec.name, exchange, key)
    node.kill()
    node.restart()


def has_queue(node: PrivateNode) -> bool:
    with open_channel(node.url) as channel:
        try:
            channel.queue_declare(QUEUE, passive=True)
        except ChannelClosedByBroker:
            return False
    return True


def test_row_1_a_broker_that_is_killed_in_the_middle_of_a_burst_loses_nothing(rig: Rig) -> None:
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    with rig.sender.stream(rate=100):
        rig.node.kill()
        rig.wait_ready(503, seconds=2)
        rig.node.restart()
        rig.wait_ready(200, seconds=15)
    assert rig.sender.statuses.keys() == {202}
    assert rig.sender.ways["spooled"] > 0
    rig.settle()


def test_row_2_a_broker_that_restarts_in_order_lets_the_task_under_way_end(rig: Rig) -> None:
    (rig.folder / "slow.py").write_text(SLOW)
    hold = rig.folder / "hold"
    hold.touch()
    runs = rig.folder / "runs.txt"
    rig.receiver()
    rig.worker(concurrency=1, WORKBENCH_PROCESSOR="slow:step")
    rig.wait_ready()
    rig.sender.send(1)
    wait_until(runs.exists, what="the task's start")
    with rig.sender.stream(rate=20):
        rig.node.restart()
        hold.unlink()
        rig.wait_ready(200, seconds=15)
        rig.wait_consuming()
    assert rig.sender.statuses.keys() == {202}
    rig.settle()
    first = runs.read_text().splitlines()[0]
    assert runs.read_text().splitlines().count(first) <= 2


def test_row_3_a_broker_that_stays_away_fills_the_spool_to_its_bound_and_then_drains(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(spool_max_events=30)
    rig.node.kill()
    rig.receiver()
    rig.sender.send(30)
    assert rig.sender.ways == {"spooled": 30}
    rig.sender.send(10)
    assert rig.sender.statuses == {202: 30, 503: 10}
    answer = httpx.post(rig.url, json=rig.sender.event(), headers=rig.sender.headers)
    assert int(answer.headers["Retry-After"]) > 0
    rig.node.restart()
    rig.wait_ready(200, seconds=15)
    rig.worker()
    rig.wait_stored()
    rig.sender.again()
    assert len(rig.sender.accepted) == 40
    rig.settle()


def test_row_4_a_set_up_that_is_cut_short_by_a_crash_is_no_success_and_the_next_one_is_sound(
    fresh_node: PrivateNode, make_rig: MakeRig
) -> None:
    rig = make_rig(fresh_node)
    with pytest.raises(BrokerError, match="unreachable"):
        setup_topology(fresh_node.url, rig.settings, sleep=lambda _: fresh_node.kill())
    fresh_node.restart()
    setup_topology(fresh_node.url, rig.settings)
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    rig.sender.send(50)
    assert rig.sender.ways == {"published": 50}
    rig.settle()


def test_row_4_nothing_counts_as_published_before_the_queues_are_old_enough(
    make_rig: MakeRig,
) -> None:
    late = StockNode()
    rig = make_rig(late)
    rig.receiver()
    with late:
        wait_until(lambda: has_queue(late), what="the queue")
        rig.sender.send(5)
        assert rig.sender.ways == {"spooled": 5}
        rig.wait_ready(200, seconds=30)
        rig.worker()
        rig.settle()


def test_row_4_a_queue_without_a_leader_is_named_and_its_events_stay_in_the_spool(
    make_rig: MakeRig, stock_node: StockNode
) -> None:
    rig = make_rig(stock_node)
    setup_topology(stock_node.url, rig.settings)
    declare_and_kill(stock_node, rig)
    with pytest.raises(BrokerError, match=f"queue {QUEUE} .*does not work") as caught:
        setup_topology(stock_node.url, rig.settings)
    assert f"rabbitmqctl delete_queue {QUEUE}" in caught.value.fix
    receiver = rig.receiver()
    rig.sender.send(40)
    assert rig.sender.ways == {"spooled": 40}
    rig.wait_ready(503)
    assert f"rabbitmqctl delete_queue {QUEUE}" in receiver.log
    stock_node.control("delete_queue", QUEUE)
    rig.wait_ready(200)
    rig.worker()
    rig.settle()


def test_row_5_a_broker_that_hangs_is_bridged_by_the_spool(rig: Rig) -> None:
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    with rig.sender.stream(rate=50):
        os.kill(rig.node.pid, signal.SIGSTOP)
        rig.wait_ready(503, seconds=5)
        spooled = rig.sender.ways["spooled"]
        wait_until(lambda: rig.sender.ways["spooled"] > spooled + 300, what="12 s of events")
        os.kill(rig.node.pid, signal.SIGCONT)
        rig.wait_ready(200, seconds=15)
    assert rig.sender.statuses.keys() == {202}
    rig.settle()


def test_row_6_closed_connections_are_opened_again(rig: Rig) -> None:
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    with rig.sender.stream(rate=50):
        for _ in range(2):
            rig.node.control("close_all_connections", "maintenance")
            rig.wait_ready(200, seconds=5)
            wait_until(lambda: states(rig.broker_url)[0].consumers == 1, what="the worker")
    assert rig.sender.statuses.keys() == {202}
    rig.settle()
