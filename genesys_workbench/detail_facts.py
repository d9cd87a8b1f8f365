"""What one detail event, or one flat body, tells of its conversation. No I/O.

https://developer.genesys.cloud/notificationsalerts/notifications/available-topics
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .events import ConversationEvent
from .facts import ConversationFacts, ParticipantFacts, address_key
from .spellings import read_disconnect_type, read_lower, read_text, read_texts, unique

__all__ = ["facts_of_detail"]

_PURPOSES = {"customer": "customer", "acd": "acd", "user": "agent", "acw": "agent"}
_ABANDONED = {"ABANDON": True, "ANSWERED": False}


def facts_of_detail(event: ConversationEvent) -> ConversationFacts:
    """Derive the facts of a detail event, of a data action's flat body or of the seed's."""
    body, subject = event.body, event.event_type.partition(".")[0]
    contact = _contact(body)
    of_customer = subject in ("customer", "contact", "created")
    return ConversationFacts(
        conversation_id=event.conversation_id,
        started_at=_started_at(event),
        ended_at=event.occurred_at if event.event_type == "customer.end" else None,
        media_types=_media_types(event),
        message_type=read_lower(body.get("messageType")),
        direction=event.direction,
        external_contact_id=contact,
        customer_key=contact or (_customer_key(event) if of_customer else None),
        customer_name=read_text(body.get("callbackUserName")) if of_customer else None,
        queue_ids=unique([read_text(body.get("queueId"))]),
        agent_ids=_agents(event),
        abandoned=_ABANDONED.get(str(body.get("acdOutcome")).upper()),
        disconnect_type=_disconnect_type(event),
        wrap_up_codes=unique([read_text(body.get("wrapupCode"))]),
        division_ids=unique([read_text(body.get("divisionId"))]),
        participants=_participants(event, subject, contact),
    )


def _contact(body: Mapping[str, Any]) -> str | None:
    linked = read_texts(body.get("conversationExternalContactIds"))
    return read_text(body.get("externalContactId")) or (linked[0] if linked else None)


def _started_at(event: ConversationEvent) -> datetime | None:
    starts = event.event_type.endswith(".start") or event.event_type in ("created", "outbound")
    return event.occurred_at if starts else None


def _media_types(event: ConversationEvent) -> tuple[str, ...]:
    return () if event.media_type == "unknown" else (event.media_type,)


def _customer_key(event: ConversationEvent) -> str | None:
    names = ("dnis", "addressTo") if event.direction == "outbound" else ("ani", "addressFrom")
    return address_key(next((t for name in names if (t := read_text(event.body.get(name)))), None))


def _agents(event: ConversationEvent) -> tuple[str, ...]:
    """Return who is known to have connected; ``user.start`` is an alert, maybe unanswered."""
    body = event.body
    spoke = body.get("interactingDurationMs")
    if event.event_type == "acd.end":
        return unique([read_text(body.get("answeredUserId"))])
    if event.event_type == "acw" or (isinstance(spoke, int) and spoke > 0):
        return unique([read_text(body.get("userId"))])
    return ()


def _disconnect_type(event: ConversationEvent) -> str | None:
    if event.event_type != "customer.end":
        return None
    return read_disconnect_type(event.body.get("disconnectType"))


def _participants(
    event: ConversationEvent, subject: str, contact: str | None
) -> tuple[ParticipantFacts, ...]:
    participant_id = read_text(event.body.get("participantId"))
    if participant_id is None:
        return ()
    return (
        ParticipantFacts(
            participant_id=participant_id,
            purpose=_PURPOSES.get(subject),
            user_id=read_text(event.body.get("userId")),
            queue_id=read_text(event.body.get("queueId")),
            external_contact_id=contact if subject == "customer" else None,
            joined_at=event.occurred_at if event.event_type.endswith(".start") else None,
            left_at=event.occurred_at if event.event_type.endswith(".end") else None,
            media_types=_media_types(event),
        ),
    )
