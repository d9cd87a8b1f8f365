"""Notification channels: what each is subscribed to, how many there may be, and for how long.

https://developer.genesys.cloud/notificationsalerts/notifications/notifications-apis
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..events import DETAIL_EVENTS
from .bodies import ApiError
from .notification import MEDIA
from .sources import Source
from .times import make_id

__all__ = ["LIFE", "MAX_CHANNELS", "MAX_TOPICS", "TOPICS", "Channel", "Channels", "Socket"]

MAX_CHANNELS = 20
MAX_TOPICS = 1000
LIFE = 24 * 3600.0
_HEX = r"([0-9a-f-]{36})"
_VIEW = "conversation:communication:view"
# Template → what a client needs. Which permission guards which topic is told by the available
# topics of an organisation; these are what conversations of queues and users are guarded with.
TOPICS: dict[str, tuple[str, ...]] = {
    **{
        f"{place}.{{id}}.conversations{ending}": permissions
        for place, permissions in (
            ("v2.routing.queues", (_VIEW, "routing:queue:view")),
            ("v2.users", (_VIEW,)),
        )
        for ending in ("", *(f".{medium}" for medium in MEDIA))
    },
    **{
        f"v2.detail.events.conversation.{{id}}.{what}": ("analytics:conversationDetail:view",)
        for what in sorted(DETAIL_EVENTS)
    },
}
_PATTERNS = {name: re.compile(re.escape(name).replace(r"\{id\}", _HEX)) for name in TOPICS}


class Socket(Protocol):
    """The connection that a channel is read by."""

    def tell(self, text: str) -> None:
        """Send a message, as soon as may be."""

    def end(self, code: int) -> None:
        """Close."""


@dataclass(slots=True)
class Channel:
    """One channel of a client.

    Attributes:
        ends: Monotonic seconds; subscribing puts it off.
        topics: In the order of their subscription.
    """

    id: str
    ends: float
    topics: dict[str, None] = field(default_factory=dict)
    socket: Socket | None = None


class Channels:
    """The channels of the one client that the simulator knows.

    Attributes:
        denied: Permissions that it lacks.
        read: Set once a channel was read by a socket.

    Args:
        source: Its queues and users are what topics may name.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        source: Source,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.denied: set[str] = set()
        self.read = asyncio.Event()
        self._clock = clock
        self._seed = source.seed
        self._made = 0
        self._open: dict[str, Channel] = {}
        self._known = {
            "v2.routing.queues": {queue.id for queue in source.queues},
            "v2.users": {user.id for user in source.users},
        }

    def __iter__(self) -> Iterator[Channel]:
        self._forget()
        return iter(list(self._open.values()))

    def create(self) -> Channel:
        """Open a channel; the 21st takes the place of the oldest, of one without a socket first."""
        self._forget()
        if len(self._open) >= MAX_CHANNELS:
            self.remove(min(self._open.values(), key=lambda one: one.socket is not None).id)
        self._made += 1
        rest = make_id("channel", self._seed, self._made).replace("-", "")[:26]
        channel = Channel(f"streaming-{self._made % 5 + 1}-{rest}", self._clock() + LIFE)
        self._open[channel.id] = channel
        return channel

    def get(self, channel_id: str) -> Channel:
        """Return a channel.

        Raises:
            ApiError: 404, there is none.
        """
        self._forget()
        if channel_id not in self._open:
            raise ApiError(404)
        return self._open[channel_id]

    def remove(self, channel_id: str) -> None:
        """End a channel and its socket."""
        channel = self._open.pop(channel_id)
        if channel.socket is not None:
            channel.socket.end(1001)

    def left(self, channel: Channel) -> float:
        """Return the seconds until a channel ends."""
        return channel.ends - self._clock()

    def subscribe(
        self, channel: Channel, topics: Iterable[str], *, anew: bool, ignore_errors: bool
    ) -> list[dict[str, Any]]:
        """Add topics, or replace all, and let the channel live another day.

        Returns:
            Each topic with its state, as the platform lists them.

        Raises:
            ApiError: 400, there is no such topic, or there are too many; 403, one is not
                permitted (unless errors are to be ignored: then it is Rejected).
        """
        told = [self._told(topic, ignore_errors=ignore_errors) for topic in dict.fromkeys(topics)]
        permitted = [one["id"] for one in told if one["state"] == "Permitted"]
        wanted = dict.fromkeys(permitted) if anew else channel.topics | dict.fromkeys(permitted)
        if len(wanted) > MAX_TOPICS:
            message = f"A channel may be subscribed to at most {MAX_TOPICS} topics."
            raise ApiError(400, message=message)
        channel.topics = wanted
        channel.ends = self._clock() + LIFE
        return told

    def hearing(self, topic: str) -> list[Channel]:
        """Return the channels that are subscribed to a topic and are read."""
        return [one for one in self._open.values() if topic in one.topics and one.socket]

    def _forget(self) -> None:
        now = self._clock()
        for channel in [one for one in self._open.values() if one.ends <= now]:
            self.remove(channel.id)

    def _told(self, topic: str, *, ignore_errors: bool) -> dict[str, Any]:
        missing, reason = [], None
        template = next((name for name, form in _PATTERNS.items() if form.fullmatch(topic)), None)
        if template is None or not self._exists(template, topic):
            reason = f"Topic {topic} does not exist."
        else:
            missing = [name for name in TOPICS[template] if name in self.denied]
        if (reason or missing) and not ignore_errors:
            raise _refusal(topic, reason, missing)
        return _entity(topic, reason, missing)

    def _exists(self, template: str, topic: str) -> bool:
        found = _PATTERNS[template].fullmatch(topic)
        known = self._known.get(template.partition(".{id}")[0])
        return known is None or (found is not None and found[1] in known)


def _entity(topic: str, reason: str | None, missing: list[str]) -> dict[str, Any]:
    entity: dict[str, Any] = {"id": topic, "state": "Permitted"}
    if reason or missing:
        entity |= {"state": "Rejected", "rejectionReason": reason or "Missing permissions."}
    if missing:
        entity["missingPermissions"] = missing
    return entity


def _refusal(topic: str, reason: str | None, missing: list[str]) -> ApiError:
    if reason:
        return ApiError(400, message=reason, field="id")
    params: Mapping[str, str] = {"permissions": ", ".join(missing), "topic": topic}
    template = "Missing the following permission(s): {permissions} for topic {topic}"
    return ApiError(403, "missing.permissions", template=template, params=params)
