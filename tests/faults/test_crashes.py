"""Rows 22 and 23: a crash at every named point of `crash`, at its first and its third hit."""

from __future__ import annotations

import signal
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from genesys_workbench.crash import POINTS
from genesys_workbench.node import PrivateNode
from genesys_workbench.queues import states
from tests.faults.conftest import MakeRig
from tests.faults.leftover import leave_spooled
from tests.faults.obedient import IMPORTABLE, PROCESSOR
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig
from tests.integration.workers import wait_until

ANSWERING = (
    "after-verify",
    "before-publish",
    "after-publish-before-confirm",
    "after-confirm-before-answer",
)
SPOOLING = "after-spool-commit"
DRAINING = "after-confirm-before-delete"
# What an event must order so that a worker passes the point.
WORKING = {
    "task-start": "",
    "after-insert-before-commit": "",
    "after-commit-before-ack": "",
    "retry-after-publish-before-ack": "fail",
}
BURYING = "dlq-after-publish-before-ack"
REDRIVING = "redrive-after-publish-before-ack"
HITS = (1, 3)
DIED = -signal.SIGKILL


def crash_at(point: str, hit: int) -> dict[str, str]:
    return {"WORKBENCH_CRASH_AT": f"{point}:{hit}"}


def send(rig: Rig, count: int, **more: str) -> None:
    rig.sender.send(count, **more)
    assert rig.sender.accepted == rig.sender.ledger.keys()


def test_each_point_has_a_test_here() -> None:
    here = (*ANSWERING, SPOOLING, DRAINING, *WORKING, BURYING, REDRIVING)
    assert sorted(here) == sorted(POINTS)


def test_row_23_a_receiver_that_dies_before_it_answers_loses_no_event(make_rig: MakeRig) -> None:
    rig = make_rig(confirm_timeout=10)
    rig.worker(wait=False)
    receiver = rig.receiver()
    receiver.stop()
    for point in ANSWERING:
        for hit in HITS:
            receiver.start(**crash_at(point, hit))
            rig.wait_ready()
            rig.sender.send(5, threads=1)
            assert receiver.wait() == DIED, (point, hit)
    receiver.start()
    rig.wait_ready()
    rig.sender.again()
    assert rig.sender.accepted == rig.sender.ledger.keys()
    rig.settle()


def test_row_23_a_receiver_that_dies_with_events_on_disk_drains_them_at_its_next_start(
    make_rig: MakeRig, node: PrivateNode
) -> None:
    with FaultProxy(urlsplit(node.url).port or 0) as proxy:
        rig = make_rig(broker_url=SecretStr(f"amqp://guest:guest@127.0.0.1:{proxy.port}/"))
        proxy.refuse = True
        leave_spooled(rig, 600)  # three batches
        receiver = rig.receiver(**crash_at(SPOOLING, HITS[0]))
        for hit in HITS[1:]:
            rig.sender.send(5, threads=1)
            assert receiver.wait() == DIED, hit
            receiver.start(**crash_at(SPOOLING, hit))
            rig.wait_answering()
        rig.sender.send(5, threads=1)
        assert receiver.wait() == DIED
        proxy.refuse = False
        for point, hit in (("before-publish", 3), *((DRAINING, hit) for hit in HITS)):
            receiver.start(**crash_at(point, hit))
            assert receiver.wait() == DIED, (point, hit)
        rig.worker()
        receiver.start()
        rig.wait_ready()
        rig.sender.again()
        rig.settle()


@pytest.mark.parametrize("hit", HITS)
def test_row_22_a_worker_that_dies_at_work_does_each_event_once(
    make_rig: MakeRig, hit: int
) -> None:
    rig = make_rig(processor=PROCESSOR, max_retries=10)
    trouble = rig.folder / "fail"
    trouble.touch()
    rig.receiver()
    rig.wait_ready()
    worker = rig.worker(pool="solo", wait=False, **IMPORTABLE, **crash_at("task-start", hit))
    for point, order in WORKING.items():
        send(rig, 8, order=order)
        if not worker.running:
            worker.start(**IMPORTABLE, **crash_at(point, hit))
        assert worker.wait() == DIED, point
    trouble.unlink()
    worker.start(**IMPORTABLE)
    rig.settle()


@pytest.mark.parametrize("point", [point for point, order in WORKING.items() if not order])
def test_row_22_pool_processes_that_die_at_every_third_event_do_each_once(
    rig: Rig, point: str
) -> None:
    rig.receiver()
    rig.wait_ready()
    worker = rig.worker(**crash_at(point, 3))
    send(rig, 30)
    rig.wait_stored()
    assert worker.log.count("SIGKILL") > 3
    rig.settle()


def test_row_22_a_worker_that_dies_after_a_dead_letter_buries_the_event_once(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(processor=PROCESSOR)
    trouble = rig.folder / "bury"
    trouble.touch()
    rig.receiver()
    rig.wait_ready()
    send(rig, 8, order="bury")
    worker = rig.worker(pool="solo", wait=False, **IMPORTABLE, **crash_at(BURYING, HITS[0]))
    assert worker.wait() == DIED
    worker.start(**IMPORTABLE, **crash_at(BURYING, HITS[1]))
    assert worker.wait() == DIED
    trouble.unlink()
    worker.start(**IMPORTABLE)
    rig.settle(dead={"bury": 4})


def test_row_22_a_worker_that_dies_between_two_tries_buries_the_event_once(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(processor=PROCESSOR, max_retries=1)
    (rig.folder / "fail").touch()
    rig.receiver()
    rig.wait_ready()
    send(rig, 5, order="fail")
    point = "retry-after-publish-before-ack"
    worker = rig.worker(pool="solo", wait=False, **IMPORTABLE, **crash_at(point, HITS[1]))
    assert worker.wait() == DIED
    worker.start(**IMPORTABLE)
    rig.settle(dead={"processor_failed": 5})


def test_row_22_a_redrive_that_dies_is_finished_by_the_next(make_rig: MakeRig) -> None:
    rig = make_rig(processor=PROCESSOR)
    trouble = rig.folder / "bury"
    trouble.touch()
    rig.receiver()
    rig.worker(**IMPORTABLE)
    rig.wait_ready()
    send(rig, 8, order="bury")
    wait_until(lambda: states(rig.broker_url)[1].ready == 8, what="the dead letters")
    trouble.unlink()
    for hit in HITS:
        assert rig.command("queue", "redrive", "--all", **crash_at(REDRIVING, hit)) == DIED
    assert rig.command("queue", "redrive", "--all") == 0
    rig.settle()
