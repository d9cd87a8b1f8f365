"""The message contract and the topology."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from genesys_workbench.errors import PermanentError
from genesys_workbench.events import parse_event
from genesys_workbench.messages import TASK_NAME, decode, encode, topology
from genesys_workbench.settings import Settings, load_settings

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
SOURCE = {
    "detail-type": "v2.detail.events.conversation.{id}.acd.start",
    "id": "e-1",
    "detail": {
        "eventBody": {
            "conversationId": "c-1",
            "eventTime": 1767600000000,
            "mediaType": "CHAT",
            "note": {"__type__": "datetime", "__value__": "boom"},
        }
    },
}


def test_a_message_is_celery_protocol_2_with_one_json_string_as_argument() -> None:
    message = encode(parse_event(SOURCE), received_at=NOW)
    args, kwargs, embed = json.loads(message.body)
    assert (len(args), kwargs, embed) == (1, {}, None)
    assert isinstance(args[0], str)
    assert message.headers["task"] == TASK_NAME
    assert message.headers["lang"] == "py"
    assert message.headers["retries"] == 0


def test_a_message_holds_the_keys_that_the_seed_promised_and_the_untouched_source() -> None:
    payload = json.loads(json.loads(encode(parse_event(SOURCE), received_at=NOW).body)[0][0])
    assert payload["conversationId"] == "c-1"
    assert payload["timestamp"] == "2026-01-05T08:00:00Z"
    assert payload["metadata"] is None
    assert payload["source"] == SOURCE


def test_headers_tell_nothing_of_the_payload_but_ids() -> None:
    event = parse_event({"conversationId": "c", "ani": "tel:+12025550123", "mediaType": "VOICE"})
    assert "2025550123" not in str(encode(event, received_at=NOW).headers)


@pytest.mark.parametrize(
    ("source", "key"),
    [
        (SOURCE, "conversation.acd-start.chat"),
        ({"conversationId": "c"}, "conversation.created.unknown"),
        (SOURCE | {"detail-type": "new"}, "conversation.other.chat"),
    ],
)
def test_the_routing_key_has_three_words(source: dict[str, object], key: str) -> None:
    assert encode(parse_event(source), received_at=NOW).routing_key == key


def test_decoding_gives_back_what_was_encoded() -> None:
    event = parse_event(SOURCE)
    message = encode(event, received_at=NOW, metadata={"id": "c-1"})
    job = decode(json.loads(message.body)[0][0])
    assert job.event == event
    assert (job.received_at, job.metadata) == (NOW, {"id": "c-1"})


def test_a_dict_of_a_celery_client_is_taken_too() -> None:
    job = decode({"conversationId": "c-9", "timestamp": "2026-01-05T08:00:00Z", "metadata": None})
    assert (job.event.conversation_id, job.event.occurred_at) == ("c-9", NOW)
    assert job.event.event_type == "created"


@pytest.mark.parametrize(
    "payload",
    [None, 5, [], "", "{", "[]", "5", {}, {"metadata": 5, "conversationId": "c"}, "[" * 100000],
)
def test_a_payload_that_is_no_event_is_a_permanent_error(payload: object) -> None:
    with pytest.raises(PermanentError, match="holds no event") as caught:
        decode(payload)
    assert caught.value.reason == "schema"


def test_a_quorum_queue_has_every_guard_explicit(settings: Settings) -> None:
    arguments = topology(settings).main.arguments
    assert arguments == {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "genesys.conversations.dead",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-delivery-limit": 20,
    }


def test_a_classic_queue_has_priorities_and_messages_get_them_by_medium() -> None:
    arguments = topology(load_settings(queue_type="classic")).main.arguments
    assert arguments["x-max-priority"] == 10
    voice = parse_event({"conversationId": "c", "mediaType": "VOICE"})
    email = parse_event({"conversationId": "c", "mediaType": "EMAIL"})
    high, low = (encode(each, received_at=NOW, with_priority=True) for each in (voice, email))
    assert high.priority is not None
    assert low.priority is not None
    assert 0 <= low.priority < high.priority <= 10


def test_each_message_has_a_task_id_of_its_own_and_the_id_of_its_event() -> None:
    event = parse_event(SOURCE)
    first, second = (encode(event, received_at=NOW) for _ in range(2))
    assert first.event_id == second.event_id == "e-1"
    assert first.headers["id"] != second.headers["id"]
