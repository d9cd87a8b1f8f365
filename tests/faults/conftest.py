"""A RabbitMQ node for the fault tests of a session, and an installation on it for each test."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench.broker import open_channel, setup_topology
from genesys_workbench.messages import CANARY_QUEUE, DEAD_QUEUE, QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.settings import Settings
from tests.faults.rig import Rig
from tests.faults.stock import StockNode

MakeRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def shared_node() -> Iterator[PrivateNode]:
    """The node of the session; a test may kill and restart it, and leaves it running."""
    with PrivateNode() as node:
        setup_topology(node.url, Settings(_env_file=None))
        yield node


@pytest.fixture
def node(shared_node: PrivateNode) -> Iterator[PrivateNode]:
    """The session's node with empty queues; brought back if the test left it dead or stopped."""
    for queue in (QUEUE, DEAD_QUEUE, CANARY_QUEUE):
        with open_channel(shared_node.url) as channel:
            channel.queue_purge(queue)
    yield shared_node
    with suppress(ProcessLookupError):
        os.kill(shared_node.pid, signal.SIGCONT)
    if not shared_node.answers():
        shared_node.restart()


@pytest.fixture
def fresh_node() -> Iterator[PrivateNode]:
    """A node of the test's own, for what cannot be undone; without a topology."""
    with PrivateNode() as node:
        yield node


@pytest.fixture
def stock_node() -> Iterator[StockNode]:
    """The same as it comes, without what ours is told; without a topology."""
    with StockNode() as node:
        yield node


@pytest.fixture
def make_rig(
    request: pytest.FixtureRequest, node: PrivateNode, tmp_path: Path
) -> Iterator[MakeRig]:
    """Make an installation on the session's node, or on another one."""
    with ExitStack() as stack:

        def make(on: PrivateNode = node, **settings: Any) -> Rig:
            salt = re.sub(r"[^\w.-]+", "-", request.node.name)[:100]  # fit for an event id
            return stack.enter_context(Rig(on, tmp_path, salt=salt, **settings))

        yield make


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """An installation with the usual settings; nothing runs yet."""
    return make_rig()
