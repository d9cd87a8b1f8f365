"""Notifications of one medium (``….conversations.calls``) tell what those of all media tell."""

from __future__ import annotations

from typing import Any

import pytest

from genesys_workbench.conversations import facts_of_event
from genesys_workbench.events import MEDIA_LISTS, parse_event
from genesys_workbench.simulator.notification import (
    MEDIA,
    media_conversation,
    notification_conversation,
)
from genesys_workbench.simulator.world import World

TOPIC = "v2.routing.queues.0a1b2c3d-0001-4001-8001-00000000000a.conversations"
CONVERSATIONS = World(conversations=200).conversations


def frame(body: dict[str, Any], medium: str = "") -> dict[str, Any]:
    ending = f".{medium}" if medium else ""
    return {"topicName": TOPIC + ending, "version": "2", "eventBody": body}


@pytest.mark.parametrize("medium", MEDIA)
def test_they_lead_to_the_same_facts(medium: str) -> None:
    seen = 0
    for conversation in CONVERSATIONS:
        at = conversation.end or conversation.start
        whole = notification_conversation(conversation, at)
        part = media_conversation(whole, medium)
        media = {name for person in whole["participants"] for name in MEDIA if person[name]}
        if part is None:
            continue
        seen += 1
        of_all, of_one = parse_event(frame(whole)), parse_event(frame(part, medium))
        assert of_one.event_type == "updated"
        assert of_one.media_type == MEDIA_LISTS[medium]
        if media != {medium}:
            continue
        assert of_one.direction == of_all.direction
        theirs, ours = facts_of_event(of_all), facts_of_event(of_one)
        for name in ("queue_ids", "agent_ids", "customer_name", "external_contact_id"):
            assert getattr(ours, name) == getattr(theirs, name)
    assert seen


@pytest.mark.parametrize(
    "body",
    [
        {"id": "c-1", "participants": "nobody"},
        {"id": "c-1", "participants": [None, 1, {"user": 1, "queue": []}]},
        {"id": "c-1", "participants": [{"calls": [{"direction": "inbound"}]}]},
    ],
)
def test_whatever_participants_are_it_is_read(body: dict[str, Any]) -> None:
    event = parse_event(frame(body, "calls"))
    assert event.conversation_id == "c-1"
    assert event.source["eventBody"] == body
    facts_of_event(event)
