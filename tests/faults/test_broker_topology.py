"""Rows 12 and 13 of the fault table: queues that were taken away, or made by somebody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pika.adapters.blocking_connection import BlockingChannel

from genesys_workbench.broker import open_channel, setup_topology
from genesys_workbench.messages import BINDING_KEY, EXCHANGE, QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.settings import load_settings
from tests.faults.conftest import MakeRig
from tests.faults.rig import Rig
from tests.integration.shells import BENCH, Shell
from tests.integration.workers import wait_until

Take = Callable[[BlockingChannel], None]


def unbind(channel: BlockingChannel) -> None:
    """Take the bindings away, Celery's for retries too: messages come back unroutable."""
    for key in (BINDING_KEY, f"#.{BINDING_KEY}"):
        channel.queue_unbind(QUEUE, EXCHANGE, key)


def delete_exchange(channel: BlockingChannel) -> None:
    """Take the exchange and all its bindings away: the channel is closed with 404."""
    channel.exchange_delete(EXCHANGE)


@pytest.mark.parametrize("take", [unbind, delete_exchange])
def test_row_12_what_is_missing_under_load_is_declared_again_and_no_event_is_lost(
    rig: Rig, take: Take
) -> None:
    receiver = rig.receiver()
    rig.worker()
    rig.wait_ready()
    with rig.sender.stream(rate=50):
        wait_until(lambda: len(rig.sender.accepted) > 20, what="deliveries")
        with open_channel(rig.broker_url) as channel:
            take(channel)
        wait_until(lambda: rig.sender.ways["spooled"] > 0, what="spooled events")
        rig.wait_ready(200)
        published = rig.sender.ways["published"]
        wait_until(lambda: rig.sender.ways["published"] > published + 20, what="published again")
    assert rig.sender.statuses.keys() == {202}
    assert "queues or exchanges are missing" in receiver.log
    rig.settle()


def test_row_12_a_deleted_queue_is_declared_again_for_receiver_and_worker(rig: Rig) -> None:
    rig.receiver()
    worker = rig.worker()
    rig.wait_ready()
    rig.sender.send(20)
    rig.wait_stored()  # what lies in a queue goes with it
    with open_channel(rig.broker_url) as channel:
        channel.queue_delete(QUEUE)
    rig.sender.send(40)
    assert rig.sender.statuses == {202: 60}
    rig.wait_stored()
    assert worker.running
    rig.settle()


def test_row_12_without_a_spool_a_missing_queue_is_refused_until_it_is_back(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(spool_max_events=0)
    rig.receiver()
    rig.wait_ready()
    with open_channel(rig.broker_url) as channel:
        unbind(channel)
    rig.sender.send(1)
    assert rig.sender.statuses == {503: 1}
    rig.wait_ready(200)
    rig.sender.again()
    assert rig.sender.ways == {"published": 1}
    rig.worker()
    rig.settle()


def test_row_13_queues_with_other_arguments_stop_each_part_at_its_start_with_one_sentence(
    fresh_node: PrivateNode, make_rig: MakeRig
) -> None:
    setup_topology(fresh_node.url, load_settings(delivery_limit=7))
    rig = make_rig(fresh_node)
    shell = Shell(rig.folder, **rig.settings.environment())
    told = [shell.run(BENCH, "queue", "setup", code=4).stderr]
    for process in (rig.receiver(wait=False), rig.worker(wait=False)):
        assert process.wait(60) == 4
        assert "Traceback" not in process.log
        told.append(process.log)
    told.append(str(shell.rows("doctor", code=1)))
    for each in told:
        assert "with other arguments" in each
        assert "WORKBENCH_QUEUE_TYPE, _DELIVERY_LIMIT" in each
