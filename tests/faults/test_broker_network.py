"""Rows 7 and 8 of the fault table: the network between our parts and the broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from genesys_workbench.node import PrivateNode
from tests.faults.conftest import MakeRig
from tests.faults.proxy import FaultProxy
from tests.faults.rig import Rig
from tests.integration.workers import wait_until

WORKER = "WORKBENCH_BROKER_URL"


@pytest.fixture
def proxy(node: PrivateNode) -> Iterator[FaultProxy]:
    """Between some part of an installation and its broker."""
    with FaultProxy(int(urlsplit(node.url).port or 0)) as running:
        yield running


def through(proxy: FaultProxy) -> str:
    """Return the broker's URL by way of the proxy; a silent connection is given up after 7 s."""
    return f"amqp://guest:guest@127.0.0.1:{proxy.port}/?heartbeat=2"


@pytest.fixture
def rig(make_rig: MakeRig, node: PrivateNode, proxy: FaultProxy) -> Rig:
    """A receiver behind the proxy and a worker beside it, both ready."""
    rig = make_rig(broker_url=SecretStr(through(proxy)))
    rig.receiver()
    rig.worker(**{WORKER: node.url})
    rig.wait_ready()
    return rig


def test_row_7_confirms_that_vanish_are_waited_for_and_the_copies_are_deduped(
    rig: Rig, proxy: FaultProxy
) -> None:
    worker = rig.processes[1]
    with rig.sender.stream(rate=50):
        proxy.deaf = True
        rig.wait_ready(503, seconds=5)
        proxy.deaf = False
        proxy.cut()
        rig.wait_ready(200, seconds=10)
    assert rig.sender.statuses.keys() == {202}
    rig.settle()
    assert "duplicate" in worker.log


def test_row_7_a_half_open_connection_is_given_up_and_replaced(rig: Rig, proxy: FaultProxy) -> None:
    with rig.sender.stream(rate=20):
        proxy.forget()
        rig.wait_ready(503, seconds=5)
        rig.wait_ready(200, seconds=30)
    assert rig.sender.statuses.keys() == {202}
    assert rig.sender.ways["spooled"] > 0
    rig.settle()


def test_row_7_a_black_hole_is_bridged_by_the_spool(rig: Rig, proxy: FaultProxy) -> None:
    proxy.swallow = True
    # This one is sent in good faith; it is the confirm that does not come.
    assert rig.sender.deliver(rig.sender.event(), timeout=10) == 202
    assert rig.sender.ways == {"spooled": 1}
    rig.wait_ready(503, seconds=5)
    with rig.sender.stream(rate=50):
        rig.sender.send(50)
        proxy.swallow = False
        proxy.cut()
        rig.wait_ready(200, seconds=10)
    assert rig.sender.statuses.keys() == {202}
    rig.settle()


def test_row_7_a_worker_whose_connection_is_half_open_takes_up_its_work_again(
    make_rig: MakeRig, node: PrivateNode, proxy: FaultProxy
) -> None:
    rig = make_rig()
    rig.receiver()
    rig.worker(**{WORKER: through(proxy)})
    rig.wait_ready()
    rig.sender.send(20)
    rig.wait_stored()
    proxy.forget()
    rig.sender.send(20)
    rig.wait_stored(seconds=60)
    rig.settle()


def _late(proxy: FaultProxy) -> None:
    proxy.delay = 0.05


def _sliced(proxy: FaultProxy) -> None:
    proxy.slices = 7


@pytest.mark.parametrize("harm", [_late, _sliced], ids=["late", "sliced"])
def test_row_8_a_network_that_is_late_or_cuts_in_slices_is_slower_only(
    rig: Rig, proxy: FaultProxy, harm: Callable[[FaultProxy], None]
) -> None:
    harm(proxy)
    rig.sender.send(100)
    assert rig.sender.ways["published"] > 0
    assert rig.sender.statuses == {202: 100}
    rig.settle()


def test_row_8_resets_in_the_middle_of_a_burst_lose_nothing(rig: Rig, proxy: FaultProxy) -> None:
    with rig.sender.stream(rate=100):
        for number in range(1, 6):
            wait_until(lambda n=number: len(rig.sender.accepted) > 40 * n, what="deliveries")  # type: ignore[misc]
            assert proxy.cut(reset=True) > 0
            rig.wait_ready(200, seconds=10)
    assert rig.sender.statuses.keys() == {202}
    rig.settle()
