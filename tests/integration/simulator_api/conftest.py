"""A running simulator and a client with a token."""

from __future__ import annotations

import pytest

from tests.simulator_fakes import authorize, running_api


@pytest.fixture(scope="module")
def running():
    with running_api() as running:
        yield running


@pytest.fixture
def sim(running):
    return running.sim


@pytest.fixture
def client(running):
    authorize(running.client)
    yield running.client
    running.client.headers.pop("Authorization", None)
