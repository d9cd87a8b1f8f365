from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_workbench.conversations import facts_of_conversation, facts_of_event
from genesys_workbench.errors import PermanentError
from genesys_workbench.events import parse_event
from genesys_workbench.facts import address_key
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.world import World
from genesys_workbench.spellings import read_disconnect_type

CONVERSATION = "0b9e3a54-0000-4000-8000-000000000001"
QUEUE = "0b9e3a54-0000-4000-8000-0000000000a1"
CONTACT = "0b9e3a54-0000-4000-8000-0000000000c1"
ANN, BEN = "0b9e3a54-0000-4000-8000-0000000000b1", "0b9e3a54-0000-4000-8000-0000000000b2"


def at(second: int) -> str:
    return f"2026-03-02T10:{second // 60:02d}:{second % 60:02d}.000Z"


def when(second: int) -> datetime:
    return datetime(2026, 3, 2, 10, second // 60, second % 60, tzinfo=UTC)


def call(start: int, end: int | None, **more: Any) -> dict[str, Any]:
    body = {"id": "x", "direction": "inbound", "connectedTime": at(start), "segments": []}
    return body | ({} if end is None else {"disconnectedTime": at(end)}) | more


def party(purpose: str, start: int, end: int | None, **more: Any) -> dict[str, Any]:
    body = {"id": f"{purpose}-{start}", "purpose": purpose, "startTime": at(start), "calls": []}
    return body | ({} if end is None else {"endTime": at(end)}) | more


def voice_call() -> dict[str, Any]:
    """A caller waits 20 s, talks to Ann, is held, and is passed on to Ben."""
    return {
        "id": CONVERSATION,
        "startTime": at(0),
        "endTime": at(180),
        "divisions": [{"division": {"id": "d1"}, "entities": []}],
        "participants": [
            party(
                "customer",
                0,
                180,
                name="Imogen Sample",
                externalContactId=CONTACT,
                ani="tel:+12025550143",
                dnis="tel:+12025550100",
                calls=[call(0, 180, disconnectType="endpoint")],
            ),
            party("ivr", 0, 10, calls=[call(0, 10, disconnectType="transfer")]),
            party(
                "acd",
                10,
                30,
                queueId=QUEUE,
                queueName="Orders",
                calls=[call(10, 30, disconnectType="transfer")],
            ),
            party(
                "agent",
                25,
                100,
                userId=ANN,
                queueId=QUEUE,
                queueName="Orders",
                wrapup={"code": "w1", "name": "Done"},
                calls=[
                    call(
                        30,
                        100,
                        disconnectType="transfer",
                        wrapup={"code": "w1"},
                        afterCallWork={"startTime": at(100), "endTime": at(115)},
                        segments=[
                            {"type": "alert", "startTime": at(25), "endTime": at(30)},
                            {"type": "interact", "startTime": at(30), "endTime": at(60)},
                            {"type": "hold", "startTime": at(60), "endTime": at(80)},
                            {"type": "interact", "startTime": at(80), "endTime": at(100)},
                        ],
                    )
                ],
            ),
            party("agent", 100, 180, userId=BEN, calls=[call(100, 180, disconnectType="peer")]),
        ],
    }


def detail(what: str, **body: Any) -> Any:
    event = {"conversationId": CONVERSATION, "eventTime": 1772445600000, "participantId": "p1"}
    return parse_event(
        {
            "id": "e1",
            "detail-type": f"v2.detail.events.conversation.{{id}}.{what}",
            "detail": {"eventBody": event | body},
        }
    )


def test_a_rest_conversation_tells_who_when_where_and_how_long() -> None:
    facts = facts_of_conversation(voice_call())

    assert facts.conversation_id == CONVERSATION
    assert (facts.started_at, facts.ended_at) == (when(0), when(180))
    assert facts.media_types == ("voice",)
    assert facts.direction == "inbound"
    assert facts.external_contact_id == facts.customer_key == CONTACT
    assert facts.customer_name == "Imogen Sample"
    assert (facts.queue_ids, facts.queue_names) == ((QUEUE,), ("Orders",))
    assert facts.agent_ids == (ANN, BEN)
    assert (facts.ivr_s, facts.wait_s) == (10, 20)
    assert (facts.talk_s, facts.hold_s, facts.acw_s) == (50 + 80, 20, 15)
    assert facts.handle_s == 130 + 20 + 15
    assert facts.duration_s == 180
    assert facts.transfers == 1
    assert facts.conference is False
    assert facts.abandoned is False
    assert facts.disconnect_type == "endpoint"
    assert facts.wrap_up_codes == ("w1",)
    assert facts.division_ids == ("d1",)
    assert facts.complete is True


def test_the_participants_carry_no_names_and_no_addresses() -> None:
    facts = facts_of_conversation(voice_call())

    assert [person.purpose for person in facts.participants] == [
        *("customer", "ivr", "acd", "agent", "agent")
    ]
    assert facts.participants[3].user_id == ANN
    assert facts.participants[3].joined_at == when(25)
    assert "Imogen" not in repr(facts.participants)
    assert "2025550143" not in repr(facts.participants)


def test_the_repr_of_facts_shows_no_personal_data() -> None:
    facts = replace(facts_of_conversation(voice_call()), customer_key="address-123")

    assert "Imogen" not in repr(facts)
    assert "address-123" not in repr(facts)


def test_the_customer_is_the_first_customer_or_external_party_not_the_first_in_the_list() -> None:
    body = voice_call()
    body["participants"].reverse()

    assert facts_of_conversation(body).external_contact_id == CONTACT


def test_without_a_contact_the_address_is_the_key_however_it_is_written() -> None:
    body = voice_call()
    del body["participants"][0]["externalContactId"]
    first = facts_of_conversation(body).customer_key
    body["participants"][0]["ani"] = "+1 (202) 555-0143"

    assert first == facts_of_conversation(body).customer_key == address_key("+12025550143")
    assert "2025550143" not in str(first)


def test_of_an_outbound_call_the_called_number_is_the_customers() -> None:
    body = voice_call()
    customer = body["participants"][0]
    del customer["externalContactId"]
    customer["calls"][0]["direction"] = "outbound"

    assert facts_of_conversation(body).customer_key == address_key("tel:+12025550100")


def test_an_internal_call_has_no_customer() -> None:
    body = voice_call()
    body["participants"] = [
        party("user", 0, 60, userId=ANN, calls=[call(0, 60, direction="outbound")]),
        party("user", 0, 60, userId=BEN, calls=[call(5, 60)]),
    ]
    facts = facts_of_conversation(body)

    assert facts.customer_key is None
    assert facts.agent_ids == (ANN, BEN)
    assert facts.direction == "outbound"
    assert facts.abandoned is None


def test_an_agent_who_did_not_answer_or_only_observed_is_no_agent() -> None:
    body = voice_call()
    unanswered = call(30, 40) | {"connectedTime": None, "startAlertingTime": at(30)}
    body["participants"] += [
        party("agent", 30, 40, userId="missed", calls=[unanswered]),
        party("agent", 40, 90, userId="boss", monitoredParticipantId="x", calls=[call(40, 90)]),
    ]

    assert facts_of_conversation(body).agent_ids == (ANN, BEN)


@pytest.mark.parametrize(
    ("disconnect", "ended", "abandoned"),
    [("peer", True, True), ("transfer", True, False), ("peer", False, None)],
)
def test_a_caller_who_leaves_the_queue_unanswered_has_abandoned(
    disconnect: str, ended: bool, abandoned: bool | None
) -> None:
    body = voice_call()
    body["participants"] = body["participants"][:3]
    body["participants"][2]["calls"][0]["disconnectType"] = disconnect
    if not ended:
        del body["endTime"]

    assert facts_of_conversation(body).abandoned is abandoned


def test_three_connected_people_are_a_conference_but_a_handover_is_none() -> None:
    body = voice_call()
    assert facts_of_conversation(body).conference is False
    body["participants"][4]["calls"][0]["connectedTime"] = at(85)

    assert facts_of_conversation(body).conference is True


def test_an_ongoing_conversation_counts_its_finished_parts() -> None:
    body = voice_call()
    del body["endTime"], body["participants"][4]["endTime"]
    del body["participants"][4]["calls"][0]["disconnectedTime"]
    facts = facts_of_conversation(body)

    assert (facts.ended_at, facts.duration_s) == (None, None)
    assert facts.talk_s == 50


def test_after_call_work_told_of_the_participant_counts_once() -> None:
    body = voice_call()
    agent = body["participants"][3]
    agent |= {"startAcwTime": at(100), "endAcwTime": at(140)}
    assert facts_of_conversation(body).acw_s == 15
    del agent["calls"][0]["afterCallWork"]
    assert facts_of_conversation(body).acw_s == 40
    del agent["startAcwTime"], agent["endAcwTime"]
    agent["calls"][0]["wrapup"] |= {"durationSeconds": 12, "endTime": at(112)}

    assert facts_of_conversation(body).acw_s == 12


def test_media_types_come_in_the_order_of_first_use() -> None:
    body = voice_call()
    message = call(0, 5, type="webmessaging", fromAddress={"addressNormalized": "guest-1"})
    customer = body["participants"][0]
    del customer["externalContactId"], customer["ani"]
    customer["messages"] = [message]
    customer["calls"][0]["connectedTime"] = at(10)
    body["participants"][1:] = []
    facts = facts_of_conversation(body)

    assert facts.media_types == ("message", "voice")
    assert facts.message_type == "webmessaging"
    assert facts.customer_key == address_key("guest-1")


def test_metrics_of_analytics_win_over_the_sums_of_segments() -> None:
    segments = [{"segmentType": "interact", "segmentStart": at(0), "segmentEnd": at(10)}]
    metrics = [
        {"name": "tTalkComplete", "value": 9500},
        {"name": "tHeldComplete", "value": 1500},
        {"name": "tHandle", "value": 12000},
        {"name": "nTransferred", "value": 2},
    ]
    session = {"mediaType": "voice", "segments": segments, "metrics": metrics}
    agent = {"participantId": "a", "purpose": "agent", "userId": ANN, "sessions": [session]}
    queue = {"mediaType": "voice", "metrics": [{"name": "tAbandon", "value": 1}], "segments": []}
    facts = facts_of_conversation(
        {
            "conversationId": CONVERSATION,
            "conversationStart": at(0),
            "conversationEnd": at(10),
            "conferenceStart": at(1),
            "participants": [agent, {"purpose": "acd", "sessions": [queue]}],
        }
    )

    assert (facts.talk_s, facts.hold_s, facts.handle_s) == (9.5, 1.5, 12)
    assert (facts.transfers, facts.conference, facts.abandoned) == (2, True, True)


def test_rest_and_analytics_of_every_simulated_conversation_agree() -> None:
    # analytics has no names of queues, and no address of a chat
    rest_only = {"queue_names", "participants"}
    for conversation in World(42).conversations:
        rest = facts_of_conversation(rest_conversation(conversation))
        analytics = facts_of_conversation(analytics_conversation(conversation))
        for name in {field.name for field in fields(rest)} - rest_only:
            if name == "customer_key" and analytics.customer_key is None:
                assert rest.media_types[0] == "chat" or rest.customer_key is None
                continue
            assert getattr(rest, name) == getattr(analytics, name), (conversation.scenario, name)
        people = [replace(person, queue_name=None) for person in rest.participants]
        assert people == list(analytics.participants)


@pytest.mark.parametrize(
    "body", [{}, {"id": "x"}, {"id": 7, "participants": []}, {"conversationId": "x"}, [], None]
)
def test_a_body_of_another_shape_is_a_permanent_schema_error(body: Any) -> None:
    with pytest.raises(PermanentError) as caught:
        facts_of_conversation(body)
    assert caught.value.reason == "schema"


@pytest.mark.parametrize(
    "participants",
    [
        None,
        "x",
        [None, 7, {}],
        [{"calls": None, "sessions": 3, "purpose": None}],
        [{"purpose": "customer", "calls": [{"connectedTime": "soon", "segments": [None]}]}],
    ],
)
def test_missing_lists_nulls_and_wrong_types_read_as_unknown(participants: Any) -> None:
    for key in ("id", "conversationId"):
        facts = facts_of_conversation({key: "c1", "participants": participants})
        assert facts.conversation_id == "c1"
        assert facts.talk_s is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_NAMES = "id purpose calls messages sessions segments wrapup startTime connectedTime attributes"


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from(_NAMES.split()), _json, max_size=6), max_size=4))
def test_no_participants_of_any_shape_break_the_reading(participants: Any) -> None:
    assert facts_of_conversation({"id": "c", "participants": participants}).complete
    assert facts_of_conversation({"conversationId": "c", "participants": participants}).complete


def test_customer_start_tells_medium_direction_contact_and_start() -> None:
    facts = facts_of_event(
        detail(
            "customer.start",
            mediaType="MESSAGE",
            messageType="WEBMESSAGING",
            direction="INBOUND",
            externalContactId=CONTACT,
            divisionId="d1",
        )
    )

    assert facts.started_at == when(0)
    assert facts.media_types == ("message",)
    assert facts.message_type == "webmessaging"
    assert facts.direction == "inbound"
    assert facts.external_contact_id == facts.customer_key == CONTACT
    assert facts.division_ids == ("d1",)
    assert facts.participants[0].purpose == "customer"
    assert facts.participants[0].joined_at == when(0)
    assert facts.complete is False


def test_event_and_snapshot_give_the_same_key_to_a_caller_without_contact() -> None:
    body = voice_call()
    del body["participants"][0]["externalContactId"]
    event = detail("customer.start", mediaType="VOICE", direction="INBOUND", ani="tel:+12025550143")

    assert facts_of_event(event).customer_key == facts_of_conversation(body).customer_key


def test_customer_end_tells_the_end_in_analytics_spelling() -> None:
    facts = facts_of_event(detail("customer.end", disconnectType="CONFERENCE_TRANSFER"))

    assert (facts.ended_at, facts.disconnect_type) == (when(0), "conferenceTransfer")


@pytest.mark.parametrize(
    ("outcome", "abandoned", "agents"),
    [("ABANDON", True, ()), ("ANSWERED", False, (ANN,)), ("FLOW_OUT", None, ())],
)
def test_acd_end_tells_whether_the_caller_was_answered(
    outcome: str, abandoned: bool | None, agents: tuple[str, ...]
) -> None:
    body = {"acdOutcome": outcome, "queueId": QUEUE} | dict.fromkeys(
        ["answeredUserId"] * bool(agents), ANN
    )
    facts = facts_of_event(detail("acd.end", **body))

    assert (facts.abandoned, facts.agent_ids, facts.queue_ids) == (abandoned, agents, (QUEUE,))


def test_an_alerted_user_is_an_agent_only_after_speaking() -> None:
    assert facts_of_event(detail("user.start", userId=ANN)).agent_ids == ()
    assert facts_of_event(detail("user.end", userId=ANN, interactingDurationMs=0)).agent_ids == ()
    spoke = facts_of_event(detail("user.end", userId=ANN, interactingDurationMs=900))
    assert spoke.agent_ids == (ANN,)


def test_a_notification_is_read_like_rest_but_is_not_complete() -> None:
    body = voice_call()
    del body["startTime"], body["endTime"]
    event = parse_event({"topicName": "v2.users.u.conversations", "eventBody": body})
    facts = facts_of_event(event)

    assert (facts.started_at, facts.ended_at) == (when(0), when(180))
    assert facts.agent_ids == (ANN, BEN)
    assert facts.complete is False


def test_the_seeds_body_tells_the_start_only() -> None:
    facts = facts_of_event(parse_event({"conversationId": "c1", "timestamp": at(7)}))

    assert facts.started_at == when(7)
    assert facts.media_types == facts.participants == ()


def test_an_event_with_garbage_in_its_fields_still_gives_facts() -> None:
    event = detail("acd.end", queueId=7, conversationExternalContactIds="x", acdOutcome=[1])

    assert facts_of_event(event).queue_ids == ()


@pytest.mark.parametrize(
    ("given_spelling", "wanted"),
    [
        ("NO_ANSWER_TRANSFER", "noAnswerTransfer"),
        ("transfer.noanswer", "noAnswerTransfer"),
        ("noAnswerTransfer", "noAnswerTransfer"),
        ("DND_ENDPOINT", "dndEndpoint"),
        ("endpoint.donotdisturb", "dndEndpoint"),
        ("transport.failure", "transportFailure"),
        ("session.expired", "sessionExpired"),
        ("PEER", "peer"),
        ("UNKNOWN", None),
        (None, None),
    ],
)
def test_three_spellings_of_a_disconnect_become_one(
    given_spelling: str | None, wanted: str | None
) -> None:
    assert read_disconnect_type(given_spelling) == wanted


def test_text_that_a_database_refuses_is_made_storable() -> None:
    body = voice_call()
    body["participants"][0]["name"] = "Imo\x00gen \ud800"

    assert facts_of_conversation(body).customer_name == "Imo\ufffdgen \ufffd"
