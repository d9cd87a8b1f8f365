"""Rows 31 and 33: deliveries that come twice, at once, or in disorder."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from genesys_workbench.events import parse_event
from genesys_workbench.simulator.detail_events import detail_events
from genesys_workbench.simulator.envelopes import render
from genesys_workbench.simulator.world import World
from genesys_workbench.store import Store
from tests.faults.rig import Rig
from tests.integration.workers import wait_until
from tests.store_fakes import facts_only

SEED = 33


def test_row_31_a_delivery_that_comes_again_is_one_record_with_a_count(rig: Rig) -> None:
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    ids = rig.sender.send(20)
    event = rig.sender.event()
    with ThreadPoolExecutor(20) as pool:  # each with a connection of its own
        answers = list(pool.map(lambda _: rig.sender.deliver(event), range(20)))
    assert answers == [202] * 20
    rig.wait_stored()
    rig.sender.again([*ids, event["eventId"]])
    wait_until(lambda: rig.store.counts()["duplicates"] == 20 + 20, what="each one counted")
    rig.settle()
    assert rig.store.counts()["events"] == 21
    counted = {each["eventId"]: each["deliveries"] for each in rig.store.events()}
    assert counted == dict.fromkeys(ids, 2) | {event["eventId"]: 21}


def test_row_33_events_in_any_order_end_in_the_state_of_the_right_order(
    rig: Rig, tmp_path: Path
) -> None:
    bodies = _happened()
    expected = _in_order(tmp_path / "in-order.db", bodies)
    rig.receiver()
    rig.worker(concurrency=4)
    rig.wait_ready()
    shuffled = random.Random(SEED).sample(bodies, len(bodies))
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(rig.sender.deliver, shuffled))
    assert answers == {202}
    rig.settle()
    assert _conversations(rig.store) == expected


def _happened() -> list[dict[str, Any]]:
    """Return what happened in some conversations of all kinds, by time."""
    conversations = World(SEED, conversations=20).conversations
    drawn = [(event, each) for each in conversations for event in detail_events(each)]
    drawn.sort(key=lambda pair: pair[0].occurred_at)
    bodies = [render(event, "eventbridge", conversation=each) for event, each in drawn]
    return [body | {"eventId": body["id"]} for body in bodies]  # by which the sender knows it


def _in_order(path: Path, bodies: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    store = Store.prepared(f"sqlite:///{path}")
    for body in bodies:
        store.record(parse_event(body))
    expected = _conversations(store)
    store.close()
    return expected


def _conversations(store: Store) -> dict[str, dict[str, Any]]:
    ids = [each["conversationId"] for each in store.conversations()]
    return {each: facts_only(store.conversation(each)) for each in ids}
