"""The data action posts what the receiver takes, whatever the event leaves out."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from genesys_workbench.data_action import FIELDS, data_action
from genesys_workbench.events import parse_event
from genesys_workbench.simulator.detail_events import detail_events
from genesys_workbench.simulator.world import World

URL = "https://receiver.example.com/webhook/genesys/conversation"


def posted(event: str, body: dict[str, Any]) -> dict[str, Any]:
    """Fill the template as Velocity does: a quiet reference to nothing becomes nothing."""
    template = data_action(URL, event=event, header="X-Own")["config"]["request"]["requestTemplate"]
    return json.loads(
        re.sub(r"\$!\{input\.(\w+)\}", lambda found: str(body.get(found[1], "")), template)
    )


def test_each_event_of_a_trigger_arrives_as_the_same_event() -> None:
    for conversation in World(conversations=30).conversations:
        for told in detail_events(conversation):
            event = parse_event(posted(told.what, told.body))
            assert (event.event_type, event.conversation_id, event.occurred_at) == (
                told.what,
                conversation.id,
                told.occurred_at,
            )
            assert event.media_type == told.body.get("mediaType", "unknown").lower()
            assert event.envelope == "data-action"


def test_an_event_of_which_little_is_known_is_one_all_the_same() -> None:
    event = parse_event(posted("attributes", {"conversationId": "c-1"}))
    assert (event.event_type, event.occurred_at, event.direction) == ("attributes", None, None)


def test_the_secret_is_a_credential_of_the_integration() -> None:
    headers = data_action(URL, event="acw", header="X-Own")["config"]["request"]["headers"]
    assert headers["X-Own"] == "${credentials.webhookSecret}"


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_of_the_template_is_an_input(name: str) -> None:
    schema = data_action(URL, event="acw", header="X")["contract"]["input"]["inputSchema"]
    assert name in schema["properties"]
