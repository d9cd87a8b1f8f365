"""Rows 23 and 24: the receiver is killed or stopped under load, or finds a spool."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench.node import PrivateNode
from genesys_workbench.receiver import PATH
from genesys_workbench.spool import spooled_ids
from tests.faults.conftest import MakeRig
from tests.faults.leftover import leave_spooled
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig
from tests.integration.workers import wait_until

SPOOL_EXIT = 6


@pytest.fixture
def proxy(node: PrivateNode) -> Iterator[FaultProxy]:
    """The way to the broker, which can be cut."""
    with FaultProxy(urlsplit(node.url).port or 0) as opened:
        yield opened


@pytest.fixture
def behind(make_rig: MakeRig, proxy: FaultProxy) -> Rig:
    """An installation that goes this way."""
    return make_rig(broker_url=SecretStr(f"amqp://guest:guest@127.0.0.1:{proxy.port}/"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_row_24_a_receiver_that_ends_in_a_burst_loses_only_what_it_did_not_answer(
    rig: Rig, number: signal.Signals
) -> None:
    rig.worker(wait=False)
    receiver = rig.receiver()
    rig.wait_ready()
    with rig.sender.stream(rate=300):
        wait_until(lambda: len(rig.sender.accepted) > 100, what="the burst")
        receiver.send(number)
        assert receiver.wait() == (-number if number == signal.SIGKILL else 0)
        receiver.start()
        rig.wait_ready()
    assert rig.sender.statuses.keys() == {202, 0}
    before = rig.sender.accepted
    rig.sender.again()
    assert before < rig.sender.accepted == rig.sender.ledger.keys()
    rig.settle()


def test_row_23_a_large_spool_of_an_earlier_run_drains_while_new_events_come(rig: Rig) -> None:
    left = leave_spooled(rig, 1000)
    rig.worker(wait=False)
    rig.receiver()
    rig.wait_ready()
    sent = rig.sender.send(200)
    assert rig.sender.ways == {"spooled": 1000, "published": 200}
    wait_until(lambda: not spooled_ids(rig.settings.spool_file), seconds=60, what="the drain")
    rig.settle(seconds=120)
    assert rig.stored() == left | sent


def test_row_24_two_receivers_share_the_work_and_one_may_die(
    behind: Rig, proxy: FaultProxy
) -> None:
    rig = behind
    rig.worker(wait=False)
    first = rig.receiver()
    rig.receiver()
    rig.wait_ready()
    with rig.sender.stream(rate=60, retries=8):
        wait_until(lambda: len(rig.sender.accepted) > 50, what="the burst")
        first.kill()
        _cut_off(proxy)
        wait_until(lambda: rig.sender.ways["spooled"] > 20, what="the spool of the other")
        first.start()
        rig.wait_answering()
        proxy.refuse = False
        rig.wait_ready()
    rig.sender.again()
    rig.settle(seconds=120)


def test_row_23_two_receivers_on_one_spool_lose_and_double_nothing(
    behind: Rig, proxy: FaultProxy
) -> None:
    rig = behind
    leave_spooled(rig, 100)
    rig.worker(wait=False)
    for _ in range(2):
        rig.receiver(WORKBENCH_SPOOL_PATH=str(rig.settings.spool_file))
    for _ in range(2):  # both drain what both have put there
        rig.wait_ready()
        _cut_off(proxy)
        rig.wait_ready(503)
        rig.sender.send(60)
        proxy.refuse = False
    rig.wait_ready()
    wait_until(lambda: not spooled_ids(rig.settings.spool_file), seconds=60, what="the drain")
    ready = [url.replace(PATH, "/readyz") for url in rig.urls]
    wait_until(lambda: [httpx.get(url).status_code for url in ready] == [200, 200], what="both")
    rig.settle(seconds=120)


def _cut_off(proxy: FaultProxy) -> None:
    proxy.refuse = True
    proxy.cut()


def test_row_23_a_damaged_spool_is_told_and_ends_the_receiver(rig: Rig) -> None:
    leave_spooled(rig, 300)
    spool = rig.settings.spool_file
    whole = spool.read_bytes()
    spool.write_bytes(b"no database" * 100)
    receiver = rig.receiver(wait=False)
    assert receiver.wait() == SPOOL_EXIT
    spool.write_bytes(whole[:100] + bytes(len(whole) - 100))
    receiver.start()
    assert receiver.wait() == SPOOL_EXIT
    assert receiver.log.count(f"The spool at {spool} cannot be used") == 2
    assert "Traceback" not in receiver.log
    spool.write_bytes(whole)
    receiver.start()
    rig.worker()
    rig.settle()
