from __future__ import annotations

import copy
import json
import logging
from typing import Any

import pytest

from genesys_workbench.privacy import ScrubFilter, mask, mask_conversation, mask_event, scrub
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.world import World

KEY = "a key of the tests"
UUID = "0b9e3a54-0000-4000-8000-000000000001"


def leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for name, item in value.items() for leaf in leaves(item, (*path, name))]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item, path)]
    return [(path, value)]


def conversation() -> dict[str, Any]:
    return {
        "id": UUID,
        "name": "Imogen Sample",
        "startTime": "2026-03-02T10:00:00.000Z",
        "address": "tel:+12025550143",
        "participants": [
            {
                "id": UUID,
                "purpose": "customer",
                "name": "Imogen Sample",
                "ani": "tel:+12025550143",
                "externalContactId": UUID,
                "attributes": {"loyalty": "gold", "pin": 1234, "nested": {"b": ["c"]}},
                "wrapup": {"code": UUID, "name": "Order placed", "notes": "likes walnuts"},
                "emails": [{"id": UUID, "subject": "My order", "direction": "inbound"}],
                "messages": [
                    {"fromAddress": {"name": "Imogen", "addressNormalized": "+12025550143"}}
                ],
                "callbacks": [{"callbackNumbers": ["+12025550144"], "callbackUserName": "Imo"}],
            },
            {"id": UUID, "purpose": "acd", "name": "Orders", "queueName": "Orders"},
        ],
    }


def test_equal_values_get_equal_masks_and_other_keys_other_masks() -> None:
    assert mask("+12025550143", KEY) == mask("tel:+1 (202) 555-0143", KEY)
    assert mask("+12025550143", KEY) != mask("+12025550144", KEY)
    assert mask("+12025550143", KEY) != mask("+12025550143", "another key")
    assert mask("+12025550143", KEY) == mask("+12025550143", KEY.encode())


def test_a_mask_shows_nothing_of_its_value_and_blanks_stay_blank() -> None:
    assert mask("Imogen", KEY).startswith("masked-")
    assert "mogen" not in mask("Imogen", KEY)
    assert mask(" ", KEY) == " "


def test_a_masked_conversation_keeps_ids_enums_times_and_names_of_queues() -> None:
    masked = mask_conversation(conversation(), KEY)
    customer, queue = masked["participants"]

    assert (masked["id"], masked["startTime"]) == (UUID, "2026-03-02T10:00:00.000Z")
    assert (customer["purpose"], customer["externalContactId"]) == ("customer", UUID)
    assert customer["wrapup"]["name"] == "Order placed"
    assert customer["emails"][0]["direction"] == "inbound"
    assert (queue["name"], queue["queueName"]) == ("Orders", "Orders")


def test_a_masked_conversation_shows_no_name_number_subject_note_or_attribute() -> None:
    text = json.dumps(mask_conversation(conversation(), KEY))

    for secret in ("Imo", "202555", "My order", "walnuts", "gold", "1234", '"c"'):
        assert secret not in text


def test_one_number_has_one_mask_wherever_it_stands_so_that_joins_work() -> None:
    masked = mask_conversation(conversation(), KEY)
    customer = masked["participants"][0]

    wanted = mask("+12025550143", KEY)
    assert masked["address"] == customer["ani"] == wanted
    assert customer["messages"][0]["fromAddress"]["addressNormalized"] == wanted


def test_masking_leaves_the_given_body_as_it_is() -> None:
    body = conversation()
    before = copy.deepcopy(body)
    mask_conversation(body, KEY)

    assert body == before


def test_without_a_key_masks_last_as_long_as_the_process() -> None:
    assert mask_conversation(conversation()) == mask_conversation(conversation())
    assert mask_conversation(conversation()) != mask_conversation(conversation(), KEY)


@pytest.mark.parametrize("render", [rest_conversation, analytics_conversation])
def test_no_personal_value_of_a_simulated_conversation_passes(render: Any) -> None:
    for one in World(42).conversations[:60]:
        body = render(one)
        people = ("customer", "external", "agent", "user")
        names = {p.name for p in one.participants if p.purpose in people}
        numbers = {
            value.removeprefix("tel:")
            for _, session in one.sessions()
            for value in (session.ani, session.dnis, session.address_from, session.subject)
            if value
        }
        text = json.dumps(mask_conversation(body, KEY), ensure_ascii=False)
        assert [value for value in names | numbers if value in text] == []


def test_masking_changes_no_number_no_id_and_no_key() -> None:
    body = analytics_conversation(World(42).conversations[0])
    masked = mask_conversation(body, KEY)

    for (path, value), (same, new) in zip(leaves(body), leaves(masked), strict=True):
        assert path == same
        if not isinstance(value, str) or path[-1].endswith("Id"):
            assert "attributes" in path or value == new


def test_a_flat_event_shows_only_ids_enums_and_times() -> None:
    body = {
        "conversationId": UUID,
        "eventTime": 1772445600000,
        "mediaType": "VOICE",
        "timestamp": "2026-03-02T10:00:00Z",
        "queue": UUID,
        "favouriteColour": "blue",
        "deep": {"petName": "Rex", "customerId": "+12025550143"},
    }
    masked = mask_event(body, KEY)

    kept = ("conversationId", "eventTime", "mediaType", "timestamp", "queue")
    assert {name: masked[name] for name in kept} == {name: body[name] for name in kept}
    assert masked["favouriteColour"] == mask("blue", KEY)
    assert masked["deep"] == {
        "petName": mask("Rex", KEY),
        "customerId": mask("+12025550143", KEY),
    }


def test_an_eventbridge_envelope_stays_readable() -> None:
    topic = "v2.detail.events.conversation.{id}.customer.start"
    body = {
        "version": "0",
        "id": UUID,
        "detail-type": topic,
        "source": "aws.partner/genesys.com/cloud/x",
        "time": "2026-03-02T10:00:00Z",
        "detail": {
            "topicName": topic,
            "eventBody": {
                "conversationId": UUID,
                "ani": "tel:+12025550143",
                "direction": "INBOUND",
                "provider": "Edge",
            },
        },
    }
    masked = mask_event(body, KEY)

    hidden = masked["detail"]["eventBody"].pop("ani")
    assert hidden == mask("+12025550143", KEY)
    del body["detail"]["eventBody"]["ani"]  # type: ignore[index]
    assert masked == body


def test_masks_of_numbers_and_truths_under_personal_names() -> None:
    masked = mask_event({"phone": 12025550143, "emailVerified": True, "emailAddress": None}, KEY)

    assert masked == {
        "phone": mask("12025550143", KEY),
        "emailVerified": True,
        "emailAddress": None,
    }


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcDEF123.456-xyz", "abcDEF"),
        ("{'authorization': 'Basic ZGVtbzpkZW1v'}", "ZGVtbzpkZW1v"),
        ("sent bearer abcdefgh12345", "abcdefgh"),
        ("grant_type=client_credentials&client_secret=s3cr3t-value&x=1", "s3cr3t"),
        ('{"client_secret": "s3 cr3t", "a": 1}', "s3 cr3t"),
        ("GENESYS_CLOUD_CLIENT_SECRET=s3cr3t", "s3cr3t"),
        ("WORKBENCH_WEBHOOK_SECRET: s3cr3t", "s3cr3t"),
        ('{"access_token":"tok123","expires_in":1}', "tok123"),
        ("X-Webhook-Secret: s3cr3t", "s3cr3t"),
        ("amqp://guest:s3cr3t@127.0.0.1:5672//", "s3cr3t"),
        ("postgresql://me:p:w@db.example.com/x", "p:w"),
        ("amqp://guest:pa/ss@rabbit.example.com", "pa/ss"),
        ("password='hunter 2'", "hunter 2"),
        ("mail from imogen@mail.example.com came", "imogen"),
        ("called tel:+12025550143 back", "2025550143"),
        ("called +1 (202) 555-0143 back", "555-0143"),
    ],
)
def test_scrubbing_takes_secrets_and_personal_data_out(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "event 0b9e3a54-0000-4000-8000-000000000001 processed at 2026-03-02 10:00:00+00:00",
        "GET https://api.example.com/api/v2/conversations/c1 answered 503, retry in 12 s",
        "amqp://guest@127.0.0.1:5672/ is away",
        "no basic reason",
    ],
)
def test_scrubbing_leaves_ordinary_lines_as_they_are(text: str) -> None:
    assert scrub(text) == text


def test_scrubbing_keeps_the_host_and_the_neighbours_of_a_secret() -> None:
    assert scrub("amqp://guest:x@rabbit.example.com:5672//") == (
        "amqp://guest:***@rabbit.example.com:5672//"
    )
    assert scrub("client_secret=abc&scope=x") == "client_secret=***&scope=x"


def record(message: str, *args: Any, exc_info: Any = None) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, __file__, 1, message, args, exc_info)


def test_the_filter_scrubs_the_message_with_its_arguments() -> None:
    entry = record("token=%s of %s", "t0k3n", "imogen@example.com")

    assert ScrubFilter().filter(entry) is True
    assert entry.getMessage() == "token=*** of <e-mail>"


def test_the_filter_scrubs_the_traceback_and_the_stack() -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError as exc:
        entry = record("failed", exc_info=(type(exc), exc, exc.__traceback__))
    entry.stack_info = "client_secret=hunter2"
    ScrubFilter().filter(entry)
    entry_text = logging.Formatter().format(entry)

    assert "ValueError" in entry_text
    assert "hunter2" not in entry_text


def test_the_filter_lets_a_record_with_wrong_arguments_pass() -> None:
    entry = record("one %s two %s", "password=hunter2")
    ScrubFilter().filter(entry)

    assert "arguments do not fit" in entry.getMessage()
