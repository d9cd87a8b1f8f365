"""Which events are delivered: in order of time, distinct, salted on request."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice, pairwise

import pytest

from genesys_workbench.errors import SettingsError
from genesys_workbench.events import parse_event
from genesys_workbench.simulator import drawing
from genesys_workbench.simulator.drawing import CREATED, UPDATED, draw, salted, timeline
from genesys_workbench.simulator.envelopes import ENVELOPES
from genesys_workbench.simulator.world import World

BOTH = frozenset({CREATED, UPDATED})


@pytest.fixture(scope="module")
def world():
    return World(42, conversations=40)


def drawn(world, number, **options):
    return list(islice(draw(world.conversations, kinds=BOTH, **options), number))


def test_the_timeline_runs_in_order_and_knows_the_first_event_of_each(world):
    moments = list(timeline(world.conversations))
    times = [moment.event.occurred_at for moment in moments]
    assert times == sorted(times)
    created = [moment.conversation.id for moment in moments if moment.kind == CREATED]
    assert created == [item.id for item in world.conversations]


def test_conversations_interleave_as_they_really_would(world):
    order = [moment.conversation.id for moment in timeline(world.conversations)]
    blocks = 1 + sum(first != second for first, second in pairwise(order))
    assert blocks > len(world.conversations)


def test_a_few_events_play_a_few_conversations_only():
    world = World(42, conversations=10_000)
    drawn(world, 10)
    assert len(world.conversations._made) < 200


@pytest.mark.parametrize("envelope", ["mixed", *ENVELOPES])
def test_drawn_events_are_distinct_and_carry_the_id_a_receiver_finds(world, envelope):
    events = drawn(world, 150, envelope=envelope)
    parsed = [parse_event(json.loads(event.body)) for event in events]
    assert [event.event_id for event in events] == [item.event_id for item in parsed]
    assert [event.envelope for event in events] == [item.envelope for item in parsed]
    assert [event.conversation_id for event in events] == [i.conversation_id for i in parsed]
    assert len({event.event_id for event in events}) == 150


def test_mixed_envelopes_take_turns_and_the_seeds_tells_of_creations_only(world):
    plain = {event.event_id for event in drawn(world, 40, envelope="seed")}
    events = drawn(world, 200)
    counts = Counter(event.envelope for event in events)
    assert counts.keys() == set(ENVELOPES)
    assert min(counts[name] for name in ENVELOPES if name != "seed") >= 50
    assert {event.event_id for event in events if event.envelope == "seed"} <= plain


def test_the_seeds_envelope_brings_each_conversation_once_before_it_begins_again(world):
    events = drawn(world, 100, envelope="seed")
    order = [event.conversation_id for event in events]
    assert order[:40] == order[40:80] == [item.id for item in world.conversations]


def test_the_same_seed_draws_the_same_bytes(world):
    assert drawn(world, 50) == drawn(world, 50)
    assert [e.envelope for e in drawn(world, 50, seed=1)] != [e.envelope for e in drawn(world, 50)]


def test_skipping_goes_on_where_another_run_ended(world):
    assert drawn(world, 60)[20:] == drawn(world, 40, skip=20)


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_salt_gives_every_event_another_id_and_nothing_else(world, envelope):
    def told(event):
        parsed = parse_event(json.loads(event.body))
        return parsed.conversation_id, parsed.event_type, parsed.media_type

    plain, again = (
        drawn(world, 40, envelope=envelope),
        drawn(world, 40, envelope=envelope, salt="b"),
    )
    assert not {e.event_id for e in plain} & {e.event_id for e in again}
    assert [told(e) for e in plain] == [told(e) for e in again]


def test_a_salt_moves_times_by_less_than_a_second():
    body = {"conversationId": "c", "timestamp": "2026-01-05T08:00:00.000Z", "n": 3}
    moved = salted(body, "seed", "b")
    assert moved["timestamp"].startswith("2026-01-05T08:00:00.")
    assert moved["timestamp"] != body["timestamp"]
    assert moved["n"] == 3
    assert salted({"eventTime": 5000}, "notification", "b")["eventTime"] in range(5001, 6000)
    assert salted(body, "seed", "") == body


def test_a_salt_tags_a_notification_in_which_nothing_has_a_time():
    body = {"topicName": "t", "eventBody": {"id": "c", "participants": []}}
    tagged = body["eventBody"] | {"externalTag": "b"}
    assert salted(body, "notification", "b") == body | {"eventBody": tagged}


def test_an_empty_world_has_nothing_to_deliver():
    with pytest.raises(SettingsError, match="no event to deliver"):
        drawn(World(42, conversations=0), 1)


def test_too_many_distinct_events_of_too_small_a_world_are_an_error(monkeypatch):
    monkeypatch.setattr(drawing, "_SHIFTS", 20)
    with pytest.raises(SettingsError, match="too few events"):
        drawn(World(42, conversations=1), 30, envelope="seed")
