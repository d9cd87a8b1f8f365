"""One session as an item of a REST participant's media list: a call, an email, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .times import iso
from .truth import AGENT_PURPOSES, CUSTOMER_PURPOSES, Participant, Segment, SimSession, Wrapup

__all__ = ["MEDIA_LISTS", "connected_time", "media_item", "wrapup_body"]

MEDIA_LISTS = {
    "voice": "calls",
    "callback": "callbacks",
    "chat": "chats",
    "email": "emails",
    "message": "messages",
}
_STATES = {
    "alert": "alerting",
    "dialing": "dialing",
    "contacting": "contacting",
    "parked": "parked",
}
_DISCONNECTS = {
    "consultTransfer": "transfer.consult",
    "conferenceTransfer": "transfer.conference",
    "noAnswerTransfer": "transfer.noanswer",
}


def _disconnect(disconnect: str | None) -> str | None:
    return None if disconnect is None else _DISCONNECTS.get(disconnect, disconnect)


def media_item(person: Participant, session: SimSession) -> dict[str, Any]:
    """Return the item; fields without a value are left out."""
    item = _common(person, session) | _KINDS[session.media](person, session)
    return {key: value for key, value in item.items() if value is not None}


def _common(person: Participant, session: SimSession) -> dict[str, Any]:
    is_agent = person.purpose in AGENT_PURPOSES
    return {
        "id": session.id,
        "state": _state(session),
        "initialState": _segment_state(session.segments[0]),
        "direction": session.direction,
        "held": _last(session).kind == "hold" and session.end is None,
        "provider": session.provider,
        "peerId": session.peer_id,
        "disconnectType": _disconnect(session.disconnect),
        "startHoldTime": _begin(session, "hold") if _last(session).kind == "hold" else None,
        "startAlertingTime": _begin(session, "alert"),
        "connectedTime": connected_time(session),
        "disconnectedTime": None if session.end is None else iso(session.end),
        "segments": [_segment(segment) for segment in session.segments],
        "wrapup": wrapup_body(session.wrapup),
        "afterCallWork": _after_call_work(session.wrapup) if is_agent else None,
        "afterCallWorkRequired": is_agent and person.queue is not None,
    }


def _last(session: SimSession) -> Segment:
    return session.segments[-1]


def _state(session: SimSession) -> str:
    return _segment_state(_last(session)) if session.end is None else "disconnected"


def _segment_state(segment: Segment) -> str:
    return _STATES.get(segment.kind, "connected")


def _begin(session: SimSession, kind: str) -> str | None:
    found = [segment.start for segment in session.segments if segment.kind == kind]
    return iso(found[-1]) if found else None


def connected_time(session: SimSession) -> str | None:
    """Return when somebody or something first took the session up."""
    found = (s.start for s in session.segments if _segment_state(s) in ("connected", "parked"))
    first = next(found, None)
    return None if first is None else iso(first)


def _segment(segment: Segment) -> dict[str, Any]:
    body = {"type": segment.kind, "startTime": iso(segment.start)}
    if segment.end is not None:
        body["endTime"] = iso(segment.end)
        body["howEnded"] = "disconnect" if segment.disconnect else "interact"
    if (disconnect := _disconnect(segment.disconnect)) is not None:
        body["disconnectType"] = disconnect
    return body


def wrapup_body(wrapup: Wrapup | None) -> dict[str, Any] | None:
    """Return the wrap-up, as soon as a code is chosen."""
    if wrapup is None or wrapup.coded_at is None:
        return None
    body: dict[str, Any] = {"code": wrapup.code.id, "name": wrapup.code.name}
    if wrapup.notes is not None:
        body["notes"] = wrapup.notes
    body["durationSeconds"] = (wrapup.coded_at - wrapup.start).seconds
    return body | {"endTime": iso(wrapup.coded_at)}


def _after_call_work(wrapup: Wrapup | None) -> dict[str, Any] | None:
    if wrapup is None:
        return None
    body = {"state": "pending", "startTime": iso(wrapup.start)}
    return body if wrapup.end is None else body | {"state": "complete", "endTime": iso(wrapup.end)}


def _address(raw: str | None, name: str | None = None) -> dict[str, Any] | None:
    if raw is None:
        return None
    plain = raw.removeprefix("tel:")
    body = {"addressRaw": raw, "addressNormalized": plain, "addressDisplayable": plain}
    return body if name is None else body | {"name": name}


def _call(person: Participant, session: SimSession) -> dict[str, Any]:
    calling = (session.direction == "inbound") == (person.purpose in CUSTOMER_PURPOSES)
    own, other = (session.ani, session.dnis) if calling else (session.dnis, session.ani)
    return {
        "muted": False,
        "confined": False,
        "recording": person.purpose in AGENT_PURPOSES,
        "recordingState": "active" if person.purpose in AGENT_PURPOSES else "none",
        "securePause": False,
        "self": _address(own, person.name),
        "other": _address(other),
    }


def _callback(_: Participant, session: SimSession) -> dict[str, Any]:
    return {
        "callbackNumbers": list(session.callback_numbers),
        "callbackUserName": session.callback_name,
        "callbackScheduledTime": session.callback_at and iso(session.callback_at),
        "externalCampaign": False,
        "skipEnabled": False,
    }


def _chat(_: Participant, session: SimSession) -> dict[str, Any]:
    return {"roomId": f"{session.peer_id or session.id}@conference.example.com"}


def _email(person: Participant, session: SimSession) -> dict[str, Any]:
    replied = person.purpose in AGENT_PURPOSES and session.disconnect == "client"
    return {
        "subject": session.subject,
        "messagesSent": int(replied),
        "messageId": f"<{session.id}@example.com>",
        "autoGenerated": False,
        "spam": False,
    }


def _message(person: Participant, session: SimSession) -> dict[str, Any]:
    status = "sent" if person.purpose in AGENT_PURPOSES else "received"
    return {
        "type": session.message_type,
        "authenticated": False,
        "toAddress": _address(session.address_to),
        "fromAddress": _address(session.address_from),
        "messages": [
            {
                "messageId": text.id,
                "messageTime": iso(text.at),
                "messageStatus": status,
                "messageSegmentCount": 1,
                "media": [],
                "stickers": [],
            }
            for text in session.texts
        ],
    }


_KINDS: dict[str, Callable[[Participant, SimSession], dict[str, Any]]] = {
    "voice": _call,
    "callback": _callback,
    "chat": _chat,
    "email": _email,
    "message": _message,
}
