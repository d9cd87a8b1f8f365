"""Rows 14, 17, 19 and 45: the worker is killed, stopped, cut off, or comes too early."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from genesys_workbench.node import PrivateNode
from tests.faults.conftest import MakeRig
from tests.faults.obedient import IMPORTABLE, PROCESSOR, holders, let_go
from tests.faults.processes import Process
from tests.faults.rig import Rig
from tests.integration.workers import wait_until

CONSUMER_TIMEOUT = (
    "application:set_env(rabbit, consumer_timeout, {timeout}),"
    " application:set_env(rabbit, channel_tick_interval, {interval})."
)


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """An installation whose step of one's own holds what it is told to; its receiver runs."""
    rig = make_rig(processor=PROCESSOR, prefetch=4)
    rig.receiver()
    rig.wait_ready()
    return rig


def hold(rig: Rig, *, times: int = 1) -> str:
    """Deliver an event that holds its slot, and wait until it does; return its id."""
    event = rig.sender.event(order="hold")
    assert rig.sender.deliver(event) == 202
    wait_held(rig, event["eventId"], times=times)
    return str(event["eventId"])


def wait_held(rig: Rig, event_id: str, *, times: int) -> set[int]:
    """Wait until so many processes have held an event; return their ids."""
    wait_until(lambda: len(holders(rig.folder, event_id)) >= times, seconds=60, what=event_id)
    return holders(rig.folder, event_id)


def deliveries(rig: Rig, event_id: str) -> int:
    found: dict[str, Any] = rig.store.event(event_id) or {}
    return int(found["deliveries"])


def test_row_14_a_worker_killed_in_a_batch_takes_its_pool_along_and_each_event_is_stored_once(
    rig: Rig,
) -> None:
    first = rig.worker(**IMPORTABLE)
    held = [hold(rig), hold(rig)]
    rig.sender.send(30)
    pool = first.children
    first.kill()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pool), what="the pool's end")
    rig.worker(**IMPORTABLE)
    for each in held:
        wait_held(rig, each, times=2)
        let_go(rig.folder, each)
    rig.settle()
    assert [deliveries(rig, each) for each in held] == [1, 1]


def test_row_17_sigterm_lets_a_worker_finish_what_it_does_and_return_the_rest(rig: Rig) -> None:
    worker = rig.worker(**IMPORTABLE)
    held = {hold(rig), hold(rig)}
    rig.sender.send(20)
    _signal(worker, [signal.SIGTERM])
    worker.send(signal.SIGTERM)  # nobody is so impatient that work under way is thrown away
    for each in held:
        let_go(rig.folder, each)
    assert worker.wait() == 0
    assert rig.stored() == held
    assert [deliveries(rig, each) for each in held] == [1, 1]
    worker.start(**IMPORTABLE)
    rig.settle()


ENDS_AT_ONCE = {
    "SIGQUIT": [signal.SIGQUIT],
    "SIGTERM, then SIGQUIT": [signal.SIGTERM, signal.SIGQUIT],
    "Ctrl-C twice": [signal.SIGINT, signal.SIGINT],
}


def test_row_17_a_worker_that_must_not_finish_returns_what_it_does(rig: Rig) -> None:
    worker = rig.worker(**IMPORTABLE)
    for how, signals in ENDS_AT_ONCE.items():
        begun = hold(rig)
        rig.sender.send(10)
        _signal(worker, signals)
        assert worker.wait() in (0, 1), how  # Celery's code differs with the moment
        assert begun not in rig.stored(), how
        worker.start(**IMPORTABLE)
        wait_held(rig, begun, times=2)
        let_go(rig.folder, begun)
    rig.settle()


def test_row_17_a_soft_shutdown_finishes_what_ends_in_time_and_returns_the_rest(rig: Rig) -> None:
    worker = rig.worker(**IMPORTABLE, options=["worker_soft_shutdown_timeout=3"])
    short, long = hold(rig), hold(rig)
    rig.sender.send(10)
    worker.send(signal.SIGQUIT)
    wait_until(lambda: "Initiating Soft Shutdown" in worker.log, what="the soft shutdown")
    let_go(rig.folder, short)
    assert worker.wait() in (0, 1)
    assert short in rig.stored()
    assert long not in rig.stored()
    let_go(rig.folder, long)
    worker.start(**IMPORTABLE)
    rig.settle()


def _signal(worker: Process, signals: list[signal.Signals]) -> None:
    for number in signals:
        heard = worker.log.count("worker: ")
        worker.send(number)
        wait_until(
            lambda heard=heard: worker.log.count("worker: ") > heard,
            what="the signal's effect",
        )


@pytest.fixture
def short_ack(node: PrivateNode) -> Iterator[None]:
    """RabbitMQ waits for an ack 2 s, instead of half an hour, and looks twice a second."""
    node.control("eval", CONSUMER_TIMEOUT.format(timeout=2000, interval=500))
    yield
    node.control("eval", CONSUMER_TIMEOUT.format(timeout=1_800_000, interval=60_000))


@pytest.mark.usefixtures("short_ack")
def test_row_19_a_worker_that_is_cut_off_for_a_late_ack_goes_on_and_stores_the_event_once(
    rig: Rig,
) -> None:
    worker = rig.worker(**IMPORTABLE)
    pid = worker.pid
    held = hold(rig)
    wait_held(rig, held, times=2)
    let_go(rig.folder, held)
    rig.sender.send(20)
    rig.settle()
    assert worker.pid == pid
    assert "PRECONDITION_FAILED" in worker.log or "PreconditionFailed" in worker.log
    assert deliveries(rig, held) >= 2


def test_row_45_workers_that_are_there_before_their_broker_wait_for_it_and_set_it_up(
    make_rig: MakeRig,
) -> None:
    node = PrivateNode()
    rig = make_rig(on=node)
    workers = [rig.worker(pool=pool, wait=False) for pool in ("prefork", "threads")]
    for worker in workers:
        wait_until(lambda worker=worker: "Cannot connect" in worker.log, what="a try")
    with node:
        wait_until(lambda: all("ready." in each.log for each in workers), what="both at work")
        rig.wait_consuming()  # which looks at the dead letters' queue too
        rig.receiver()
        rig.wait_ready()
        rig.sender.send(100)
        rig.settle()
    assert [worker.log.count("ready.") for worker in workers] == [1, 1]
