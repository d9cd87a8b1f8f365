"""Conversations as the analytics API tells them. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .shapes import TALKING, Leg, Party, Shape, Span, first_time, last_time, named_texts
from .spellings import (
    read_disconnect_type,
    read_lower,
    read_object,
    read_objects,
    read_text,
    read_texts,
    read_time,
    unique,
)

__all__ = ["read_analytics"]

_ADDRESSES = {"ani": "ani", "dnis": "dnis", "from": "addressFrom", "to": "addressTo"}
_FLOW = {"id": "flowId", "name": "flowName", "type": "flowType", "exit": "exitReason"}


def read_analytics(body: Mapping[str, Any], conversation_id: str) -> Shape:
    """Read a conversation of a details query, a details job or a single look-up."""
    return Shape(
        conversation_id=conversation_id,
        started_at=read_time(body.get("conversationStart")),
        ended_at=read_time(body.get("conversationEnd")),
        direction=read_lower(body.get("originatingDirection")),
        division_ids=read_texts(body.get("divisionIds")),
        conference=read_time(body.get("conferenceStart")) is not None,
        parties=tuple(_party(item) for item in read_objects(body.get("participants"))),
    )


def _party(body: Mapping[str, Any]) -> Party:
    get = body.get
    sessions = read_objects(get("sessions"))
    legs = tuple([_leg(session) for session in sessions])
    queues = [leg.queue_ids[0] for leg in legs if leg.queue_ids]
    return Party(
        participant_id=read_text(get("participantId")),
        purpose=read_lower(get("purpose")),
        user_id=read_text(get("userId")),
        queue_id=queues[0] if queues else None,
        queue_name=None,
        external_contact_id=read_text(get("externalContactId")),
        name=read_text(get("participantName")),
        addresses={},
        joined_at=first_time([leg.started_at for leg in legs]),
        left_at=last_time([leg.ended_at for leg in legs]),
        connected=any(leg.connected_at for leg in legs),
        observes=bool(sessions) and all(map(_observes, sessions)),
        acw=None,
        wrap_up_codes=(),
        attributes=read_object(get("attributes")),
        legs=legs,
    )


def _observes(session: Mapping[str, Any]) -> bool:
    return bool(session.get("monitoredParticipantId") or session.get("coachedParticipantId"))


def _leg(body: Mapping[str, Any]) -> Leg:
    get = body.get
    spans = tuple([_span(item) for item in read_objects(get("segments"))])
    live = [span for span in spans if span.kind != "wrapup"]
    left = [span.disconnect_type for span in live if span.disconnect_type]
    medium = read_lower(get("mediaType")) or "unknown"
    return Leg(
        media_type=medium,
        message_type=read_lower(get("messageType")) if medium == "message" else None,
        direction=read_lower(get("direction")),
        addresses=named_texts(body, _ADDRESSES),
        started_at=first_time([span.start for span in live]),
        connected_at=first_time([span.start for span in live if span.kind in TALKING]),
        ended_at=last_time([span.end for span in live]),
        disconnect_type=left[-1] if left else None,
        spans=spans,
        metrics=_metrics(get("metrics")),
        queue_ids=unique([span.queue_id for span in spans]),
        wrap_up_codes=unique([span.wrap_up_code for span in spans]),
        conference="conferenceTransfer" in left or True in [span.conference for span in spans],
        detailed=True,
        session_id=read_text(get("sessionId")),
        peer_id=read_text(get("peerId")),
        flow=named_texts(read_object(get("flow")), _FLOW),
    )


def _span(body: Mapping[str, Any]) -> Span:
    get = body.get
    return Span(
        read_lower(get("segmentType")) or "unknown",
        read_time(get("segmentStart")),
        read_time(get("segmentEnd")),
        read_text(get("queueId")),
        read_disconnect_type(get("disconnectType")),
        read_text(get("wrapUpCode")),
        get("conference") is True,
    )


def _metrics(told: Any) -> dict[str, float]:
    """Sum the metrics by name: times (``t…``, milliseconds) in seconds, counts as they are."""
    sums: dict[str, float] = {}
    for metric in read_objects(told):
        name, value = read_text(metric.get("name")), metric.get("value")
        if name and isinstance(value, (int, float)):
            sums[name] = sums.get(name, 0.0) + value
    return {name: sum_ / 1000 if name[0] == "t" else sum_ for name, sum_ in sums.items()}
