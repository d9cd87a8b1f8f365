"""Analytics' conversations as msgspec reads them: what frames show, in the types it should have.

Whatever is of another type is left to the tolerant readers of `spellings`, who take anything.
https://developer.genesys.cloud/analyticsdatamanagement/analytics/detail/conversation-detail-model
"""

from __future__ import annotations

from typing import Annotated

import msgspec

__all__ = ["Conversation", "Person", "Segment", "Session", "read_told"]

_MOST = 1e12
# 30 years in milliseconds; sums of what is larger may not be exact
Value = Annotated[float, msgspec.Meta(ge=-_MOST, le=_MOST)]


class Segment(msgspec.Struct, gc=False, rename="camel"):
    """A stretch of a session."""

    segment_type: str | None = None
    segment_start: str | None = None
    segment_end: str | None = None
    queue_id: str | None = None
    disconnect_type: str | None = None
    wrap_up_code: str | None = None
    conference: bool | None = None


class Metric(msgspec.Struct, gc=False, rename="camel"):
    """A time in milliseconds, or a count."""

    name: str | None = None
    value: Value | None = None


class Flow(msgspec.Struct, gc=False, rename="camel"):
    """The Architect flow of a session."""

    flow_id: str | None = None
    flow_name: str | None = None
    flow_type: str | None = None
    exit_reason: str | None = None


class Session(msgspec.Struct, gc=False, rename="camel"):
    """One medium of one participant."""

    session_id: str | None = None
    media_type: str | None = None
    message_type: str | None = None
    direction: str | None = None
    peer_id: str | None = None
    ani: str | None = None
    dnis: str | None = None
    address_from: str | None = None
    address_to: str | None = None
    monitored_participant_id: str | None = None
    coached_participant_id: str | None = None
    flow: Flow | None = None
    segments: list[Segment] | None = None
    metrics: list[Metric] | None = None


class Person(msgspec.Struct, gc=False, rename="camel"):
    """A participant."""

    participant_id: str | None = None
    participant_name: str | None = None
    purpose: str | None = None
    user_id: str | None = None
    external_contact_id: str | None = None
    attributes: dict[str, str] | None = None
    sessions: list[Session] | None = None


class Conversation(msgspec.Struct, gc=False, rename="camel"):
    """A conversation; one without its id or its start is left to the tolerant readers."""

    conversation_id: str
    conversation_start: str
    conversation_end: str | None = None
    conference_start: str | None = None
    originating_direction: str | None = None
    division_ids: list[str | None] | None = None
    participants: list[Person] | None = None


_DECODER = msgspec.json.Decoder(Conversation)


def read_told(body: bytes | str) -> Conversation | None:
    """Read JSON in UTF-8; None if it is no conversation of analytics, or an odd one."""
    try:
        told = _DECODER.decode(body)
        # Texts that are skipped are not decoded
        valid = isinstance(body, str) or body.isascii() or bool(body.decode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return told if valid and told.conversation_id.strip() and not _has_nul(body) else None


def _has_nul(body: bytes | str) -> bool:
    """Return whether a text has a NUL, which is always spelt so; half surrogates do not decode."""
    if isinstance(body, str):
        return "\\" in body and "\\u0000" in body
    return b"\\" in body and b"\\u0000" in body
