"""A conversation as the analytics detail queries answer it (AnalyticsConversation).

https://developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-detail-model
"""

from __future__ import annotations

from typing import Any

from .analytics_metrics import metrics
from .times import iso
from .truth import CUSTOMER_PURPOSES, Participant, Segment, SimConversation, SimSession

__all__ = ["analytics_conversation", "campaign_fields", "exit_reason"]

_R_FACTOR_PER_MOS = 18.9


def analytics_conversation(
    conversation: SimConversation, *, attributes: bool = False
) -> dict[str, Any]:
    """Return the analytics body.

    Args:
        conversation: What happened.
        attributes: Whether participants carry their attributes, as the results of jobs do and
            those of queries do not.
    """
    first = conversation.participants[0]
    people = conversation.participants
    body: dict[str, Any] = {
        "conversationId": conversation.id,
        "conversationStart": iso(conversation.start),
        "conversationEnd": conversation.end and iso(conversation.end),
        "conversationInitiator": first.purpose,
        "customerParticipation": any(person.purpose in CUSTOMER_PURPOSES for person in people),
        "originatingDirection": first.sessions[0].direction,
        "divisionIds": [conversation.division_id],
        "participants": [_participant(person, attributes=attributes) for person in people],
    }
    if conversation.mos is not None and conversation.end is not None:
        body["mediaStatsMinConversationMos"] = conversation.mos
        body["mediaStatsMinConversationRFactor"] = round(conversation.mos * _R_FACTOR_PER_MOS, 2)
    return _present(body)


def _present(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value not in (None, [])}


def _participant(person: Participant, *, attributes: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "participantId": person.id,
        "participantName": person.name,
        "purpose": person.purpose,
        "userId": person.user and person.user.id,
        "externalContactId": person.contact_id,
        "externalOrganizationId": person.organization_id,
        "sessions": [_session(person, session) for session in person.sessions],
    }
    if attributes:
        body["attributes"] = {item.key: item.value for item in person.attributes}
    return _present(body)


def _session(person: Participant, session: SimSession) -> dict[str, Any]:
    body: dict[str, Any] = {
        "sessionId": session.id,
        "mediaType": session.media,
        "direction": session.direction,
        "provider": session.provider,
        "peerId": session.peer_id,
        "ani": session.ani,
        "dnis": session.dnis,
        "sessionDnis": session.dnis,
        "remote": session.dnis if session.direction == "outbound" else session.ani,
        "addressFrom": session.address_from,
        "addressTo": session.address_to,
        "messageType": session.message_type,
        "callbackUserName": session.callback_name,
        "callbackNumbers": list(session.callback_numbers),
        "callbackScheduledTime": session.callback_at and iso(session.callback_at),
        "requestedRoutings": ["Standard"] if person.purpose == "acd" else None,
        "usedRouting": "Standard" if session.answered_by is not None else None,
        "selectedAgentId": session.answered_by and session.answered_by.id,
        "flow": _flow(session),
        "metrics": metrics(person, session),
        "segments": _segments(person, session),
    }
    return _present(body | campaign_fields(session))


def campaign_fields(session: SimSession) -> dict[str, Any]:
    """Return the campaign that dialled; detail events name it in the same words."""
    if session.outbound is None:
        return {}
    return {
        "outboundCampaignId": session.outbound.campaign_id,
        "outboundContactListId": session.outbound.contact_list_id,
        "outboundContactId": session.outbound.contact_id,
    }


def _flow(session: SimSession) -> dict[str, Any] | None:
    flow = session.flow
    if flow is None:
        return None
    body: dict[str, Any] = {
        "flowId": flow.id,
        "flowName": flow.name,
        "flowType": flow.type,
        "flowVersion": flow.version,
        "entryType": "dnis" if session.media == "voice" else "direct",
        "entryReason": session.dnis,
        "exitReason": None if session.end is None else exit_reason(session),
        "transferType": flow.transfer,
    }
    if flow.outcome_at is not None:
        body["outcomes"] = [
            {
                "flowOutcomeId": flow.outcome_id,
                "flowOutcomeValue": "SUCCESS",
                "flowOutcomeStartTimestamp": iso(session.start),
                "flowOutcomeEndTimestamp": iso(flow.outcome_at),
            }
        ]
    return _present(body)


def exit_reason(session: SimSession) -> str:
    """Return why the flow ended."""
    return "TRANSFER" if session.disconnect == "transfer" else "DISCONNECT"


def _segments(person: Participant, session: SimSession) -> list[dict[str, Any]]:
    bodies = [_segment(person, session, segment) for segment in session.segments]
    wrapup = session.wrapup
    if wrapup is not None:
        work = Segment("wrapup", wrapup.start, wrapup.end)
        coded = {"wrapUpCode": wrapup.code.id, "wrapUpNote": wrapup.notes}
        if wrapup.coded_at is None:
            coded = {}
        bodies.append(_present(_segment(person, session, work) | coded))
    return bodies


def _segment(person: Participant, session: SimSession, segment: Segment) -> dict[str, Any]:
    return _present(
        {
            "segmentStart": iso(segment.start),
            "segmentEnd": segment.end and iso(segment.end),
            "segmentType": segment.kind,
            "queueId": person.queue and person.queue.id,
            "disconnectType": segment.disconnect,
            "conference": segment.conference,
            "subject": session.subject,
        }
    )
