"""The simulator's conversations in both shapes, for the tests of frames and reports."""

from __future__ import annotations

from functools import cache
from typing import Any

from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.world import World

SIZE = 120


@cache
def world() -> World:
    return World(42, conversations=SIZE)


@cache
def analytics() -> list[dict[str, Any]]:
    return [analytics_conversation(one, attributes=True) for one in world().conversations]


@cache
def rest() -> list[dict[str, Any]]:
    return [rest_conversation(one) for one in world().conversations]


def queue_names() -> dict[str, str]:
    return {queue.id: queue.name for queue in world().queues}
