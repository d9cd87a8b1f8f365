"""What the bridge makes of what it hears."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from genesys_workbench.channels import Subject
from genesys_workbench.errors import SpoolFull
from genesys_workbench.events import ConversationEvent, parse_event
from genesys_workbench.messages import decode, encode
from genesys_workbench.notifications import Bridge

QUEUES = [f"v2.routing.queues.q-{number}.conversations" for number in (1, 2)]


class Intake:
    """Keeps events, or fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.kept: list[ConversationEvent] = []
        self.confirmed: asyncio.Event | None = None
        self._failures = failures

    async def keep(self, events: Sequence[ConversationEvent], _: Any = None) -> list[str]:
        fails, self._failures = self._failures > 0, max(0, self._failures - 1)
        self.kept += [] if fails else events  # on its way, before anybody confirms
        if self.confirmed is not None:
            await self.confirmed.wait()
        if fails:
            raise SpoolFull("full")
        return ["published"] * len(events)


def bridge(intake: Intake) -> Bridge:
    return Bridge(None, intake, [Subject("queue", "q-1", "Billing")])  # type: ignore[arg-type]


def told(conversation_id: str, topic: str = QUEUES[0], **more: Any) -> ConversationEvent:
    body = {"id": conversation_id, "participants": [], **more}
    return parse_event({"topicName": topic, "version": "2", "eventBody": body})


def hear(listening: Bridge, *events: ConversationEvent) -> None:
    for event in events:
        asyncio.run(listening._heard(event, None))


def test_the_first_is_the_creation_and_the_others_are_changes() -> None:
    intake = Intake()
    hear(bridge(intake), told("c-1"), told("c-1", address="a"), told("c-2"))
    assert [event.event_type for event in intake.kept] == ["created", "updated", "created"]


def test_half_a_surrogate_pair_goes_its_way_like_any_text() -> None:
    intake = Intake()
    hear(bridge(intake), told("c-1", address="half \ud800"))
    message = encode(intake.kept[0], received_at=datetime.now(UTC))
    source = decode(json.loads(message.body)[0][0]).event.source
    assert source["eventBody"]["address"] == "half \ud800"


def test_a_change_that_comes_by_two_topics_is_one_event() -> None:
    intake = Intake()
    hear(bridge(intake), told("c-1"), told("c-1", QUEUES[1]))
    assert len(intake.kept) == 1


def test_what_could_not_be_kept_is_heard_again() -> None:
    intake = Intake(failures=1)
    listening = bridge(intake)
    with pytest.raises(SpoolFull):
        hear(listening, told("c-1"))
    hear(listening, told("c-1"))
    assert [event.event_type for event in intake.kept] == ["created"]


@pytest.mark.parametrize("failures", [0, 1])
def test_what_a_lost_socket_left_on_its_way_is_created_once(failures: int) -> None:
    intake = Intake(failures)
    listening = bridge(intake)

    async def lose_the_socket() -> None:
        intake.confirmed = asyncio.Event()
        hearing = asyncio.create_task(listening._heard(told("c-1"), None))
        await asyncio.sleep(0)
        hearing.cancel()
        await asyncio.sleep(0)
        intake.confirmed.set()
        with pytest.raises(asyncio.CancelledError):
            await hearing

    asyncio.run(lose_the_socket())
    intake.confirmed = None
    hear(listening, told("c-1"), told("c-1", address="a"))
    assert [event.event_type for event in intake.kept] == ["created", "updated"]


def test_a_conversation_that_was_looked_up_is_kept_unless_it_was_heard_of() -> None:
    intake = Intake()
    listening = bridge(intake)
    hear(listening, told("c-1"))
    for name in ("c-1", "c-2"):
        found = parse_event({"conversationId": name, "eventId": f"{name}.x", "mediaType": "voice"})
        asyncio.run(listening._heard(found, {"conversationId": name}))
    assert [event.conversation_id for event in intake.kept] == ["c-1", "c-2"]
