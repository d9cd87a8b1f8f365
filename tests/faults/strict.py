"""A node that gives up soon: three deliveries, and three seconds for a dead letter's confirm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genesys_workbench.broker import open_channel, setup_topology
from genesys_workbench.messages import DEAD_QUEUE, QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.settings import Settings
from tests.faults.conftest import MakeRig
from tests.faults.rig import Rig

__all__ = ["LIMIT", "strict_broker", "strict_rigs"]

LIMIT = 3
# Else RabbitMQ tries again after three minutes; read when a queue is declared.
IMPATIENCE = "application:set_env(rabbit, dead_letter_worker_publisher_confirm_timeout, 3000)."


@pytest.fixture(name="strict_node", scope="module")
def strict_broker() -> Iterator[PrivateNode]:
    """The node of a module's tests."""
    with PrivateNode() as node:
        node.control("eval", IMPATIENCE)
        setup_topology(node.url, Settings(_env_file=None, delivery_limit=LIMIT))
        yield node


@pytest.fixture(name="make_strict")
def strict_rigs(strict_node: PrivateNode, make_rig: MakeRig) -> MakeRig:
    """Make an installation on it, its queues empty."""
    for queue in (QUEUE, DEAD_QUEUE):
        with open_channel(strict_node.url) as channel:
            channel.queue_purge(queue)

    def make(**settings: object) -> Rig:
        return make_rig(strict_node, delivery_limit=LIMIT, **settings)

    return make
