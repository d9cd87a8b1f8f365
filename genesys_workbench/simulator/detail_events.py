"""The detail events of a conversation: topics ``v2.detail.events.conversation.{id}.*``.

https://developer.genesys.cloud/analyticsdatamanagement/analytics/notifications
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import detail_fields as fields
from .analytics import campaign_fields
from .analytics_metrics import time_in
from .times import epoch_ms, span_ms
from .truth import (
    AGENT_PURPOSES,
    CUSTOMER_PURPOSES,
    FLOW_PURPOSES,
    Participant,
    SimConversation,
    SimSession,
    as_of,
)

__all__ = ["DetailEvent", "detail_events"]

_WITH_ADDRESSES = frozenset({"addressTo", "addressFrom", "subject", "messageType"})
_WITH_CALLBACK = frozenset({"callbackUserName", "callbackNumbers", "callbackScheduledTime"})
# what the model of an event does not have of the common fields
_LACKS: dict[str, frozenset[str]] = {
    "voicemail.start": _WITH_ADDRESSES | _WITH_CALLBACK,
    "voicemail.end": _WITH_ADDRESSES | _WITH_CALLBACK,
    "flow.start": _WITH_CALLBACK,
    "flow.end": _WITH_CALLBACK,
    "flow.outcome": _WITH_CALLBACK,
    "outbound": _WITH_CALLBACK,
    "acw": frozenset({"divisionId"}),
    "wrapup": frozenset({"divisionId"}),
}
Found = tuple[str, datetime, Participant, SimSession | None, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class DetailEvent:
    """One detail event.

    Attributes:
        what: The end of its topic, such as ``customer.start``.
        occurred_at: Aware time in whole milliseconds; no two events of a conversation share it.
        body: The ``eventBody``: epoch milliseconds as integers, absent fields left out.
    """

    what: str
    conversation_id: str
    occurred_at: datetime
    body: dict[str, Any]


def detail_events(conversation: SimConversation) -> list[DetailEvent]:
    """Return all detail events of a conversation, by time."""
    found = [item for person in conversation.participants for item in _of_participant(person)]
    events = [_event(conversation, *item) for item in found]
    return sorted(events, key=lambda event: event.occurred_at)


def _event(
    conversation: SimConversation,
    what: str,
    at: datetime,
    person: Participant,
    session: SimSession | None,
    extra: dict[str, Any],
) -> DetailEvent:
    body: dict[str, Any] = {
        "eventTime": epoch_ms(at),
        "conversationId": conversation.id,
        "participantId": person.id,
        **_contacts(as_of(conversation, at)),
    }
    if session is not None:
        body |= fields.session_fields(session) | {"divisionId": conversation.division_id}
    body = {key: value for key, value in body.items() if key not in _LACKS.get(what, ())} | extra
    body = {key: value for key, value in body.items() if value not in (None, [])}
    return DetailEvent(what, conversation.id, at, body)


def _contacts(conversation: SimConversation) -> dict[str, Any]:
    people = conversation.participants
    organizations = {p.organization_id for p in people if p.organization_id is not None}
    return {
        "conversationExternalContactIds": [p.contact_id for p in people if p.contact_id],
        "conversationExternalOrganizationIds": sorted(organizations),
    }


def _of_participant(person: Participant) -> Iterator[Found]:
    for session in person.sessions:
        yield from _of_session(person, session)
        if person.purpose == "dialer":
            yield "outbound", session.start, person, session, campaign_fields(session)
    if person.contact_linked_at is not None:
        at, session = person.contact_linked_at, person.sessions[0]
        yield "contact", at, person, session, fields.external(person)
    for at in sorted({item.at for item in person.attributes}):
        yield "attributes", at, person, None, fields.attributes(person, at)


def _of_session(person: Participant, session: SimSession) -> Iterator[Found]:
    if (kind := _kind(person)) is None:
        return
    both, at_end = _extras(kind, person, session)
    yield f"{kind}.start", session.start, person, session, both
    if session.end is not None:
        why = {"disconnectType": fields.upper(session.disconnect)}
        yield f"{kind}.end", session.end, person, session, both | why | at_end
    if session.flow is not None and session.flow.outcome_at is not None:
        at = session.flow.outcome_at
        yield "flow.outcome", at, person, session, both | fields.outcome(session, at)
    if kind == "user":
        yield from _of_wrapup(person, session)


def _kind(person: Participant) -> str | None:
    if person.purpose in FLOW_PURPOSES:
        return "flow"
    if person.purpose in AGENT_PURPOSES:
        return "user"
    if person.purpose in CUSTOMER_PURPOSES:
        return "customer"
    return person.purpose if person.purpose in ("acd", "voicemail") else None


def _extras(
    kind: str, person: Participant, session: SimSession
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that start and end have, and those that only the end has."""
    queue = {"queueId": person.queue and person.queue.id}
    user = {"userId": person.user and person.user.id}
    total = 0 if session.end is None else span_ms(session.start, session.end)
    if kind == "customer":
        contact, linked_at = fields.external(person), person.contact_linked_at
        known = linked_at is None or linked_at <= session.start
        talked = {"interactingDurationMs": time_in(session, "interact")}
        return contact if known else {}, contact | talked
    if kind == "flow":
        return fields.flow(session), fields.flow_exit(session) | {"connectedDurationMs": total}
    if kind == "acd":
        waited = {"connectedDurationMs": total}
        return queue | {"routingPriority": 0}, fields.acd_end(session) | waited
    if kind == "voicemail":
        return queue, {"voicemailDurationMs": total}
    return user | queue, fields.user_end(session)


def _of_wrapup(person: Participant, session: SimSession) -> Iterator[Found]:
    wrapup = session.wrapup
    if wrapup is None:
        return
    queue = {"queueId": person.queue and person.queue.id}
    said = {"wrapupCode": wrapup.code.id, "wrapupNotes": wrapup.notes}
    if wrapup.coded_at is not None:
        spent = {"wrapupDurationMs": span_ms(wrapup.start, wrapup.coded_at)}
        yield "wrapup", wrapup.coded_at, person, session, queue | said | spent
    if wrapup.end is not None:
        spent = {"wrapupDurationMs": span_ms(wrapup.start, wrapup.end)}
        user = {"userId": person.user and person.user.id}
        yield "acw", wrapup.end, person, session, user | queue | said | spent
