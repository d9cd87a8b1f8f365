"""The named fixtures: which moment of which conversation of ``World(seed=42)`` each shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .detail_events import DetailEvent, detail_events
from .envelopes import ENVELOPES, render
from .truth import SimConversation

__all__ = ["FIXTURES", "UNKNOWN", "Fixture", "find", "fixture_bodies"]


@dataclass(frozen=True, slots=True)
class Fixture:
    """A moment of a conversation.

    Attributes:
        scenario: Scenario of the conversation.
        what: The detail event; the first conversation of the scenario that has it is taken.
        use: What it is good for.
    """

    scenario: str
    what: str
    use: str


FIXTURES = {
    "voice-inbound": Fixture("voice-inbound", "customer.start", "a call comes in"),
    "voice-abandoned": Fixture("voice-abandoned", "customer.start", "hangs up in the queue"),
    "voice-transfer": Fixture("voice-transfer", "customer.start", "two queues, two agents"),
    "voice-consult": Fixture("voice-consult", "customer.start", "consult transfer"),
    "voice-conference": Fixture("voice-conference", "customer.start", "two agents at once"),
    "voice-active": Fixture("voice-active", "customer.start", "still going on"),
    "chat": Fixture("chat", "customer.start", "a web chat"),
    "email": Fixture("email", "customer.start", "an email, answered after hours"),
    "message-sms": Fixture("message-sms", "customer.start", "SMS"),
    "message-whatsapp": Fixture("message-whatsapp", "customer.start", "WhatsApp"),
    "message-webmessaging": Fixture("message-webmessaging", "customer.start", "web messaging"),
    "message-open": Fixture("message-open", "customer.start", "Open Messaging"),
    "callback": Fixture("callback", "customer.start", "a callback for a later time"),
    "two-media": Fixture("voice-then-callback", "customer.start", "a call, then a callback"),
    "outbound": Fixture("voice-outbound", "customer.start", "an agent dials"),
    "campaign": Fixture("voice-campaign", "outbound", "a campaign dials"),
    "internal": Fixture("voice-internal", "user.start", "agent to agent, no customer"),
    "voicemail": Fixture("voice-voicemail", "voicemail.start", "a voicemail begins"),
    "voicemail-end": Fixture("voice-voicemail", "voicemail.end", "a voicemail is complete"),
    "customer-end": Fixture("voice-inbound", "customer.end", "the customer has left"),
    "flow-start": Fixture("voice-inbound", "flow.start", "the menu begins"),
    "flow-outcome": Fixture("voice-inbound", "flow.outcome", "the menu has its outcome"),
    "flow-end": Fixture("voice-inbound", "flow.end", "the menu is left"),
    "attributes": Fixture("voice-inbound", "attributes", "attributes without mediaType"),
    "acd-start": Fixture("voice-inbound", "acd.start", "waiting in a queue begins"),
    "acd-end": Fixture("voice-inbound", "acd.end", "waiting in a queue ends"),
    "user-start": Fixture("voice-inbound", "user.start", "an agent is alerted"),
    "user-end": Fixture("voice-inbound", "user.end", "an agent has left"),
    "contact": Fixture("voice-inbound", "contact", "an external contact is linked"),
    "wrapup": Fixture("voice-inbound", "wrapup", "a wrap-up code is chosen"),
    "acw": Fixture("voice-inbound", "acw", "after-call work is done"),
}
UNKNOWN = "unknown-topic"
_UNKNOWN_WHAT = "customer.paused"


def find(
    conversations: Sequence[SimConversation], fixture: Fixture
) -> tuple[SimConversation, DetailEvent]:
    """Return the conversation and event that a fixture shows.

    Raises:
        LookupError: No conversation of the scenario has such an event.
    """
    for conversation in conversations:
        if conversation.scenario == fixture.scenario:
            for event in detail_events(conversation):
                if event.what == fixture.what:
                    return conversation, event
    raise LookupError(f"no {fixture.scenario} with {fixture.what}")


def fixture_bodies(conversations: Sequence[SimConversation]) -> dict[tuple[str, str], Any]:
    """Return the bodies of all fixtures by (envelope, name)."""
    bodies = {}
    for name, fixture in FIXTURES.items():
        conversation, event = find(conversations, fixture)
        for envelope in ENVELOPES:
            bodies[envelope, name] = render(event, envelope, conversation=conversation)
    return bodies | _unknown(*find(conversations, FIXTURES["voice-inbound"]))


def _unknown(conversation: SimConversation, event: DetailEvent) -> dict[tuple[str, str], Any]:
    """Return an event of a topic that nobody knows; the seed's envelope names no topic."""
    event = replace(event, what=_UNKNOWN_WHAT)
    bodies = {
        (envelope, UNKNOWN): render(event, envelope, conversation=conversation)
        for envelope in ENVELOPES
        if envelope != "seed"
    }
    bodies["notification", UNKNOWN]["topicName"] = f"v2.conversations.{conversation.id}.paused"
    return bodies
