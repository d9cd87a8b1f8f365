"""A conversation's last known body, of REST or analytics, as it stood at an earlier time.

What tells no time stays as it was in the end: names, attributes, whether it was recorded.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

__all__ = ["as_it_stood"]

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?")
_STARTS = (
    "startTime",
    "connectedTime",
    "startAlertingTime",
    "segmentStart",
    "conversationStart",
    "messageTime",
    "emitDate",
    "flowOutcomeEndTimestamp",
)
_ENDS = ("endTime", "disconnectedTime", "segmentEnd", "conversationEnd")
# Known only once the thing has ended.
_OUTCOMES = frozenset(
    "disconnectType howEnded exitReason selectedAgentId usedRouting mediaStatsMinConversationMos "
    "mediaStatsMinConversationRFactor wrapUpCode wrapUpNote".split()
)
_OVER = {"disconnected": "connected", "terminated": "connected", "complete": "pending"}
# Left out where there is none of them yet.
_NEVER_EMPTY = frozenset({"metrics", "outcomes"})
# A time in the future is the meaning of these.
_PLANNED = frozenset({"callbackScheduledTime", "inactivityTimeout"})
_PARTS = ("segments", "sessions")


def as_it_stood(body: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Return the body without what came after a time; the given one stays as it is."""
    stood: dict[str, Any] = _stood(body, at)
    return stood


def _stood(value: Any, at: datetime) -> Any:
    if isinstance(value, list):
        return [_stood(item, at) for item in value if _begun(item, at)]
    if not isinstance(value, dict):
        return value
    kept = {name: _stood(item, at) for name, item in value.items() if _known(name, item, at)}
    kept = {name: item for name, item in kept.items() if item or name not in _NEVER_EMPTY}
    if "maxParticipants" in kept and isinstance(kept.get("participants"), list):
        kept["maxParticipants"] = len(kept["participants"])
    return _open_again(kept) if _was_open(value, kept, at) else kept


def _was_open(value: dict[str, Any], kept: dict[str, Any], at: datetime) -> bool:
    """Tell whether what is over by now was going on: the segments of a session tell it too."""
    if any(name in value and name not in kept for name in _ENDS):
        return True
    talk = (part for part in _parts(value) if part.get("segmentType") != "wrapup")
    return any(_later(part.get("segmentEnd"), at) for part in talk)


def _open_again(kept: dict[str, Any]) -> dict[str, Any]:
    opened = {name: item for name, item in kept.items() if name not in _OUTCOMES}
    if opened.get("state") in _OVER:
        taken_up = "connectedTime" in opened or "initialState" not in opened
        opened["state"] = _OVER[opened["state"]] if taken_up else opened["initialState"]
    if isinstance(opened.get("flow"), dict):
        opened["flow"] = _open_again(opened["flow"])
    return opened


def _known(name: str, item: Any, at: datetime) -> bool:
    if name == "wrapup" and isinstance(item, dict):
        return not _later(item.get("endTime"), at)  # when its code was chosen
    return (name in _PLANNED or not _later(item, at)) and _begun(item, at)


def _begun(value: Any, at: datetime) -> bool:
    """Tell whether something had begun: by its own start, or by that of a part of it."""
    if not isinstance(value, dict):
        return True
    starts = [value[name] for name in _STARTS if name in value]
    if starts:
        return not all(_later(start, at) for start in starts)
    parts = _parts(value)
    return not parts or any(_begun(part, at) for part in parts)


def _parts(value: dict[str, Any]) -> list[dict[str, Any]]:
    found = (value.get(name) for name in _PARTS)
    lists = (items for items in found if isinstance(items, list))
    return [part for items in lists for part in items if isinstance(part, dict)]


def _later(value: Any, at: datetime) -> bool:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return False
    return datetime.fromisoformat(value.removesuffix("Z")).replace(tzinfo=UTC) > at
