"""Row 42 of the fault table: the clock of the wall jumps. Tokens: tests/test_clocks.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kombu.transport.native_delayed_delivery import calculate_routing_key

from genesys_workbench.events import parse_event
from genesys_workbench.messages import BINDING_KEY, Job, encode
from genesys_workbench.processing import Processing
from genesys_workbench.publisher import Publisher
from genesys_workbench.store import Store
from tests.faults.rig import Rig
from tests.faults.sender import Delivery
from tests.store_fakes import detail, second, snapshot

HOUR = 3600


def test_row_42_a_retry_waits_no_longer_although_the_clock_was_set_back_meanwhile(
    rig: Rig,
) -> None:
    rig.worker()
    body = rig.sender.event()
    message = encode(parse_event(body), received_at=datetime.now(UTC))
    retried = replace(
        message,
        exchange="celery_delayed_27",
        routing_key=calculate_routing_key(1, BINDING_KEY),
        headers={
            **message.headers,
            "retries": 1,
            "eta": (datetime.now(UTC) + timedelta(hours=1, seconds=1)).isoformat(),
        },
    )
    with Publisher(rig.broker_url) as publisher:
        publisher.publish(retried).result(10)
    rig.sender.ledger[message.event_id] = Delivery(body, [202], ["published"])
    rig.wait_stored(seconds=20)
    rig.settle()


class Wall:
    """A clock of the wall, of which each conversation that is fetched knows the true time."""

    def __init__(self) -> None:
        self.true = 60.0
        self.off = 0.0
        self.fetches = 0

    def __call__(self) -> datetime:
        return second(self.true + self.off)

    def fetch(self, conversation_id: str) -> dict[str, Any]:
        self.fetches += 1
        return snapshot(c=conversation_id, end=self.true)


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def store(tmp_path: Path, wall: Wall) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'store.db'}", clock=wall)
    opened.prepare()
    yield opened
    opened.close()


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_row_42_what_is_fetched_later_is_what_counts_though_the_clock_jumped(
    store: Store, wall: Wall, jump: float
) -> None:
    processing = Processing(store, wall.fetch, clock=wall)
    wall.off = -jump
    processing.run(Job(detail("e1", at=wall.true)), attempt=1)
    wall.off, wall.true = 0, 300.0
    processing.run(Job(detail("e2", at=wall.true)), attempt=1)
    found = store.conversation("c1")
    assert found is not None
    assert wall.fetches == 2
    assert found["raw"]["endTime"] == snapshot(end=300.0)["endTime"]
    assert found["endedAt"] == second(300)
    assert store.known(["e1", "e2"]) == {"e1", "e2"}
