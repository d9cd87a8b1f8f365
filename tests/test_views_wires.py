"""A message on the wire as a picture: every part, what it is for, and nothing personal."""

from __future__ import annotations

import re

from genesys_workbench import samples
from genesys_workbench.events import parse_event
from genesys_workbench.messages import Message, encode
from genesys_workbench.views import wire


def message() -> Message:
    event = parse_event(samples.event("voice-inbound"))
    assert event.occurred_at is not None
    return encode(event, received_at=event.occurred_at, with_priority=True)


def rows() -> dict[str, list[str]]:
    lines = wire(message()).text.splitlines()[2:]
    cells = [re.split(r"\s{2,}", line) for line in lines]
    return {row[1]: row for row in cells}


def test_every_header_is_shown_with_its_meaning() -> None:
    found = rows()
    assert [name for name in message().headers if len(found[name]) != 4] == []
    assert found["task"][2] == "genesys_workbench.tasks.process_interaction"


def test_properties_are_those_that_are_published() -> None:
    found = rows()
    assert found["delivery_mode"][:3] == ["property", "delivery_mode", "2"]
    assert found["message_id"][2] == message().event_id
    assert found["routing_key"][2] == "conversation.customer-start.voice"


def test_the_picture_is_the_same_each_time_though_each_task_has_its_own_id() -> None:
    assert message().headers["id"] != message().headers["id"]
    assert wire(message()) == wire(message())


def test_of_the_payload_only_the_names_are_shown() -> None:
    told = wire(message()).html
    assert "conversationId, timestamp, metadata" in told
    assert samples.event("voice-inbound")["detail"]["eventBody"]["ani"] not in told
