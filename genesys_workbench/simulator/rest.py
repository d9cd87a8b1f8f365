"""A conversation as ``GET /api/v2/conversations/{id}`` answers it.

https://developer.genesys.cloud/commdigital/digital/conversations/conversations-apis
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .rest_media import MEDIA_LISTS, connected_time, media_item, wrapup_body
from .times import iso
from .truth import AGENT_PURPOSES, CUSTOMER_PURPOSES, FLOW_PURPOSES, Participant, SimConversation

__all__ = ["rest_conversation"]

_ALL_LISTS = (
    "calls callbacks chats cobrowsesessions emails messages internalMessages screenMonitorings "
    "screenshares socialExpressions videos"
).split()
_ALERTING_TIMEOUT_MS = 15_000
_WRAPUP_TIMEOUT_MS = 300_000


def rest_conversation(conversation: SimConversation) -> dict[str, Any]:
    """Return the REST body; fields without a value are left out, unused media lists are []."""
    people = conversation.participants
    body = {
        "id": conversation.id,
        "startTime": iso(conversation.start),
        "endTime": _iso(conversation.end),
        "address": next((p.address for p in people if p.purpose in CUSTOMER_PURPOSES), None),
        "participants": [_participant(person) for person in people],
        "conversationIds": [],
        "maxParticipants": len(people),
        "recordingState": "ACTIVE" if _recorded(conversation) else "NONE",
        "state": "connected" if conversation.end is None else "disconnected",
        "divisions": [_division(conversation)],
        "recentTransfers": [],
        "securePause": False,
        "selfUri": f"/api/v2/conversations/{conversation.id}",
    }
    return _present(body)


def _present(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}


def _iso(when: datetime | None) -> str | None:
    return None if when is None else iso(when)


def _recorded(conversation: SimConversation) -> bool:
    return any(
        person.purpose in AGENT_PURPOSES and session.media == "voice" and session.end is None
        for person, session in conversation.sessions()
    )


def _division(conversation: SimConversation) -> dict[str, Any]:
    uri = f"/api/v2/authorization/divisions/{conversation.division_id}"
    return {
        "division": {"id": conversation.division_id, "selfUri": uri},
        "entities": [
            {"id": person.user.id, "selfUri": f"/api/v2/users/{person.user.id}"}
            for person in conversation.participants
            if person.user is not None
        ],
    }


def _participant(person: Participant) -> dict[str, Any]:
    ends = [session.end for session in person.sessions]
    over = None if None in ends else max(end for end in ends if end is not None)
    connected = [at for s in person.sessions if (at := connected_time(s)) is not None]
    call = next((s for s in person.sessions if s.media == "voice"), None)
    body: dict[str, Any] = {
        "id": person.id,
        "startTime": iso(person.sessions[0].start),
        "endTime": _iso(over),
        "connectedTime": min(connected, default=None),
        "name": person.name,
        "externalContactId": person.contact_id,
        "externalOrganizationId": person.organization_id,
        "queueId": person.queue and person.queue.id,
        "queueName": person.queue and person.queue.name,
        "purpose": person.purpose,
        "participantType": _participant_type(person),
        "consultParticipantId": person.consult_participant_id,
        "address": person.address,
        "ani": call and call.ani,
        "dnis": call and call.dnis,
        "attributes": {item.key: item.value for item in person.attributes},
        "conversationRoutingData": _routing(person),
        "evaluations": [],
    }
    return _present(body) | _agent_fields(person) | _media(person)


def _participant_type(person: Participant) -> str:
    if person.purpose in AGENT_PURPOSES:
        return "Internal"
    return {"ivr": "IVR", "acd": "ACD"}.get(person.purpose, "External")


def _routing(person: Participant) -> dict[str, Any] | None:
    """Return how the conversation is to be routed: a flow knows it once its outcome is reached."""
    if person.queue is not None and person.purpose == "acd":
        uri = f"/api/v2/routing/queues/{person.queue.id}"
        return {"queue": {"id": person.queue.id, "selfUri": uri}, "priority": 0, "skills": []}
    flow = person.sessions[0].flow
    if person.purpose in FLOW_PURPOSES and flow is not None and flow.outcome_at is not None:
        return {"priority": 0, "skills": []}
    return None


def _agent_fields(person: Participant) -> dict[str, Any]:
    if person.user is None:
        return {}
    wrapup = next((s.wrapup for s in person.sessions if s.wrapup is not None), None)
    with_queue = person.queue is not None
    return _present(
        {
            "userId": person.user.id,
            "userUri": f"/api/v2/users/{person.user.id}",
            "alertingTimeoutMs": _ALERTING_TIMEOUT_MS,
            "wrapupRequired": with_queue,
            "wrapupPrompt": "mandatory" if with_queue else None,
            "wrapupTimeoutMs": _WRAPUP_TIMEOUT_MS if with_queue else None,
            "wrapup": wrapup_body(wrapup),
            "startAcwTime": wrapup and iso(wrapup.start),
            "endAcwTime": wrapup and _iso(wrapup.end),
        }
    )


def _media(person: Participant) -> dict[str, Any]:
    lists: dict[str, Any] = {name: [] for name in _ALL_LISTS}
    for session in person.sessions:
        lists[MEDIA_LISTS[session.media]].append(media_item(person, session))
    return lists
