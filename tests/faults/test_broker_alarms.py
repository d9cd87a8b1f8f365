"""Rows 9 to 11 of the fault table: the broker lives, but takes no messages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from genesys_workbench.broker import setup_topology
from genesys_workbench.node import PrivateNode
from genesys_workbench.queues import states
from tests.faults.conftest import MakeRig
from tests.faults.rig import Rig
from tests.integration.workers import wait_until

MEMORY = ("set_vm_memory_high_watermark", "0.00001", "0.4")
DISK = ("set_disk_free_limit", "99999GB", "50MB")


@contextmanager
def alarm(node: PrivateNode, kind: tuple[str, str, str]) -> Iterator[None]:
    """Raise an alarm of the broker, and clear it at the end."""
    command, on, off = kind
    node.control(command, on)
    try:
        yield
    finally:
        node.control(command, off)


def test_row_9_under_a_memory_alarm_events_are_spooled_and_the_worker_drains_the_queue(
    rig: Rig,
) -> None:
    rig.receiver()
    rig.wait_ready()
    rig.sender.send(60)
    published = rig.sender.accepted
    assert rig.sender.ways == {"published": 60}
    with alarm(rig.node, MEMORY):
        rig.sender.send(20)
        rig.wait_ready(503, seconds=5)
        assert rig.sender.ways == {"published": 60, "spooled": 20}
        rig.worker()
        wait_until(lambda: rig.store.known(published) == published, what="the queue's end")
        assert rig.store.known(rig.sender.accepted) == published
    rig.wait_ready(200, seconds=5)
    rig.settle()


def test_row_10_under_a_disk_alarm_a_receiver_and_a_worker_can_even_start(rig: Rig) -> None:
    with alarm(rig.node, DISK):
        receiver = rig.receiver()
        rig.worker()
        rig.sender.send(20)
        assert rig.sender.ways == {"spooled": 20}
        rig.wait_ready(503, seconds=5)
        assert "has an alarm: rabbitmqctl status" in receiver.log
    rig.wait_ready(200, seconds=20)
    rig.sender.send(20)
    assert rig.sender.ways["published"] > 0
    rig.settle()


def test_row_11_a_full_queue_fills_the_spool_and_both_drain_when_a_worker_comes(
    fresh_node: PrivateNode, make_rig: MakeRig
) -> None:
    rig = make_rig(fresh_node, queue_max_length=20, spool_max_events=30)
    setup_topology(fresh_node.url, rig.settings)
    receiver = rig.receiver()
    rig.wait_ready()
    rig.sender.send(20)
    assert rig.sender.ways == {"published": 20}
    rig.sender.send(60)
    rig.wait_ready(503, seconds=5)
    assert "let the workers catch up" in receiver.log
    wait_until(lambda: "the spool could not be drained" in receiver.log, what="the log")
    # RabbitMQ lets a quorum queue exceed its length by what is under way.
    queued = states(rig.broker_url)[0].ready
    assert 20 <= queued < 30
    assert rig.sender.statuses == {202: queued + 30, 503: 50 - queued}
    rig.worker()
    rig.wait_stored()
    rig.sender.again()
    assert len(rig.sender.accepted) == 80
    rig.settle()
