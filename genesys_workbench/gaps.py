"""What happened while nobody listened: a socket repeats nothing, analytics tells it afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .channels import Subject
from .client import GenesysClient
from .errors import InvalidDelivery
from .events import ConversationEvent, digest, parse_event
from .paging import interval_of

__all__ = ["conversations_between", "found_event"]

log = logging.getLogger(__name__)

# A conversation may have begun so long before the gap in which it reached a queue.
LOOK_BACK = timedelta(hours=1)
# Analytics takes an interval that ends in the future, and clocks differ.
LOOK_AHEAD = timedelta(minutes=1)
_IDS_AT_ONCE = 50


def conversations_between(
    client: GenesysClient, subjects: Sequence[Subject], since: datetime, until: datetime
) -> Iterator[dict[str, Any]]:
    """Yield the analytics conversations of some queues and users, each once.

    Args:
        client: For the analytics query.
        subjects: The queues and users.
        since: Aware time when the gap began; also what began up to an hour before is looked for.
        until: Aware time when it ended.

    Raises:
        GenesysError: As of `GenesysClient.query_details`.
    """
    interval = interval_of(since - LOOK_BACK, until + LOOK_AHEAD)
    seen: set[str] = set()
    for kind, dimension in (("queue", "queueId"), ("user", "userId")):
        ids = [subject.id for subject in subjects if subject.kind == kind]
        for at in range(0, len(ids), _IDS_AT_ONCE):
            wanted = _any_of(dimension, ids[at : at + _IDS_AT_ONCE])
            for conversation in client.query_details(interval, segmentFilters=[wanted]):
                if conversation.get("conversationId") not in seen:
                    seen.add(str(conversation.get("conversationId")))
                    yield conversation


def found_event(conversation: Mapping[str, Any]) -> ConversationEvent | None:
    """Return the event that a conversation's creation would have been.

    Args:
        conversation: Of analytics; told again and otherwise, it is another event.

    Returns:
        None, and a line in the log, for what is no conversation.
    """
    found = conversation.get("conversationId")
    told = {
        "eventId": f"{found}.{digest(conversation)[:16]}",
        "conversationId": found,
        "eventType": "created",
        "eventTime": conversation.get("conversationStart"),
        "mediaType": _first_medium(conversation),
        "direction": conversation.get("originatingDirection"),
    }
    try:
        return parse_event({name: value for name, value in told.items() if value is not None})
    except InvalidDelivery as exc:
        log.warning("analytics told something that is no conversation: %s", exc.what)
        return None


def _first_medium(conversation: Mapping[str, Any]) -> Any:
    for participant in _dicts(conversation.get("participants")):
        for session in _dicts(participant.get("sessions")):
            if session.get("mediaType"):
                return session["mediaType"]
    return None


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _any_of(dimension: str, ids: Sequence[str]) -> dict[str, Any]:
    predicates = [
        {"type": "dimension", "dimension": dimension, "operator": "matches", "value": one}
        for one in ids
    ]
    return {"type": "or", "predicates": predicates}
