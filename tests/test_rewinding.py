"""A last body as it stood before: what the simulator itself told of that moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.rewinding import as_it_stood
from genesys_workbench.simulator.truth import SimConversation, as_of
from genesys_workbench.simulator.world import World

ENDED = [one for one in World(conversations=200).conversations if one.end is not None]
# They tell no time, so they stay as they were in the end.
TIMELESS = frozenset(
    "attributes externalContactId externalOrganizationId recordingState divisions ani dnis "
    "conversationRoutingData messagesSent held startHoldTime wrapUpCode wrapUpNote".split()
)


def timed(value: Any) -> Any:
    if isinstance(value, list):
        return [timed(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: timed(item) for name, item in value.items() if name not in TIMELESS}


def scheduled(conversation: SimConversation) -> bool:
    """Whether something waits, or is parked: REST has a state for it, and no time."""
    return any(
        segment.kind in ("parked", "contacting", "dialing")
        for _, session in conversation.sessions()
        for segment in session.segments
    )


@pytest.mark.parametrize("render", [rest_conversation, analytics_conversation])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_it_tells_what_was_told_then(
    render: Callable[[SimConversation], dict[str, Any]], share: float
) -> None:
    for conversation in ENDED:
        if render is rest_conversation and scheduled(conversation):
            continue
        assert conversation.end is not None
        at = conversation.start + (conversation.end - conversation.start) * share
        told = render(as_of(conversation, at))
        assert timed(as_it_stood(render(conversation), at)) == timed(told)


def test_the_given_body_stays_as_it_is() -> None:
    body = analytics_conversation(ENDED[0])
    before = repr(body)
    as_it_stood(body, ENDED[0].start)
    assert repr(body) == before


@pytest.mark.parametrize(
    "body",
    [
        {"participants": None},
        {"participants": [None, 1, {"sessions": "none"}, {"segments": [None]}]},
        {"startTime": 5, "endTime": "yesterday", "wrapup": "x", "flow": [], "state": {}},
    ],
)
def test_whatever_the_body_is_it_does_not_fail(body: dict[str, Any]) -> None:
    as_it_stood(body, datetime(2026, 1, 5, tzinfo=UTC))


def test_a_callback_for_later_is_known_before() -> None:
    body = {"callbacks": [{"callbackScheduledTime": "2026-01-06T08:00:00.000Z"}]}
    assert as_it_stood(body, datetime(2026, 1, 5, tzinfo=UTC)) == body
