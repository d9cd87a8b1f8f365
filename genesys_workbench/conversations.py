"""Conversation JSON, or one event, becomes `ConversationFacts`. No I/O.

Who the customer was, which media, queues and agents, how long, how it ended: derived by the same
rules whether the conversation comes from REST, from analytics or from a notification.
https://developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-detail-model
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .detail_facts import facts_of_detail
from .errors import PermanentError
from .events import ConversationEvent
from .facts import ConversationFacts, ParticipantFacts, address_key
from .shapes import Leg, Party, Shape
from .shapes_analytics import read_analytics
from .shapes_rest import read_rest
from .spellings import read_text, unique
from .timings import Timings, agents_of, measure, was_conference

__all__ = [
    "CUSTOMERS",
    "ConversationFacts",
    "ParticipantFacts",
    "facts_of_conversation",
    "facts_of_event",
    "facts_of_shape",
    "read_shape",
]

CUSTOMERS = frozenset({"customer", "external"})
_LAST = datetime.max.replace(tzinfo=UTC)


def facts_of_conversation(body: Mapping[str, Any]) -> ConversationFacts:
    """Derive the facts of a conversation as REST or analytics tell it.

    Raises:
        PermanentError: Reason ``schema``; the body is neither.
    """
    shape = read_shape(body)
    return facts_of_shape(shape, measure(shape))


def read_shape(body: Mapping[str, Any]) -> Shape:
    """Read a conversation as REST or analytics tell it into the one shape.

    Raises:
        PermanentError: Reason ``schema``; the body is neither.
    """
    shape = _read(body)
    if shape is None:
        raise PermanentError(
            "The body is not a conversation: it has neither the shape of "
            "GET /api/v2/conversations/{id} nor that of analytics.",
            fix="compare it with a conversation of the simulator, then replay the event",
            reason="schema",
        )
    return shape


def facts_of_event(event: ConversationEvent) -> ConversationFacts:
    """Derive what one event tells of its conversation; never fails, whatever the body holds."""
    shape = _read(event.body)
    if shape is None or shape.conversation_id != event.conversation_id:
        return facts_of_detail(event)
    return facts_of_shape(shape, measure(shape), complete=False)


def _read(body: Any) -> Shape | None:
    if not isinstance(body, Mapping):
        return None
    rest, analytics = read_text(body.get("id")), read_text(body.get("conversationId"))
    if analytics and ("participants" in body or "conversationStart" in body):
        return read_analytics(body, analytics)
    if rest and not analytics and ("participants" in body or "startTime" in body):
        return read_rest(body, rest)
    return None


def facts_of_shape(
    shape: Shape, timings: Timings, *, complete: bool = True, with_participants: bool = True
) -> ConversationFacts:
    """Derive the facts of a conversation that was read and measured."""
    parties = sorted(shape.parties, key=_joined)
    legs = _in_order([leg for party in parties for leg in party.legs])
    customer = next((party for party in parties if party.purpose in CUSTOMERS), None)
    theirs = _in_order(customer.legs) if customer else []
    direction = shape.direction or _direction(theirs) or _direction(legs)
    contact = customer.external_contact_id if customer else None
    return ConversationFacts(
        conversation_id=shape.conversation_id,
        started_at=shape.started_at,
        ended_at=shape.ended_at,
        media_types=unique([leg.media_type for leg in legs]),
        message_type=next((leg.message_type for leg in legs if leg.message_type), None),
        direction=direction,
        external_contact_id=contact,
        customer_key=contact or address_key(_address(customer, theirs, direction)),
        customer_name=customer.name if customer else None,
        queue_ids=_queues(parties),
        queue_names=unique([party.queue_name for party in parties]),
        agent_ids=unique([party.user_id for party in agents_of(parties)]),
        transfers=timings.transfers,
        conference=was_conference(shape),
        abandoned=timings.abandoned,
        ivr_s=timings.ivr_s,
        wait_s=timings.wait_s,
        talk_s=timings.talk_s,
        hold_s=timings.hold_s,
        acw_s=timings.acw_s,
        handle_s=timings.handle_s,
        duration_s=timings.duration_s,
        disconnect_type=_disconnect_type(theirs) or _disconnect_type(legs),
        wrap_up_codes=unique([code for party in parties for code in party.all_wrap_up_codes]),
        division_ids=shape.division_ids,
        participants=tuple(_participants(parties)) if with_participants else (),
        complete=complete,
    )


def _joined(party: Party) -> datetime:
    return party.joined_at or _LAST


def _started(leg: Leg) -> datetime:
    return leg.started_at or _LAST


def _ended(leg: Leg) -> datetime:
    return leg.ended_at or _LAST


def _in_order(legs: Iterable[Leg]) -> list[Leg]:
    return sorted(legs, key=_started)


def _direction(legs: Iterable[Leg]) -> str | None:
    return next((leg.direction for leg in legs if leg.direction in ("inbound", "outbound")), None)


def _address(customer: Party | None, legs: Sequence[Leg], direction: str | None) -> str | None:
    """Return the customer's address: the calling side of an inbound leg, else the called one."""
    if customer is None:
        return None
    names = ("dnis", "to", "own") if direction == "outbound" else ("ani", "from", "own")
    told = [customer.addresses, *(leg.addresses for leg in legs)]
    return next((book[name] for name in names for book in told if name in book), None)


def _queues(parties: Sequence[Party]) -> tuple[str, ...]:
    waited = [party for party in parties if party.purpose == "acd"]
    rest = [party for party in parties if party.purpose != "acd"]
    told: list[str | None] = []
    for party in waited + rest:
        told.append(party.queue_id)
        for leg in party.legs:
            told += leg.queue_ids
    return unique(told)


def _disconnect_type(legs: Iterable[Leg]) -> str | None:
    ended = [leg for leg in legs if leg.disconnect_type]
    if not ended:
        return None
    return max(ended, key=_ended).disconnect_type


def _participants(parties: Iterable[Party]) -> Iterable[ParticipantFacts]:
    for party in parties:
        if party.participant_id:
            yield ParticipantFacts(
                participant_id=party.participant_id,
                purpose=party.purpose,
                user_id=party.user_id,
                queue_id=party.queue_id,
                queue_name=party.queue_name,
                external_contact_id=party.external_contact_id,
                joined_at=party.joined_at,
                left_at=party.left_at,
                media_types=unique([leg.media_type for leg in _in_order(party.legs)]),
            )
