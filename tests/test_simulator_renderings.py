"""The renderings of a conversation agree with each other and are understood."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from genesys_workbench.errors import SettingsError
from genesys_workbench.events import parse_events
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.detail_events import DetailEvent, detail_events
from genesys_workbench.simulator.envelopes import ENVELOPES, render
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.rest_media import MEDIA_LISTS
from genesys_workbench.simulator.times import epoch_ms, iso
from genesys_workbench.simulator.truth import as_of
from genesys_workbench.simulator.world import SimConversation, World

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def one_of_each(world: World) -> list[SimConversation]:
    return list({item.scenario: item for item in world.conversations}.values())


@pytest.fixture(scope="module")
def events(world: World) -> list[tuple[SimConversation, DetailEvent]]:
    return [(item, event) for item in world.conversations[:150] for event in detail_events(item)]


@pytest.fixture(scope="module")
def few(one_of_each: list[SimConversation]) -> list[tuple[SimConversation, DetailEvent]]:
    return [(item, event) for item in one_of_each for event in detail_events(item)]


def test_detail_events_come_in_order_and_never_two_at_once(
    events: list[tuple[SimConversation, DetailEvent]],
) -> None:
    keys = [(event.conversation_id, event.occurred_at) for _, event in events]
    assert len(set(keys)) == len(keys)
    for (_, before), (_, after) in pairwise(events):
        same = before.conversation_id == after.conversation_id
        assert not same or before.occurred_at < after.occurred_at


def test_detail_events_speak_of_the_participants_and_sessions_that_rest_shows(
    events: list[tuple[SimConversation, DetailEvent]],
) -> None:
    for item, event in events:
        rest = rest_conversation(item)
        person = next(p for p in rest["participants"] if p["id"] == event.body["participantId"])
        if "sessionId" not in event.body:
            assert event.what == "attributes"
            assert event.body["attributes"].items() <= person["attributes"].items()
            continue
        line = person[MEDIA_LISTS[event.body["mediaType"].lower()]]
        assert event.body["sessionId"] in {call["id"] for call in line}
        assert event.body.get("queueId", person.get("queueId")) == person.get("queueId")


def test_rest_and_analytics_tell_the_same_story(world: World) -> None:
    for item in world.conversations[:200]:
        rest, analytics = rest_conversation(item), analytics_conversation(item, attributes=True)
        assert rest["startTime"] == analytics["conversationStart"]
        assert rest.get("endTime") == analytics.get("conversationEnd")
        for there, here in zip(rest["participants"], analytics["participants"], strict=True):
            assert there["id"] == here["participantId"]
            assert there["purpose"] == here["purpose"]
            assert there["attributes"] == here.get("attributes", {})
            lines = {call["id"]: call for name in MEDIA_LISTS.values() for call in there[name]}
            assert lines.keys() == {session["sessionId"] for session in here["sessions"]}
            for session in here["sessions"]:
                call = lines[session["sessionId"]]
                talk = [s for s in session["segments"] if s["segmentType"] != "wrapup"]
                assert call.get("disconnectedTime") == talk[-1].get("segmentEnd")
                assert talk[0].get("queueId") == there.get("queueId")


def test_analytics_segments_leave_no_gap_and_metrics_add_up(world: World) -> None:
    for item in world.conversations[:200]:
        for person in analytics_conversation(item)["participants"]:
            for session in person["sessions"]:
                segments = session["segments"]
                for before, after in pairwise(segments):
                    assert before["segmentEnd"] == after["segmentStart"]
                found: dict[str, int] = {}
                for metric in session.get("metrics", []):
                    found[metric["name"]] = found.get(metric["name"], 0) + metric["value"]
                if "tHandle" in found:
                    parts = ("tTalk", "tHeld", "tAcw", "tDialing", "tContacting", "tCallback")
                    assert found["tHandle"] == sum(found.get(name, 0) for name in parts)
                if "tWait" in found:
                    assert found["nOffered"] == 1
                    assert found["tWait"] == found["tAcd"] == _length(session)


def _length(session: dict[str, Any]) -> int:
    first, last = session["segments"][0], session["segments"][-1]
    start, end = (
        datetime.fromisoformat(text) for text in (first["segmentStart"], last["segmentEnd"])
    )
    return epoch_ms(end) - epoch_ms(start)


def _metric_names(item: SimConversation) -> set[str]:
    people = analytics_conversation(item)["participants"]
    sessions = [session for person in people for session in person["sessions"]]
    return {metric["name"] for session in sessions for metric in session.get("metrics", [])}


def test_metrics_name_what_each_scenario_is_about(one_of_each: list[SimConversation]) -> None:
    found = {item.scenario: _metric_names(item) for item in one_of_each}
    assert found["voice-inbound"] >= {"tIvr", "nOffered", "tAnswered", "tTalk", "tAcw", "tHandle"}
    assert found["voice-abandoned"] >= {"tAbandon", "tWait"}
    assert found["voice-transfer"] >= {"nTransferred", "nBlindTransferred"}
    assert found["voice-consult"] >= {"nConsultTransferred", "tHeld", "tHeldComplete"}
    assert "tNotResponding" in found["voice-reoffered"]
    assert found["voice-outbound"] >= {"nOutbound", "tDialing", "tContacting"}
    assert found["voice-voicemail"] >= {"tVoicemail", "tFlowOut"}
    assert "nOutboundAttempted" in found["voice-campaign"]
    assert "tFlowDisconnect" in found["voice-ivr-abandoned"]
    assert "tAnswered" not in found["voice-abandoned"] | found["email-waiting"]
    assert "tHandle" not in found["voice-active"]


def test_unused_media_lists_are_empty_and_the_used_one_holds_the_session(world: World) -> None:
    for item in world.conversations[:100]:
        for person in rest_conversation(item)["participants"]:
            for name in ("videos", "screenshares", "cobrowsesessions", "socialExpressions"):
                assert person[name] == []
            assert any(person[name] for name in MEDIA_LISTS.values())


def test_an_agent_alerts_talks_and_wraps_up_in_rest(one_of_each: list[SimConversation]) -> None:
    item = next(item for item in one_of_each if item.scenario == "voice-inbound")
    agent = item.participants[-1]
    session = agent.sessions[0]
    assert session.wrapup is not None
    assert session.wrapup.coded_at is not None

    def call(at: datetime) -> dict[str, Any]:
        found: dict[str, Any] = rest_conversation(as_of(item, at))["participants"][-1]["calls"][0]
        return found

    assert call(session.start)["state"] == "alerting"
    assert call(session.segments[1].start)["state"] == "connected"
    ended = call(session.wrapup.start)
    assert (ended["state"], ended["afterCallWork"]["state"]) == ("disconnected", "pending")
    assert "wrapup" not in ended
    coded = call(session.wrapup.coded_at)
    assert coded["wrapup"]["code"] == session.wrapup.code.id
    assert call(session.wrapup.end or session.start)["afterCallWork"]["state"] == "complete"


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_every_event_is_understood_in_every_envelope_and_collides_with_none(
    envelope: str, events: list[tuple[SimConversation, DetailEvent]]
) -> None:
    ids = set()
    for item, event in events:
        (parsed,) = parse_events(render(event, envelope, conversation=item))
        ids.add(parsed.event_id)
        assert parsed.envelope == envelope
        assert parsed.conversation_id == item.id
        if envelope in ("eventbridge", "data-action"):
            assert parsed.event_type == event.what
            media = event.body.get("mediaType", "UNKNOWN").lower()
            assert parsed.media_type == media or "mediaType" not in event.body
        if envelope == "notification":
            assert parsed.event_type == "updated"
            assert parsed.media_type in {call.media for call in item.participants[0].sessions}
        else:
            assert parsed.occurred_at == event.occurred_at
    assert len(ids) == len(events)


def test_the_eventbridge_envelope_is_the_platforms(
    few: list[tuple[SimConversation, DetailEvent]],
) -> None:
    item, event = few[0]
    body = render(event, "eventbridge", conversation=item)
    assert set(body) == set(
        "version id detail-type source account time region resources detail".split()
    )
    assert UUID.fullmatch(body["id"])
    assert body["detail-type"] == f"v2.detail.events.conversation.{{id}}.{event.what}"
    detail = body["detail"]
    assert detail["topicName"] == f"v2.detail.events.conversation.{item.id}.{event.what}"
    assert detail["eventBody"]["eventTime"] == epoch_ms(event.occurred_at)
    assert detail["timestamp"] > iso(event.occurred_at)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["time"])
    assert body == render(event, "eventbridge", conversation=item)


def test_a_notification_shows_nothing_of_the_future(world: World) -> None:
    item = next(item for item in world.conversations if item.scenario == "voice-transfer")
    first, *_, last = detail_events(item)
    early = render(first, "notification", conversation=item)
    late = render(last, "notification", conversation=item)
    assert [p["purpose"] for p in early["eventBody"]["participants"]] == ["customer"]
    assert len(late["eventBody"]["participants"]) == len(item.participants)
    assert early["eventBody"]["recordingState"] == "none"
    assert early["topicName"] == f"v2.routing.queues.{item.target.id}.conversations"
    assert item.target.id not in late["topicName"]


def test_a_conversation_without_a_queue_is_notified_on_the_users_topic(world: World) -> None:
    item = next(item for item in world.conversations if item.scenario == "voice-internal")
    body = render(detail_events(item)[0], "notification", conversation=item)
    user = item.participants[0].user
    assert user is not None
    assert body["topicName"] == f"v2.users.{user.id}.conversations"


def test_an_unknown_envelope_is_refused_with_the_known_ones(
    few: list[tuple[SimConversation, DetailEvent]],
) -> None:
    with pytest.raises(SettingsError, match="eventbridge, notification, data-action, seed"):
        render(few[0][1], "parcel", conversation=few[0][0])


def test_self_is_the_own_number_and_other_the_far_one(world: World) -> None:
    inbound = next(item for item in world.conversations if item.scenario == "voice-inbound")
    outbound = next(item for item in world.conversations if item.scenario == "voice-outbound")
    for item in (inbound, outbound):
        customer = next(p for p in item.participants if p.purpose in ("customer", "external"))
        for person in rest_conversation(item)["participants"]:
            (call,) = person["calls"]
            theirs = "self" if person["id"] == customer.id else "other"
            assert call[theirs]["addressRaw"] == customer.address


def test_analytics_carry_attributes_only_where_asked(world: World) -> None:
    item = world.conversations[0]
    plain, full = analytics_conversation(item), analytics_conversation(item, attributes=True)
    assert "attributes" not in plain["participants"][0]
    assert full["participants"][0]["attributes"]["topic"]


def test_wrapup_events_codes_and_segments_agree(world: World) -> None:
    item = next(item for item in world.conversations if item.scenario == "voice-inbound")
    by_kind = {event.what: event for event in detail_events(item)}
    agent = analytics_conversation(item)["participants"][-1]["sessions"][0]
    work = agent["segments"][-1]
    assert work["segmentType"] == "wrapup"
    assert work["wrapUpCode"] == by_kind["wrapup"].body["wrapupCode"]
    assert work["segmentEnd"] == iso(by_kind["acw"].occurred_at)
    assert rest_conversation(item)["participants"][-1]["wrapup"]["code"] == work["wrapUpCode"]
