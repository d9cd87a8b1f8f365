"""The four envelopes, event ids and times."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_workbench.errors import InvalidDelivery
from genesys_workbench.events import (
    DETAIL_EVENTS,
    MAX_EVENTS,
    parse_event,
    parse_events,
    parse_time,
)
from genesys_workbench.messages import decode, encode

CONVERSATION = "9f5c2f0e-1111-4222-8333-444455556666"
BODY = {
    "eventTime": 1767600000123,
    "conversationId": CONVERSATION,
    "participantId": "p1",
    "sessionId": "s1",
    "mediaType": "VOICE",
    "direction": "INBOUND",
}
WHEN = datetime(2026, 1, 5, 8, 0, 0, 123000, tzinfo=UTC)


def eventbridge(what: str = "customer.start", **extra: object) -> dict[str, object]:
    return {
        "version": "0",
        "id": "11111111-2222-4333-8444-555555555555",
        "detail-type": f"v2.detail.events.conversation.{{id}}.{what}",
        "source": "aws.partner/genesys.com/cloud/org/suffix",
        "detail": {
            "topicName": f"v2.detail.events.conversation.{CONVERSATION}.{what}",
            "version": "2",
            "eventBody": BODY,
            "metadata": {"CorrelationId": "c"},
            "timestamp": "2026-01-05T08:00:01.000Z",
        },
        **extra,
    }


def test_an_eventbridge_envelope_gives_all_fields() -> None:
    event = parse_event(eventbridge())
    assert event.event_id == "11111111-2222-4333-8444-555555555555"
    assert (event.event_type, event.conversation_id) == ("customer.start", CONVERSATION)
    assert (event.occurred_at, event.media_type, event.direction) == (WHEN, "voice", "inbound")
    assert event.envelope == "eventbridge"


@pytest.mark.parametrize("what", sorted(DETAIL_EVENTS))
def test_each_detail_event_keeps_its_type(what: str) -> None:
    assert parse_event(eventbridge(what)).event_type == what


@pytest.mark.parametrize(
    "topic", ["v2.detail.events.conversation.{id}.brand.new", "v2.something.else", "x"]
)
def test_an_unknown_topic_is_kept_as_other(topic: str) -> None:
    event = parse_event(eventbridge() | {"detail-type": topic})
    assert (event.event_type, event.topic) == ("other", topic)


def test_a_redelivered_envelope_without_id_gets_the_same_id_whatever_its_delivery_says() -> None:
    first, second = eventbridge(), eventbridge(time="2026-01-05T09:00:00Z")
    del first["id"], second["id"]
    assert parse_event(first).event_id == parse_event(second).event_id


def test_a_notification_names_its_conversation_by_id_and_its_medium_by_a_list() -> None:
    event = parse_event(
        {
            "topicName": "v2.routing.queues.aaaa.conversations",
            "version": "2",
            "eventBody": {
                "id": CONVERSATION,
                "participants": [
                    {"id": "p", "calls": [], "messages": [{"id": "m", "direction": "inbound"}]}
                ],
            },
            "metadata": {"CorrelationId": "x"},
        }
    )
    assert (event.conversation_id, event.event_type) == (CONVERSATION, "updated")
    assert (event.media_type, event.direction) == ("message", "inbound")
    assert (event.envelope, event.occurred_at) == ("notification", None)


def test_a_notification_of_a_callback_that_has_dialled_is_still_a_callback() -> None:
    call = {"id": "1", "connectedTime": "2026-01-05T08:05:00.000Z", "direction": "outbound"}
    callback = {"id": "2", "connectedTime": "2026-01-05T08:00:00.000Z", "direction": "inbound"}
    body = {"id": CONVERSATION, "participants": [{"calls": [call], "callbacks": [callback]}]}
    event = parse_event({"topicName": "t", "eventBody": body})
    assert (event.media_type, event.direction) == ("callback", "inbound")


def test_a_notification_keeps_its_id_when_only_the_correlation_changes() -> None:
    def send(correlation: str, state: str) -> str:
        body = {"id": CONVERSATION, "participants": [{"calls": [{"state": state}]}]}
        return parse_event(
            {"topicName": "t", "eventBody": body, "metadata": {"CorrelationId": correlation}}
        ).event_id

    assert send("a", "alerting") == send("b", "alerting") != send("a", "connected")


def test_a_flat_body_is_a_data_action() -> None:
    event = parse_event({**BODY, "eventType": "customer.end", "custom": "kept"})
    assert (event.envelope, event.event_type, event.occurred_at) == (
        "data-action",
        "customer.end",
        WHEN,
    )
    assert event.source["custom"] == "kept"


def test_a_flat_body_may_bring_its_own_event_id() -> None:
    assert parse_event({**BODY, "eventId": "mine-1"}).event_id == "mine-1"


def test_the_seed_body_means_created() -> None:
    event = parse_event({"conversationId": CONVERSATION, "timestamp": "2026-01-05T08:00:00.123Z"})
    assert (event.envelope, event.event_type, event.occurred_at) == ("seed", "created", WHEN)
    assert event.media_type == "unknown"


def test_the_seed_body_does_without_a_timestamp() -> None:
    assert parse_event({"conversationId": CONVERSATION}).occurred_at is None


def test_an_array_is_a_batch() -> None:
    events = parse_events([eventbridge(), {"conversationId": "c-2"}])
    assert [event.conversation_id for event in events] == [CONVERSATION, "c-2"]


def test_a_batch_with_one_bad_event_is_refused_whole_and_names_it() -> None:
    with pytest.raises(InvalidDelivery, match="Event 1 of the array") as caught:
        parse_events([eventbridge(), {"timestamp": "x"}])
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (None, "not null"),
        ("text", "not a string"),
        (7, "not a number"),
        ({}, "no conversationId"),
        ({"conversationId": None}, "no conversationId"),
        ({"conversationId": 5}, "conversationId must be a string"),
        ({"conversationId": ""}, "conversationId must be a string"),
        ({"conversationId": "../../oauth/token"}, "conversationId must be a string"),
        ({"conversationId": "x" * 129}, "conversationId must be a string"),
        ({"conversationId": "c", "timestamp": "yesterday"}, "neither epoch"),
        ({"conversationId": "c", "timestamp": True}, "neither epoch"),
        ({"conversationId": "c", "timestamp": {}}, "neither epoch"),
        ({"conversationId": "c", "timestamp": 10**30}, "neither epoch"),
        ({"conversationId": "c", "timestamp": "1969-12-31T23:59:59Z"}, "neither epoch"),
        ({"conversationId": "c", "eventId": 5}, "eventId must be a string"),
        ({"detail": [], "detail-type": "t"}, "detail must be an object"),
        ({"detail": {}, "detail-type": "t"}, "detail.eventBody must be an object"),
        ({"detail": {"eventBody": BODY}, "detail-type": 1}, "detail-type must be a string"),
        ({"detail": {"eventBody": BODY}, "detail-type": "t", "id": "a b"}, "id must be a string"),
        ({"eventBody": {"conversationId": "c"}, "topicName": []}, "topicName must be a string"),
    ],
)
def test_what_is_not_an_event_is_refused_with_the_reason(item: object, text: str) -> None:
    with pytest.raises(InvalidDelivery, match=text) as caught:
        parse_events(item)
    assert caught.value.status == 422


def test_an_array_holds_so_many_events_and_no_more() -> None:
    event = {"conversationId": "c-1"}
    assert len(parse_events([event] * MAX_EVENTS)) == MAX_EVENTS
    with pytest.raises(InvalidDelivery, match="at most 1000") as caught:
        parse_events([event] * (MAX_EVENTS + 1))
    assert caught.value.status == 422


def test_an_empty_array_is_refused() -> None:
    with pytest.raises(InvalidDelivery, match="no event"):
        parse_events([])


@pytest.mark.parametrize(
    "value",
    [
        1767600000123,
        "1767600000123",
        "2026-01-05T08:00:00.123Z",
        "2026-01-05T08:00:00.123",
        "2026-01-05T09:00:00.123+01:00",
    ],
)
def test_all_spellings_of_a_time_give_the_same_aware_utc_time(value: object) -> None:
    found = parse_time(value)
    assert found == WHEN
    assert found is not None
    assert found.utcoffset() == UTC.utcoffset(None)


# As a socket may bring them: half a surrogate pair too, which receivers refuse.
texts = st.text(st.characters(exclude_categories=()))
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    "conversationId timestamp eventTime id detail detail-type eventBody topicName mediaType "
    "direction participants eventId eventType".split()
)


@given(st.dictionaries(names, json_values | st.dictionaries(names, json_values)))
def test_any_json_object_is_an_event_or_a_422(item: dict[str, object]) -> None:
    try:
        (event,) = parse_events(item)
    except InvalidDelivery as exc:
        assert exc.status == 422
    else:
        assert 0 < len(event.event_id) <= 128
        assert event.source is item
        assert parse_event(item) == event
        message = encode(event, received_at=WHEN)
        assert decode(json.loads(message.body)[0][0]).event.source == item
