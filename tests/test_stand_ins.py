"""Stand-ins for real ids and personal data: the same for the same, and no way back."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from genesys_workbench import samples
from genesys_workbench.errors import SettingsError
from genesys_workbench.events import parse_event
from genesys_workbench.simulator.envelopes import ENVELOPES
from genesys_workbench.stand_ins import StandIns
from tests.canaries import PEOPLE, PERSON

QUEUE = "0a1b2c3d-0001-4001-8001-00000000000a"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def stand_ins() -> StandIns:
    return StandIns(b"a key")


def every_event() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for envelope in ENVELOPES:
        for name in samples.names():
            try:
                found.append((f"{envelope}/{name}", samples.event(name, envelope=envelope)))
            except SettingsError:
                continue  # not every event comes in every envelope
    return found


EVENTS = dict(every_event())


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_stays_what_it_is_but_of_another_conversation(
    name: str, stand_ins: StandIns
) -> None:
    given = EVENTS[name]
    before, after = parse_event(given), parse_event(stand_ins.event(given))
    for field in ("event_type", "occurred_at", "media_type", "direction", "envelope"):
        assert getattr(after, field) == getattr(before, field)
    assert after.conversation_id == stand_ins.id(before.conversation_id) != before.conversation_id
    assert after.event_id != before.event_id


def test_an_id_has_one_stand_in_wherever_it_stands(stand_ins: StandIns) -> None:
    told = stand_ins.event(
        {
            "topicName": f"v2.routing.queues.{QUEUE}.conversations",
            "eventBody": {"id": QUEUE.upper(), "queueId": QUEUE, "selfUri": f"/api/v2/x/{QUEUE}"},
        }
    )
    one = stand_ins.id(QUEUE)
    assert UUID.fullmatch(one)
    assert told == {
        "topicName": f"v2.routing.queues.{one}.conversations",
        "eventBody": {"id": one, "queueId": one, "selfUri": f"/api/v2/x/{one}"},
    }


def test_ids_of_another_form_are_replaced_too(stand_ins: StandIns) -> None:
    told = stand_ins.conversation({"id": QUEUE, "externalTag": "CRM-4711", "provider": "Edge"})
    assert told["externalTag"] != "CRM-4711"
    assert told["provider"] == "Edge"


def test_the_account_and_the_name_of_an_event_bus_are_nobodys(stand_ins: StandIns) -> None:
    told = stand_ins.event(samples.event("voice-inbound"))
    assert told["account"] != "123456789012"
    assert told["source"].startswith("aws.partner/genesys.com/cloud/")
    assert told["source"].endswith("/cassette")


def test_another_recording_has_other_stand_ins() -> None:
    assert StandIns().id(QUEUE) != StandIns().id(QUEUE)


def test_nothing_personal_is_left(stand_ins: StandIns) -> None:
    participant = {"id": QUEUE, "purpose": "customer", **PERSON}
    shown = json.dumps(
        [
            stand_ins.conversation({"id": QUEUE, "participants": [participant]}),
            stand_ins.event({"conversationId": QUEUE, **PERSON}),
        ]
    )
    assert [each for each in PEOPLE if each in shown] == []
    assert stand_ins.leaks() == []


def test_a_text_with_an_address_in_it_is_masked_wherever_it_is(stand_ins: StandIns) -> None:
    told = stand_ins.conversation({"id": QUEUE, "queueName": "Calls of +12025550177 only"})
    assert told["queueName"].startswith("masked-")


def test_a_person_named_in_a_field_of_another_kind_is_told_of(stand_ins: StandIns) -> None:
    person = {"id": QUEUE, "purpose": "agent", "name": "Cornelia Kanaria-Zobel"}
    stand_ins.conversation({"id": QUEUE, "participants": [person]})
    stand_ins.conversation({"id": QUEUE, "flowName": "For Cornelia Kanaria-Zobel"})
    assert stand_ins.leaks() == ["flowName"]
    assert "Cornelia" not in repr(stand_ins)


def test_a_queue_that_answers_a_call_is_no_person(stand_ins: StandIns) -> None:
    call = {"self": {"name": "Technical support", "addressRaw": "sip:q@example.com"}}
    queue = {"id": QUEUE, "purpose": "acd", "name": "Technical support", "calls": [call]}
    told = stand_ins.conversation({"id": QUEUE, "participants": [queue]})
    assert told["participants"][0]["name"] == "Technical support"
    assert stand_ins.leaks() == []
