"""Row 25, and 9 for the worker: the message for the next try is lost, late, or comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import delayed, peek, states
from tests.faults.conftest import MakeRig
from tests.faults.processes import Process
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig
from tests.integration.workers import wait_until

# Fails the first time that it sees an event whose note says so; a line for each time.
STEP = """
from pathlib import Path

def step(event, conversation):
    seen = Path("seen-" + event.event_id)
    count = len(seen.read_text()) if seen.exists() else 0
    seen.write_text("x" * (count + 1))
    if count < event.source.get("failures", 0):
        raise ConnectionError("it will pass")
"""
GIVEN_BACK = "the message goes back to its queue"


class SparingProxy(FaultProxy):
    """Harms only the connections that were opened after `spare`: those that publish."""

    _spared: frozenset[asyncio.StreamWriter] = frozenset()

    def spare(self) -> None:
        self._spared = frozenset(self._writers)

    async def _forward(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if writer in self._spared:
            writer.write(data)
            await writer.drain()
        else:
            await super()._forward(data, writer)


@pytest.fixture
def proxy(node: PrivateNode) -> Iterator[SparingProxy]:
    with SparingProxy(urlsplit(node.url).port or 0) as opened:
        yield opened


def flaky(make_rig: MakeRig, **settings: object) -> Rig:
    rig = make_rig(processor="own_step:step", **settings)
    (rig.folder / "own_step.py").write_text(STEP)
    return rig


def send(rig: Rig, *names: str, failures: int = 0) -> None:
    """Publish events straight to the node; the first tries of each fail, as many as said."""
    with Publisher(rig.broker_url) as publisher:
        for name in names:
            source = {"conversationId": "c", "eventId": name, "failures": failures}
            message = encode(parse_event(source), received_at=datetime.now(UTC))
            publisher.publish(message).result(10)


def stored(rig: Rig, *names: str) -> bool:
    return rig.store.known(names) == set(names)


def tries(rig: Rig, name: str) -> int:
    return len((rig.folder / f"seen-{name}").read_text())


def check_all_done(rig: Rig, worker: Process, count: int) -> None:
    """Nothing is lost, doubled, dead or under way, and the worker has lived all the time."""
    url = rig.broker_url
    wait_until(lambda: delayed(url) == sum(each.ready for each in states(url)) == 0, what="the end")
    assert rig.store.counts()["events"] == count
    assert worker.stop() == 0
    # The copy of a retry that was confirmed too late may have come at the last moment.
    assert {each.message_id for each in peek(url)} <= rig.store.known(
        rig.store.event_ids("processed")
    )
    assert states(url)[1].ready == 0


def test_row_25_a_retry_that_vanishes_on_its_way_leaves_the_message_where_it_is(
    make_rig: MakeRig, proxy: SparingProxy
) -> None:
    url = SecretStr(f"amqp://guest:guest@127.0.0.1:{proxy.port}/")
    rig = flaky(make_rig, broker_url=url)
    worker = rig.worker(concurrency=1)
    proxy.spare()
    send(rig, "warm", failures=1)  # the pool's process has its connection now
    wait_until(lambda: stored(rig, "warm"), what="the first record")
    proxy.swallow = True
    send(rig, "e-1", failures=1)
    wait_until(lambda: GIVEN_BACK in worker.log, seconds=40, what="the message given back")
    proxy.swallow = False
    wait_until(lambda: stored(rig, "e-1"), seconds=60, what="the record")
    assert tries(rig, "e-1") <= 3
    check_all_done(rig, worker, 2)


def test_row_25_a_connection_cut_under_a_retry_loses_nothing(
    make_rig: MakeRig, proxy: SparingProxy
) -> None:
    url = SecretStr(f"amqp://guest:guest@127.0.0.1:{proxy.port}/")
    rig = flaky(make_rig, broker_url=url)
    worker = rig.worker()
    names = [f"e-{number}" for number in range(20)]
    send(rig, *names, failures=1)
    for _ in range(3):
        seen = worker.log.count("again in")
        wait_until(
            lambda seen=seen: worker.log.count("again in") > seen or stored(rig, *names),
            what="another retry",
        )
        proxy.cut(reset=True)
    wait_until(lambda: stored(rig, *names), seconds=60, what="all records")
    check_all_done(rig, worker, 20)


def test_row_9_under_a_memory_alarm_the_worker_works_on_and_no_retry_is_lost(
    make_rig: MakeRig, node: PrivateNode
) -> None:
    rig = flaky(make_rig)
    goods = [f"e-{number}" for number in range(40)]
    send(rig, "flaky", failures=1)
    send(rig, *goods)
    node.control("set_vm_memory_high_watermark", "0.00001")
    try:
        worker = rig.worker()
        wait_until(lambda: stored(rig, *goods), seconds=30, what="the good records")
        wait_until(lambda: GIVEN_BACK in worker.log, seconds=40, what="the message given back")
        assert not stored(rig, "flaky")
        assert tries(rig, "flaky") == 1
    finally:
        node.control("set_vm_memory_high_watermark", "0.4")
    wait_until(lambda: stored(rig, "flaky"), seconds=60, what="the last record")
    check_all_done(rig, worker, 41)
