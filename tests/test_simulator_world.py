"""The simulated contact centre is seeded, lazy and believable."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from random import Random

import pytest

from genesys_workbench.errors import SettingsError
from genesys_workbench.simulator.people import CUSTOMERS, OWN_NUMBERS, QUEUES, USERS
from genesys_workbench.simulator.scenarios import SCENARIOS
from genesys_workbench.simulator.stage import Stage
from genesys_workbench.simulator.times import epoch_ms, iso, make_id
from genesys_workbench.simulator.truth import (
    AGENT_PURPOSES,
    CUSTOMER_PURPOSES,
    SimConversation,
    as_of,
)
from genesys_workbench.simulator.world import World

FICTION = re.compile(r"\+120255501\d\d|\+442079460\d{3}|\+447700900\d{3}")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def first(world: World, scenario: str) -> SimConversation:
    return next(item for item in world.conversations if item.scenario == scenario)


def every(world: World, scenario: str) -> list[SimConversation]:
    return [item for item in world.conversations if item.scenario == scenario]


def test_the_same_seed_makes_the_same_world(world: World) -> None:
    assert World().conversations[:40] == world.conversations[:40]


def test_another_seed_makes_another_world(world: World) -> None:
    assert World(7).conversations[0].id != world.conversations[0].id


def test_ids_depend_neither_on_the_start_nor_on_the_count(world: World) -> None:
    later = World(conversations=30, start=datetime(2027, 3, 1, 9, tzinfo=UTC))
    for there, here in zip(later.conversations, world.conversations[:30], strict=True):
        assert there.id == here.id
        assert there.scenario == here.scenario
        assert [p.id for p in there.participants] == [p.id for p in here.participants]


def test_another_start_moves_everything_by_the_same_time(world: World) -> None:
    moved = World(conversations=30, start=world.start + DAY)
    for there, here in zip(moved.conversations, world.conversations[:30], strict=True):
        assert there.start == here.start + DAY
        assert there.participants[-1].sessions[-1].start - here.start - DAY == (
            here.participants[-1].sessions[-1].start - here.start
        )


def test_a_start_in_another_zone_is_the_same_moment() -> None:
    abroad = datetime(2026, 1, 5, 9, 0, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    assert World(conversations=3, start=abroad).conversations[:] == World().conversations[:3]


def test_conversations_are_in_order_and_have_ids_of_their_own(world: World) -> None:
    assert len(world.conversations) == 500
    assert all(a.start < b.start for a, b in pairwise(world.conversations))
    assert len({item.id for item in world.conversations}) == 500


def test_conversations_are_made_when_asked_for_and_kept() -> None:
    large = World(conversations=50_000)
    last = large.conversations[-1]
    assert large.conversations[49_999] is last
    assert large.by_id(last.id) is last


def test_an_index_beyond_the_end_is_an_error_as_in_a_list(world: World) -> None:
    with pytest.raises(IndexError):
        world.conversations[500]
    assert list(World(conversations=0).conversations) == []


def test_an_unknown_id_is_nothing(world: World) -> None:
    assert world.by_id(world.conversations[3].id) is world.conversations[3]
    assert world.by_id("00000000-0000-4000-8000-000000000000") is None


@pytest.mark.parametrize(
    ("conversations", "start"), [(5, datetime(2026, 1, 1)), (-1, datetime(2026, 1, 1, tzinfo=UTC))]
)
def test_a_start_without_zone_or_a_negative_count_is_refused(
    conversations: int, start: datetime
) -> None:
    with pytest.raises(SettingsError, match="time zone"):
        World(conversations=conversations, start=start)


def test_every_scenario_occurs_about_as_often_as_its_share() -> None:
    many = Counter(item.scenario for item in World(1, conversations=2500).conversations)
    assert sum(scenario.share for scenario in SCENARIOS) == 1000
    for scenario in SCENARIOS:
        assert 0.4 < many[scenario.name] / (scenario.share * 2.5) < 1.7


def test_a_world_of_five_hundred_has_every_scenario(world: World) -> None:
    assert {item.scenario for item in world.conversations} == {item.name for item in SCENARIOS}


def test_segments_follow_each_other_without_gap(world: World) -> None:
    for item in world.conversations:
        for _, session in item.sessions():
            for before, after in pairwise(session.segments):
                assert before.end == after.start
                assert before.start < after.start
                assert before.disconnect is None
            assert (session.end is None) == (session.disconnect is None)


def test_a_conversation_ends_with_its_last_session(world: World) -> None:
    for item in world.conversations:
        ends = [session.end for _, session in item.sessions()]
        assert (item.end is None) == (None in ends)
        assert item.end is None or item.end == max(end for end in ends if end is not None)
        assert item.start == min(session.start for _, session in item.sessions())


def test_some_conversations_are_still_going_on(world: World) -> None:
    going = {item.scenario for item in world.conversations if item.end is None}
    assert going == {"voice-active", "email-waiting", "message-active"}


def test_short_calls_take_less_than_ten_seconds_and_long_ones_hours(world: World) -> None:
    for item in every(world, "voice-short"):
        assert item.end is not None
        assert item.end - item.start < timedelta(seconds=10)
    for item in every(world, "voice-long"):
        assert item.end is not None
        assert item.end - item.start > timedelta(hours=2)


def test_a_transfer_has_two_queues_and_two_agents(world: World) -> None:
    for item in every(world, "voice-transfer"):
        people = item.participants
        assert len({p.queue for p in people if p.purpose == "acd"}) == 2
        assert len({p.user for p in people if p.purpose == "agent"}) == 2


def test_in_a_conference_two_agents_speak_at_once(world: World) -> None:
    for item in every(world, "voice-conference"):
        people = [p for p in item.participants if p.purpose in AGENT_PURPOSES | CUSTOMER_PURPOSES]
        joint = [p.sessions[0].segments[-1] for p in people]
        assert len(joint) == 3
        assert all(segment.conference for segment in joint)
        assert max(s.start for s in joint) < min(s.end for s in joint if s.end is not None)


def test_a_consult_keeps_the_customer_on_hold_and_names_who_asked(world: World) -> None:
    item = first(world, "voice-consult")
    asking, asked = (p for p in item.participants if p.purpose in AGENT_PURPOSES)
    assert asking.sessions[0].segments[-1].kind == "hold"
    assert asking.sessions[0].disconnect == "consultTransfer"
    assert asked.consult_participant_id == asking.id


def test_an_internal_call_has_no_customer(world: World) -> None:
    for item in every(world, "voice-internal"):
        assert [p.purpose for p in item.participants] == ["user", "user"]


def test_outbound_calls_reach_customers_of_a_queue_and_external_people(world: World) -> None:
    pairs = {tuple(p.purpose for p in item.participants) for item in every(world, "voice-outbound")}
    assert pairs == {("agent", "customer"), ("user", "external")}


@pytest.mark.parametrize(
    ("scenario", "media"),
    [
        ("voice-then-callback", ["voice", "callback"]),
        ("message-then-call", ["message", "voice"]),
    ],
)
def test_a_conversation_may_have_two_media(world: World, scenario: str, media: list[str]) -> None:
    customer = first(world, scenario).participants[0]
    assert [session.media for session in customer.sessions][:2] == media


def test_all_purposes_media_and_message_types_occur(world: World) -> None:
    pairs = [pair for item in world.conversations for pair in item.sessions()]
    purposes = "customer external ivr workflow botflow acd agent user dialer voicemail"
    assert {person.purpose for person, _ in pairs} == set(purposes.split())
    assert {s.media for _, s in pairs} == {"voice", "chat", "email", "message", "callback"}
    types = {s.message_type for _, s in pairs if s.media == "message"}
    assert types == {"sms", "whatsapp", "webmessaging", "open"}


def test_some_customers_have_no_external_contact_and_some_get_it_late(world: World) -> None:
    customers = [p for item in world.conversations for p in item.participants if p.address]
    without = sum(person.contact_id is None for person in customers)
    late = sum(person.contact_linked_at is not None for person in customers)
    assert 0.1 < without / len(customers) < 0.4
    assert 0.02 < late / len(customers) < 0.2


def test_the_same_person_comes_back_under_the_same_contact_id(world: World) -> None:
    seen = Counter(
        p.contact_id for item in world.conversations for p in item.participants if p.contact_id
    )
    assert seen.most_common(1)[0][1] > 2


def test_a_conversation_as_of_its_start_knows_nothing_of_what_came_later(world: World) -> None:
    item = first(world, "voice-inbound")
    early = as_of(item, item.start)
    (customer,) = early.participants
    assert early.end is None
    assert customer.sessions[0].end is None
    assert customer.sessions[0].peer_id is None
    assert customer.attributes == ()
    assert as_of(item, item.start + DAY) == item


def test_people_are_told_apart_and_numbers_belong_to_fiction() -> None:
    for people in (QUEUES, USERS, CUSTOMERS):
        assert len({person.name for person in people}) == len(people)
    phones = [person.phone for person in CUSTOMERS]
    assert len(set(phones)) == len(phones)
    assert all(FICTION.fullmatch(phone) for phone in (*phones, *OWN_NUMBERS))
    assert all(user.email.endswith("@example.com") for user in USERS)
    assert all(person.email.endswith("@example.org") for person in CUSTOMERS)


def test_nothing_happens_twice_in_one_millisecond() -> None:
    stage = Stage(Random(1), "c", datetime(2026, 1, 5, tzinfo=UTC), QUEUES[0])
    at = datetime(2026, 1, 5, 1, tzinfo=UTC)
    assert [stage.claim(at), stage.claim(at)] == [at, at + timedelta(milliseconds=1)]


def test_after_call_work_waits_for_the_end_of_the_session() -> None:
    stage = Stage(Random(1), "c", datetime(2026, 1, 5, tzinfo=UTC), QUEUES[0])
    line = stage.party("agent", "Ada").line("voice", "alert", direction="inbound")
    with pytest.raises(ValueError, match="has ended"):
        line.wrap_up()


def test_times_are_written_as_the_platform_writes_them() -> None:
    when = datetime(2026, 1, 5, 9, 0, 0, 7000, tzinfo=timezone(timedelta(hours=1)))
    assert iso(when) == "2026-01-05T08:00:00.007Z"
    assert epoch_ms(when) == 1767600000007
    assert make_id("a", 1) == make_id("a", 1) != make_id("a", 2)
