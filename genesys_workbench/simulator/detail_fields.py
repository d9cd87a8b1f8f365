"""The fields of detail events, by the kind of session that they speak of."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .analytics import exit_reason
from .analytics_metrics import time_in
from .times import epoch_ms
from .truth import Participant, SimSession

__all__ = [
    "acd_end",
    "attributes",
    "external",
    "flow",
    "flow_exit",
    "outcome",
    "session_fields",
    "upper",
    "user_end",
]


def session_fields(session: SimSession) -> dict[str, Any]:
    """Return the fields that all sessions have."""
    return {
        "sessionId": session.id,
        "mediaType": session.media.upper(),
        "provider": session.provider,
        "direction": session.direction.upper(),
        "ani": session.ani,
        "dnis": session.dnis,
        "addressTo": session.address_to,
        "addressFrom": session.address_from,
        "subject": session.subject,
        "messageType": session.message_type and session.message_type.upper(),
        "callbackUserName": session.callback_name,
        "callbackNumbers": list(session.callback_numbers),
        "callbackScheduledTime": session.callback_at and epoch_ms(session.callback_at),
    }


def external(person: Participant) -> dict[str, Any]:
    """Return the external contact of a customer."""
    return {
        "externalContactId": person.contact_id,
        "externalOrganizationId": person.organization_id,
    }


def flow(session: SimSession) -> dict[str, Any]:
    """Return the flow that the session runs through."""
    return {
        "flowId": session.flow and session.flow.id,
        "flowType": session.flow and session.flow.type,
        "flowVersion": session.flow and session.flow.version,
    }


def flow_exit(session: SimSession) -> dict[str, Any]:
    """Return how the flow was left."""
    transfer_type = session.flow and session.flow.transfer
    return {"exitReason": exit_reason(session), "transferType": transfer_type}


def outcome(session: SimSession, at: datetime) -> dict[str, Any]:
    """Return the outcome that the flow reached."""
    return {
        "flowOutcomeId": session.flow and session.flow.outcome_id,
        "flowOutcomeStartTime": epoch_ms(session.start),
        "flowOutcomeEndTime": epoch_ms(at),
        "flowOutcomeValue": "SUCCESS",
    }


def acd_end(session: SimSession) -> dict[str, Any]:
    """Return how the queue's part ended."""
    return {
        "acdOutcome": session.acd_outcome,
        "answeredUserId": session.answered_by and session.answered_by.id,
        "requestedRoutings": ["STANDARD"],
        "usedRouting": "STANDARD" if session.answered_by is not None else None,
    }


def user_end(session: SimSession) -> dict[str, Any]:
    """Return what an agent spent the time on."""
    spent = {
        "interacting": time_in(session, "interact"),
        "held": time_in(session, "hold"),
        "alerting": time_in(session, "alert"),
        "contacting": time_in(session, "contacting"),
        "dialing": time_in(session, "dialing"),
        "callback": time_in(session, "callback"),
    }
    return {f"{name}DurationMs": value for name, value in spent.items() if value}


def attributes(person: Participant, at: datetime) -> dict[str, Any]:
    """Return the attributes that are set at a time."""
    return {
        "attributes": {item.key: item.value for item in person.attributes if item.at <= at},
        "participantStartTime": epoch_ms(person.sessions[0].start),
        "communications": [
            {"id": session.id, "mediaType": session.media.upper()}
            for session in person.sessions
            if session.start <= at
        ],
    }


def upper(name: str | None) -> str | None:
    """Return the detail events' spelling: ``noAnswerTransfer`` is ``NO_ANSWER_TRANSFER``."""
    return None if name is None else re.sub(r"(?=[A-Z])", "_", name).upper()
