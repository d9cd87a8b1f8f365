"""A running simulator and a receiver that keeps what it gets."""

from __future__ import annotations

import pytest

from genesys_workbench.simulator.server import Simulator
from tests.simulator_fakes import Receiver


@pytest.fixture(scope="module")
def running():
    receiver = Receiver()
    with Simulator(conversations=40) as sim, receiver.server:
        yield sim, receiver


@pytest.fixture
def sim(running):
    return running[0]


@pytest.fixture
def receiver(running):
    running[1].reset()
    return running[1]
