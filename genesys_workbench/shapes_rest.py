"""Conversations as REST and notifications tell them. No I/O.

``GET /api/v2/conversations/{id}``, and the bodies of ``v2.routing.queues.{id}.conversations`` and
its like: participants, and in each of them a list for every medium.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from .events import MEDIA_LISTS
from .shapes import Leg, Party, Shape, Span, first_time, last_time, named_texts
from .spellings import (
    read_disconnect_type,
    read_lower,
    read_object,
    read_objects,
    read_text,
    read_time,
    unique,
)

__all__ = ["read_rest"]

_ADDRESSES = {"ani": "ani", "dnis": "dnis", "own": "address"}
_LEG_ADDRESSES = {"from": "fromAddress", "to": "toAddress", "own": "self"}
# The lowest number that is told wins
_SPELLINGS = {"3": "addressDisplayable", "2": "addressRaw", "1": "addressNormalized"}
_YEAR = 366 * 24 * 3600


def read_rest(body: Mapping[str, Any], conversation_id: str) -> Shape:
    """Read a conversation of REST or of a notification.

    A notification has neither ``startTime`` nor ``endTime``: they follow from its participants.
    """
    parties = tuple(_party(item) for item in read_objects(body.get("participants")))
    started, ended = read_time(body.get("startTime")), read_time(body.get("endTime"))
    if started is None and ended is None:
        started = first_time([party.joined_at for party in parties])
        ended = last_time([party.left_at for party in parties])
    divisions = [item.get("division") for item in read_objects(body.get("divisions"))]
    return Shape(
        conversation_id=conversation_id,
        started_at=started,
        ended_at=ended,
        direction=None,
        division_ids=unique(read_text(d.get("id")) for d in divisions if isinstance(d, dict)),
        conference=False,
        parties=parties,
    )


def _party(body: Mapping[str, Any]) -> Party:
    told = [(medium, body[name]) for name, medium in MEDIA_LISTS.items() if body.get(name)]
    legs = tuple([_leg(item, medium) for medium, items in told for item in read_objects(items)])
    started = first_time([read_time(body.get("startTime")), *[leg.started_at for leg in legs]])
    return Party(
        participant_id=read_text(body.get("id")),
        purpose=read_lower(body.get("purpose")),
        user_id=read_text(body.get("userId")),
        queue_id=read_text(body.get("queueId")),
        queue_name=read_text(body.get("queueName")),
        external_contact_id=read_text(body.get("externalContactId")),
        name=read_text(body.get("name")),
        addresses=named_texts(body, _ADDRESSES),
        joined_at=started or read_time(body.get("connectedTime")),
        left_at=read_time(body.get("endTime")),
        connected=any(leg.connected_at for leg in legs),
        observes=bool(body.get("monitoredParticipantId") or body.get("coachedParticipantId")),
        acw=_acw(body, "startAcwTime", "endAcwTime") or _acw_of_wrapup(body),
        wrap_up_codes=_wrap_up_codes(body),
        attributes=read_object(body.get("attributes")),
        legs=legs,
    )


def _leg(body: Mapping[str, Any], medium: str) -> Leg:
    connected = read_time(body.get("connectedTime"))
    ended = read_time(body.get("disconnectedTime"))
    spans = _spans(body)
    detailed = bool(read_objects(body.get("segments")))
    if connected and not detailed:
        spans.append(Span("interact", connected, ended))
    disconnect = read_disconnect_type(body.get("disconnectType"))
    starts = [connected, *(span.start for span in spans if span.kind != "wrapup")]
    return Leg(
        media_type=medium,
        message_type=read_lower(body.get("type")) if medium == "message" else None,
        direction=read_lower(body.get("direction")),
        addresses=_leg_addresses(body),
        started_at=first_time([read_time(body.get("startAlertingTime")), *starts]),
        connected_at=connected,
        ended_at=ended,
        disconnect_type=disconnect,
        spans=tuple(spans),
        metrics={},
        queue_ids=(),
        wrap_up_codes=_wrap_up_codes(body),
        conference=disconnect == "conferenceTransfer",
        detailed=detailed,
        session_id=read_text(body.get("id")),
        peer_id=read_text(body.get("peerId")),
        flow={},
    )


def _spans(body: Mapping[str, Any]) -> list[Span]:
    spans = [_span(item) for item in read_objects(body.get("segments"))]
    after = read_object(body.get("afterCallWork"))
    acw = _acw(after, "startTime", "endTime") or _acw_of_wrapup(body)
    if acw and not any(span.kind == "wrapup" for span in spans):
        spans.append(replace(acw, wrap_up_code=next(iter(_wrap_up_codes(body)), None)))
    return spans


def _span(body: Mapping[str, Any]) -> Span:
    return Span(
        read_lower(body.get("type")) or "unknown",
        read_time(body.get("startTime")),
        read_time(body.get("endTime")),
        disconnect_type=read_disconnect_type(body.get("disconnectType")),
    )


def _acw(body: Mapping[str, Any], start: str, end: str) -> Span | None:
    begun = read_time(body.get(start))
    return None if begun is None else Span("wrapup", begun, read_time(body.get(end)))


def _acw_of_wrapup(body: Mapping[str, Any]) -> Span | None:
    wrapup = body.get("wrapup")
    if not isinstance(wrapup, dict):
        return None
    seconds, coded = wrapup.get("durationSeconds"), read_time(wrapup.get("endTime"))
    if coded is None or not isinstance(seconds, int) or not 0 <= seconds < _YEAR:
        return None
    return Span("wrapup", coded - timedelta(seconds=seconds), coded)


def _leg_addresses(body: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, field_name in _LEG_ADDRESSES.items():
        address = body.get(field_name)
        if isinstance(address, dict) and (texts := named_texts(address, _SPELLINGS)):
            found[name] = texts[min(texts)]
    return found


def _wrap_up_codes(body: Mapping[str, Any]) -> tuple[str, ...]:
    code = read_text(read_object(body.get("wrapup")).get("code"))
    return () if code is None else (code,)
