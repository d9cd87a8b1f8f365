from __future__ import annotations

import copy
import json
from dataclasses import fields
from functools import cache
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_series_equal

from genesys_workbench.conversations import facts_of_conversation
from genesys_workbench.errors import WorkbenchError
from genesys_workbench.facts import ConversationFacts
from genesys_workbench.frames import Frames, columns, from_conversations, gathering
from genesys_workbench.frames.catalogue import CATALOGUE
from genesys_workbench.frames.frameset import FRAMES
from genesys_workbench.privacy import mask_conversation
from genesys_workbench.simulator.people import CUSTOMERS
from tests.frames_fakes import SIZE, analytics, queue_names, rest, world

KEY = "a key of the tests"
NOT_FACTS = {"participants", "complete", "customer_key", "customer_name", "queue_names"}


def one(frame: pd.DataFrame, conversation_id: str) -> pd.DataFrame:
    return frame[frame.conversation_id == conversation_id].reset_index(drop=True)


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


@pytest.fixture(scope="module")
def told() -> Frames:
    return from_conversations(analytics(), queue_names=queue_names(), key=KEY)


@pytest.mark.parametrize("items", [[], [None]], ids=["empty", "garbage only"])
def test_frames_without_a_conversation_have_all_columns_with_their_dtypes(items: list[Any]) -> None:
    frames = from_conversations(items)
    for name in FRAMES:
        expected = {column.name: column.dtype for column in CATALOGUE[name]}
        assert dtypes(getattr(frames, name)) == expected
        assert len(getattr(frames, name)) == (len(items) if name == "rejected" else 0)


def test_full_frames_have_the_same_columns_and_dtypes_as_empty_ones(told: Frames) -> None:
    for name in FRAMES:
        full, empty = getattr(told, name), getattr(from_conversations([]), name)
        assert dtypes(full) == dtypes(empty)
        for column in CATALOGUE[name]:
            if column.categories:
                known = list(full[column.name].cat.categories)[: len(column.categories)]
                assert known == list(column.categories)


def test_every_column_is_documented() -> None:
    for name in CATALOGUE:
        documented = columns(name)
        assert list(documented.columns) == ["dtype", "unit", "meaning", "source", "personal"]
        assert (documented.meaning.str.len() >= 3).all()
        assert documented.index.is_unique


def test_an_unknown_frame_is_refused_with_the_names_of_those_there_are() -> None:
    with pytest.raises(WorkbenchError, match=r"no frame 'calls'[\s\S]*conversations, part"):
        columns("calls")


def test_the_fields_of_the_facts_are_columns_of_conversations() -> None:
    facts = {field.name for field in fields(ConversationFacts)} - {"complete"}
    assert facts <= {column.name for column in CATALOGUE["conversations"]}


@pytest.mark.parametrize("shape", [analytics, rest], ids=["analytics", "rest"])
def test_a_row_says_what_the_facts_say(shape: Any) -> None:
    rows = from_conversations(shape()).conversations.set_index("conversation_id")
    for body in shape():
        facts = facts_of_conversation(body)
        for name in ConversationFacts.__slots__:
            if name in NOT_FACTS or name == "conversation_id":
                continue
            value, expected = rows.loc[facts.conversation_id, name], getattr(facts, name)
            assert pd.isna(value) if expected is None else value == expected, name


def test_both_shapes_in_one_list_give_one_set_of_frames(told: Frames) -> None:
    half = SIZE // 2
    mixed = from_conversations([*analytics()[:half], *rest()[half:]], key=KEY)
    assert list(mixed.conversations.told_by) == ["analytics"] * half + ["rest"] * (SIZE - half)
    same = ["conversation_id", "started_at", "media_type", "wait_s", "transfers", "abandoned"]
    assert_frame_equal(mixed.conversations[same], told.conversations[same])
    same = ["participant_id", "purpose", "user_id", "wait_s", "talk_s", "transfers"]
    assert_frame_equal(mixed.participants[same], told.participants[same])


def test_each_participant_session_segment_and_metric_has_its_row(told: Frames) -> None:
    people = [person for body in analytics() for person in body["participants"]]
    sessions = [session for person in people for session in person["sessions"]]
    segments = [segment for session in sessions for segment in session["segments"]]
    metrics = {(s["sessionId"], m["name"]) for s in sessions for m in s.get("metrics", [])}
    assert list(told.participants.participant_id) == [one["participantId"] for one in people]
    assert list(told.sessions.session_id) == [one["sessionId"] for one in sessions]
    assert list(told.segments.segment_type) == [one["segmentType"] for one in segments]
    assert set(zip(told.metrics.session_id, told.metrics.name, strict=True)) == metrics


def test_times_of_metrics_are_seconds_and_counts_are_counts(told: Frames) -> None:
    wait = told.metrics[told.metrics.name == "tAcd"]
    sessions = told.sessions.set_index("session_id").duration_s
    assert list(wait.value) == pytest.approx(list(sessions[wait.session_id]))
    assert set(wait.unit) == {"s"}
    assert set(told.metrics[told.metrics.name == "nOffered"].value) == {1.0}


def test_sums_over_the_participants_are_those_of_the_conversation(told: Frames) -> None:
    sums = told.participants.groupby("conversation_id")[["wait_s", "handle_s", "transfers"]].sum()
    rows = told.conversations.set_index("conversation_id").loc[sums.index]
    assert list(sums.wait_s) == pytest.approx(list(rows.wait_s.fillna(0)))
    assert list(sums.handle_s) == pytest.approx(list(rows.handle_s.fillna(0)))
    assert list(sums.transfers) == list(rows.transfers)


def test_only_the_queue_that_the_customer_gave_up_in_is_abandoned(told: Frames) -> None:
    left = told.participants[told.participants.abandoned.fillna(False)]
    assert set(left.purpose) == {"acd"}
    lost = told.conversations[told.conversations.abandoned.fillna(False)]
    assert sorted(left.conversation_id) == sorted(lost.conversation_id)
    assert len(lost) > 0


def test_names_of_queues_come_from_the_caller_or_from_rest_conversations_beside() -> None:
    assert from_conversations(analytics()).participants.queue_name.isna().all()
    for frames in (
        from_conversations(analytics(), queue_names=queue_names()),
        from_conversations([*rest(), *analytics()]),
    ):
        names = frames.participants.set_index("queue_id").queue_name.dropna()
        assert names.to_dict().items() <= queue_names().items()
        first = frames.conversations.dropna(subset="queue_id")
        assert list(first.queue_name) == [queue_names()[one] for one in first.queue_id]
        several = frames.conversations.iloc[0]
        assert several.queue_names == tuple(queue_names()[one] for one in several.queue_ids)


def test_of_a_conversation_that_is_told_twice_the_last_telling_counts() -> None:
    earlier = copy.deepcopy(analytics()[0])
    del earlier["conversationEnd"]
    frames = from_conversations([earlier, analytics()[1], analytics()[0]])
    assert len(frames.conversations) == 2
    alone = from_conversations([analytics()[1], analytics()[0]])
    assert_frame_equal(frames.segments, alone.segments)
    assert frames.rejected.row.tolist() == [0]
    assert "told again in row 2" in frames.rejected.reason[0]


# Masking


def personal_values() -> set[str]:
    values = {
        text
        for one in CUSTOMERS
        for text in (one.name, one.email, one.phone, one.phone.removeprefix("+"))
    }
    return values | {user.name for user in world().users}


@pytest.mark.parametrize("shape", [analytics, rest], ids=["analytics", "rest"])
def test_no_personal_value_is_shown_unless_it_is_asked_for(shape: Any) -> None:
    hidden, shown = (from_conversations(shape(), show_personal=show) for show in (False, True))
    texts = ["\n".join(getattr(f, n).to_csv() for n in FRAMES) for f in (hidden, shown)]
    assert [value for value in personal_values() if value in texts[0]] == []
    assert len([value for value in personal_values() if value in texts[1]]) > 50


def test_equal_values_have_equal_masks_across_frames_shapes_and_runs() -> None:
    a, b = from_conversations(analytics(), key=KEY), from_conversations(rest(), key=KEY)
    keys = a.conversations.customer_key.dropna()  # analytics tells no address of a chat
    assert len(keys) > SIZE / 2
    assert list(keys) == list(b.conversations.customer_key[keys.index])
    assert_series_equal(a.participants.name, b.participants.name)
    customers = a.participants[a.participants.purpose == "customer"]
    merged = a.conversations.merge(customers, left_on="customer_name", right_on="name")
    assert len(merged) >= len(customers)
    other = from_conversations(analytics(), key="another")
    assert not set(other.conversations.customer_key.dropna()) & set(keys)


def test_attributes_are_masked_however_deep_as_everywhere_else() -> None:
    odd = copy.deepcopy(analytics()[0])
    values = {"number": 20255, "vip": True, "none": None, "deep": [{"name": ["Imogen", "Imogen"]}]}
    odd["participants"][0]["attributes"] = values
    told = from_conversations([odd], key=KEY).participants.attributes[0]
    assert json.loads(told) == mask_conversation({"attributes": values}, KEY)["attributes"]
    assert "20255" not in told
    shown = from_conversations([odd], show_personal=True).participants.attributes[0]
    assert json.loads(shown) == values


def test_names_of_queues_and_flows_stay(told: Frames) -> None:
    queues = told.participants[told.participants.purpose == "acd"]
    assert not queues.name.str.startswith("masked-").any()
    assert told.sessions.flow_name.dropna().str.len().gt(0).all()


# What is no conversation


def test_a_malformed_row_is_kept_apart_with_its_place_and_reason() -> None:
    rows = [*analytics()[:2], {"id": "c-1", "phone": "+12025550143"}, 7, "text", None, ["a"]]
    frames = from_conversations(rows)
    assert len(frames.conversations) == 2
    assert frames.rejected.row.tolist() == [2, 3, 4, 5, 6]
    assert frames.rejected.conversation_id[0] == "c-1"
    assert frames.rejected.reason.str.endswith(".").all()
    assert "2025550143" not in frames.rejected.to_csv()
    assert "2025550143" in from_conversations(rows, show_personal=True).rejected.to_csv()


@pytest.mark.parametrize("metric", [("tTalk", 10**400), ("nTransferred", 1e300)], ids=str)
def test_a_number_that_no_column_can_hold_costs_its_own_row_only(metric: Any) -> None:
    odd = copy.deepcopy(analytics()[0])
    agent = next(one for one in odd["participants"] if one["purpose"] == "agent")
    agent["sessions"][0]["metrics"] = [dict(zip(("name", "value"), metric, strict=True))]
    frames = from_conversations([odd, analytics()[1]])
    assert list(frames.conversations.conversation_id) == [analytics()[1]["conversationId"]]
    assert frames.rejected.reason[0].startswith("The conversation cannot be read: Overflow")


def test_a_name_that_no_column_can_hold_is_made_one_that_it_can() -> None:
    odd = copy.deepcopy(analytics()[0])
    names = ["t\ud800", "n\0", " ", None]
    metrics = [{"name": name, "value": 1} for name in names]
    odd["participants"][0]["sessions"][0]["metrics"] = metrics
    odd["participants"][0]["purpose"] = odd["participants"][0]["userId"] = "\udfff"
    frames = from_conversations([odd, analytics()[1]])
    assert list(frames.metrics.name[:2]) == ["t\ufffd", "n\ufffd"]
    assert frames.participants.purpose[0] == "\ufffd"
    assert list(frames.conversations.participants) == [
        len(one["participants"]) for one in analytics()[:2]
    ]


def test_counts_that_no_column_can_hold_cost_their_row_even_if_their_sum_could() -> None:
    odd = copy.deepcopy(analytics()[0])
    agent = next(one for one in odd["participants"] if one["purpose"] == "agent")
    odd["participants"] += [copy.deepcopy(agent) for _ in range(2)]
    for person, value in zip(odd["participants"][-2:], (1e300, -1e300), strict=True):
        person["sessions"][0]["metrics"] = [{"name": "nTransferred", "value": value}]
    assert len(from_conversations([odd, analytics()[1]]).conversations) == 1


def test_words_that_nobody_knew_are_the_last_categories_by_the_alphabet() -> None:
    odd = copy.deepcopy(analytics()[0])
    words = ["zebra", "yak", "ant", "mole", "bee"]
    odd["participants"] = [{"participantId": word, "purpose": word} for word in words]
    purposes = from_conversations([odd]).participants.purpose
    assert list(purposes) == words
    assert list(purposes.cat.categories[-5:]) == sorted(words)


def test_many_conversations_are_packed_in_parts_that_make_the_same_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bodies = [*rest()[:5], *analytics()[:9], {"id": "none"}, *analytics()[7:12], *rest()[20:23]]
    expected = from_conversations(bodies, key=KEY)
    monkeypatch.setattr(gathering, "_PACK_EVERY", 3)
    found = from_conversations(bodies, key=KEY)
    for name in FRAMES:
        assert_frame_equal(getattr(found, name), getattr(expected, name))
    assert len(expected.rejected) == 8


NAMES = (
    "id conversationId participants sessions segments metrics name value purpose userId mediaType "
    "calls startTime conversationStart segmentStart attributes wrapup code flow divisions queueId"
).split()
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
GARBAGE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=25,
)
BODIES = st.fixed_dictionaries(
    {"participants": st.lists(GARBAGE, max_size=3)},
    optional={name: GARBAGE for name in NAMES if name != "participants"},
)


@cache
def only_the_fourth() -> Frames:
    return from_conversations([analytics()[3]], key=KEY)


@settings(max_examples=20)
@given(st.lists(GARBAGE | BODIES, max_size=4), st.integers(0, 4))
def test_garbage_never_raises_and_never_costs_a_neighbour(garbage: list[Any], place: int) -> None:
    valid = analytics()[3]
    frames = from_conversations([*garbage[:place], valid, *garbage[place:]], key=KEY)
    alone = only_the_fourth()
    for name in ("conversations", "participants", "sessions", "segments", "metrics"):
        found = one(getattr(frames, name), valid["conversationId"])
        expected = getattr(alone, name)
        assert_frame_equal(found, expected, check_categorical=False)
    assert len(frames.conversations) + len(frames.rejected) == len(garbage) + 1


def test_a_selection_keeps_the_rows_of_its_conversations_in_all_frames(told: Frames) -> None:
    wanted = told.conversations.conversation_id[:3]
    some = told.of(wanted)
    for name in ("conversations", "participants", "sessions", "segments", "metrics"):
        assert set(getattr(some, name).conversation_id) <= set(wanted)
    assert len(some.conversations) == 3
    assert repr(some).startswith("Frames(conversations: 3, ")
