"""The four envelopes in which an event may reach a receiver."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ..errors import SettingsError
from .detail_events import DetailEvent
from .notification import conversation_topic, notification_conversation
from .people import ORGANIZATION_ID
from .times import epoch_ms, iso, make_id
from .truth import SimConversation

__all__ = ["ENVELOPES", "correlation_id", "render"]

ENVELOPES = ("eventbridge", "notification", "data-action", "seed")
_SOURCE = f"aws.partner/genesys.com/cloud/{ORGANIZATION_ID}/genesys-workbench"
_TOPIC = "v2.detail.events.conversation.{id}."


def render(event: DetailEvent, envelope: str, *, conversation: SimConversation) -> dict[str, Any]:
    """Put an event into an envelope.

    Args:
        event: What happened.
        envelope: One of `ENVELOPES`.
        conversation: The conversation that the event belongs to.

    Raises:
        SettingsError: There is no such envelope.
    """
    if envelope not in _RENDERINGS:
        raise SettingsError(
            f"{envelope!r} is not an envelope.", fix=f"choose one of: {', '.join(ENVELOPES)}"
        )
    return _RENDERINGS[envelope](event, conversation)


def correlation_id(event: DetailEvent) -> str:
    """Return the id that the platform gives to what it says of an event."""
    return _event_id(event, "correlation")


def _event_id(event: DetailEvent, purpose: str = "event") -> str:
    session = event.body.get("sessionId", event.body["participantId"])
    when = epoch_ms(event.occurred_at)
    return make_id(purpose, event.conversation_id, event.what, session, when)


def _eventbridge(event: DetailEvent, _: SimConversation) -> dict[str, Any]:
    # EventBridge gets an event a moment after it happened
    sent_at = event.occurred_at + timedelta(milliseconds=100 + epoch_ms(event.occurred_at) % 800)
    return {
        "version": "0",
        "id": _event_id(event),
        "detail-type": _TOPIC + event.what,
        "source": _SOURCE,
        "account": "123456789012",
        "time": iso(sent_at)[:19] + "Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "topicName": _TOPIC.format(id=event.conversation_id) + event.what,
            "version": "2",
            "eventBody": event.body,
            "metadata": {"CorrelationId": correlation_id(event)},
            "timestamp": iso(sent_at),
        },
    }


def _notification(event: DetailEvent, conversation: SimConversation) -> dict[str, Any]:
    return {
        "topicName": conversation_topic(conversation, event.occurred_at),
        "version": "2",
        "eventBody": notification_conversation(conversation, event.occurred_at),
        "metadata": {"CorrelationId": correlation_id(event)},
    }


def _data_action(event: DetailEvent, _: SimConversation) -> dict[str, Any]:
    body = event.body
    told = [item["mediaType"] for item in body.get("communications", [])]
    flat = {
        "conversationId": event.conversation_id,
        "eventType": event.what,
        "eventTime": body["eventTime"],
        "mediaType": body.get("mediaType", next(iter(told), None)),
        "direction": body.get("direction"),
        "participantId": body["participantId"],
        "sessionId": body.get("sessionId"),
    }
    return {key: value for key, value in flat.items() if value is not None}


def _seed(event: DetailEvent, _: SimConversation) -> dict[str, Any]:
    return {"conversationId": event.conversation_id, "timestamp": iso(event.occurred_at)}


_RENDERINGS: dict[str, Callable[[DetailEvent, SimConversation], dict[str, Any]]] = {
    "eventbridge": _eventbridge,
    "notification": _notification,
    "data-action": _data_action,
    "seed": _seed,
}
