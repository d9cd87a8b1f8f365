"""A conversation that was looked up becomes the event of its creation."""

from __future__ import annotations

from typing import Any

import pytest

from genesys_workbench.gaps import found_event
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.world import World


def test_the_event_tells_what_the_conversation_tells() -> None:
    for conversation in World(conversations=40).conversations:
        event = found_event(analytics_conversation(conversation))
        assert event is not None
        assert (event.conversation_id, event.event_type) == (conversation.id, "created")
        assert event.occurred_at == conversation.start
        assert event.media_type == conversation.participants[0].sessions[0].media


def test_told_again_it_is_the_same_event_and_told_otherwise_another() -> None:
    body = analytics_conversation(World(conversations=1).conversations[0])
    first, again = found_event(body), found_event(dict(body))
    other = found_event(body | {"conversationEnd": "2026-01-05T12:00:00.000Z"})
    assert first is not None
    assert again is not None
    assert other is not None
    assert first.event_id == again.event_id != other.event_id


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"conversationId": None},
        {"conversationId": 7},
        {"conversationId": "a b"},
        {"conversationId": "c-1", "conversationStart": "yesterday"},
    ],
)
def test_what_is_no_conversation_is_left_out_with_a_line(
    body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert found_event(body) is None
    assert "no conversation" in caplog.text


def test_odd_participants_cost_the_medium_only() -> None:
    for odd in (None, "x", [None, {"sessions": 1}, {"sessions": [{}]}]):
        event = found_event({"conversationId": "c-1", "participants": odd})
        assert event is not None
        assert event.media_type == "unknown"
