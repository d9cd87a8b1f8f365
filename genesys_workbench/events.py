"""A delivery's body becomes `ConversationEvent`s. No I/O.

Four envelopes are understood (and JSON arrays of them):

============ =========================================================================
eventbridge  Amazon EventBridge: ``detail-type``, ``detail.eventBody``, own ``id``
notification Notifications API: ``topicName``, ``eventBody``
data-action  the flat body that one defines in a Web Services data action
seed         ``{"conversationId", "timestamp"}``
============ =========================================================================

An unknown topic is kept as ``other``. The event id is the sender's where there is one, else a
digest of what makes the event what it is, so a redelivery carries the same id.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from .errors import InvalidDelivery
from .one_medium import with_lists

__all__ = [
    "DETAIL_EVENTS",
    "MAX_EVENTS",
    "MEDIA_LISTS",
    "ConversationEvent",
    "Envelope",
    "digest",
    "parse_event",
    "parse_events",
    "parse_time",
]

# Of one delivery. All of its events are made safe before the answer, so many would be late.
MAX_EVENTS = 1000

Envelope = Literal["eventbridge", "notification", "data-action", "seed"]

# https://developer.genesys.cloud/notificationsalerts/notifications/available-topics
DETAIL_EVENTS = frozenset(
    "acd.start acd.end acw attributes contact customer.start customer.end flow.start flow.end "
    "flow.outcome outbound user.start user.end voicemail.start voicemail.end wrapup".split()
)
MEDIA_TYPES = frozenset(
    "voice chat email callback cobrowse video screenshare message internalmessage "
    "screenmonitoring unknown".split()
)
# Participant fields of GET /api/v2/conversations/{id} that hold the media items
MEDIA_LISTS = {
    "calls": "voice",
    "callbacks": "callback",
    "chats": "chat",
    "emails": "email",
    "messages": "message",
    "internalMessages": "internalmessage",
    "cobrowsesessions": "cobrowse",
    "screenshares": "screenshare",
    "screenMonitorings": "screenmonitoring",
    "videos": "video",
}
_MILLISECONDS = re.compile(r"-?\d{11,14}")
_DETAIL_TOPIC = re.compile(r"v2\.detail\.events\.conversation\.[^.]+\.(?P<what>.+)")
_CHANGE_TOPIC = re.compile(
    r"v2\.(?:routing\.queues|users)\.[^.]+\.conversations(?:\.(?P<medium>[a-z]+))?"
)
_LISTS = {name.lower(): name for name in MEDIA_LISTS}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}")
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_FLAT_HINTS = {"eventId", "eventType", "mediaType", "eventTime", "participantId", "sessionId"}


@dataclass(frozen=True, slots=True)
class ConversationEvent:
    """One event of one conversation, normalised.

    Attributes:
        event_id: Stable id, at most 128 characters; the idempotency key.
        event_type: ``customer.start`` and the other detail events, ``updated`` for a
            notification, ``created`` for the seed's body, ``other`` for an unknown topic.
        conversation_id: The id as Genesys gives it.
        occurred_at: Aware UTC time of the event, None where the sender gave none.
        media_type: Lower case, the analytics spelling: ``voice``, ``message``; or ``unknown``.
        direction: ``inbound``, ``outbound`` or None.
        envelope: The form in which it came.
        topic: The sender's topic, if any.
        body: The part that speaks of the event itself (``eventBody``, or the whole); that of a
            topic of one medium in the form of the topic of all.
        source: The untouched event as it was delivered.
    """

    event_id: str
    event_type: str
    conversation_id: str
    occurred_at: datetime | None
    media_type: str
    direction: str | None
    envelope: Envelope
    topic: str | None
    body: Mapping[str, Any]
    source: Mapping[str, Any]


def parse_events(delivery: Any) -> list[ConversationEvent]:
    """Read a delivery's JSON value: one event, or an array of them.

    Raises:
        InvalidDelivery: Status 422; for an array the text names the index. All or nothing.
    """
    if not isinstance(delivery, list):
        return [parse_event(delivery)]
    if not delivery:
        raise InvalidDelivery("The array holds no event.", status=422)
    if len(delivery) > MAX_EVENTS:
        what = f"The array holds {len(delivery)} events; at most {MAX_EVENTS} are taken at once."
        raise InvalidDelivery(what, status=422)
    events = []
    for index, item in enumerate(delivery):
        try:
            events.append(parse_event(item))
        except InvalidDelivery as exc:
            raise InvalidDelivery(f"Event {index} of the array: {exc.what}", status=422) from exc
    return events


def parse_event(item: Any) -> ConversationEvent:
    """Read one event in any of the four envelopes.

    Raises:
        InvalidDelivery: Status 422, with what is missing or malformed.
    """
    if not isinstance(item, dict):
        raise InvalidDelivery(
            f"An event must be a JSON object, not {_json_type(item)}.", status=422
        )
    if "detail" in item and "detail-type" in item:
        return _eventbridge(item)
    if "eventBody" in item:
        return _notification(item)
    return _flat(item)


def _eventbridge(item: dict[str, Any]) -> ConversationEvent:
    detail = _object(item["detail"], "detail")
    body = _object(detail.get("eventBody"), "detail.eventBody")
    topic = _text(item["detail-type"], "detail-type")
    if item.get("id") is None:
        event_id = digest({"topic": topic, "body": body})
    else:
        event_id = _identifier(item["id"], "id")
    return _build(item, body, topic, event_id, "eventbridge", detail.get("timestamp"))


def _notification(item: dict[str, Any]) -> ConversationEvent:
    body = _object(item["eventBody"], "eventBody")
    topic = _text(item.get("topicName", ""), "topicName")
    event_id = digest({"topic": topic, "body": body})
    match = _CHANGE_TOPIC.fullmatch(topic)
    medium = _LISTS.get(match["medium"] or "") if match else None
    whole = with_lists(body, medium) if medium else body
    return _build(item, whole, topic or None, event_id, "notification", item.get("timestamp"))


def _flat(item: dict[str, Any]) -> ConversationEvent:
    given = item.get("eventId")
    event_id = digest(item) if given is None else _identifier(given, "eventId")
    if item.keys() & _FLAT_HINTS or item.get("topicName"):
        topic = item.get("topicName")
        topic = None if topic is None else _text(topic, "topicName")
        return _build(item, item, topic, event_id, "data-action", item.get("timestamp"))
    return _build(item, item, None, event_id, "seed", item.get("timestamp"))


def _build(
    source: dict[str, Any],
    body: dict[str, Any],
    topic: str | None,
    event_id: str,
    envelope: Envelope,
    sent_at: Any,
) -> ConversationEvent:
    is_conversation = "conversationId" not in body and "participants" in body
    field = "id" if is_conversation else "conversationId"
    if body.get(field) is None:
        raise InvalidDelivery(
            "The event carries no conversationId.",
            status=422,
            fix='send {"conversationId": "…", "timestamp": "…"} or one of Genesys\' envelopes',
        )
    when = body.get("eventTime")
    return ConversationEvent(
        event_id=event_id,
        event_type=_event_type(topic, body, envelope),
        conversation_id=_identifier(body[field], field),
        occurred_at=parse_time(sent_at if when is None else when, "eventTime"),
        media_type=_media_type(body),
        direction=_direction(body),
        envelope=envelope,
        topic=topic,
        body=body,
        source=source,
    )


def _event_type(topic: str | None, body: dict[str, Any], envelope: Envelope) -> str:
    if envelope == "seed":
        return "created"
    if topic is None and isinstance(named := body.get("eventType"), str):
        named = named.removeprefix("conversation:").removeprefix("conversation.")
        return named if named in DETAIL_EVENTS | {"created", "updated"} else "other"
    if topic is None:
        return "created" if envelope == "data-action" else "updated"
    if (match := _DETAIL_TOPIC.fullmatch(topic)) and match["what"] in DETAIL_EVENTS:
        return match["what"]
    return "updated" if _CHANGE_TOPIC.fullmatch(topic) else "other"


def _media_type(body: dict[str, Any]) -> str:
    named = body.get("mediaType")
    if isinstance(named, str):
        return named.lower() if named.lower() in MEDIA_TYPES else "unknown"
    return next((medium for medium, _ in _media_items(body)), "unknown")


def _direction(body: dict[str, Any]) -> str | None:
    named = body.get("direction")
    if named is None:
        named = next(
            (item["direction"] for _, item in _media_items(body) if item.get("direction")), None
        )
    if not isinstance(named, str):
        return None
    return named.lower() if named.lower() in ("inbound", "outbound") else None


def _media_items(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return (medium, item) of a conversation's participants, the first by time first."""
    participants = body.get("participants")
    found = [
        (medium, item)
        for participant in (participants if isinstance(participants, list) else [])
        if isinstance(participant, dict)
        for name, medium in MEDIA_LISTS.items()
        if isinstance(items := participant.get(name), list)
        for item in items
        if isinstance(item, dict)
    ]
    return sorted(found, key=lambda pair: str(pair[1].get("connectedTime") or "~"))


def parse_time(value: Any, name: str = "time") -> datetime | None:
    """Read epoch milliseconds or ISO-8601 to an aware UTC datetime.

    A time without a zone is taken as UTC, as Genesys means it.

    Raises:
        InvalidDelivery: Status 422; not a time, or outside the years 1970 to 9998.
    """
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise ValueError("a boolean")
        if isinstance(value, (int, float)):
            when = _FIRST + timedelta(milliseconds=value)
        elif isinstance(value, str) and _MILLISECONDS.fullmatch(value):
            when = _FIRST + timedelta(milliseconds=int(value))
        else:
            when = datetime.fromisoformat(value)
            when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        if not _FIRST <= when < _LAST:
            raise ValueError("outside 1970 to 9998")
    except (ValueError, TypeError, OverflowError) as exc:
        raise InvalidDelivery(
            f"{name} is neither epoch milliseconds nor an ISO-8601 time.", status=422
        ) from exc
    return when


def digest(value: Any) -> str:
    """Return 32 hex digits that are the same for the same JSON value, however it is spelt."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _identifier(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidDelivery(
            f"{name} must be a string of 1 to 128 letters, digits and . _ : ~ -", status=422
        )
    return value


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidDelivery(f"{name} must be an object, not {_json_type(value)}.", status=422)
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > 512:
        raise InvalidDelivery(f"{name} must be a string of at most 512 characters.", status=422)
    return value


def _json_type(value: Any) -> str:
    names = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    return "null" if value is None else names.get(type(value), "a number")
