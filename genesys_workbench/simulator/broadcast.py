"""The world goes on, and those who are subscribed hear of it; who does not listen misses it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from .channels import Channels
from .drawing import Moment, timeline
from .envelopes import correlation_id
from .notification import notification_conversation
from .present import Present
from .truth import as_of

__all__ = ["Broadcast", "topics_of"]


class Broadcast:
    """Tell every change of every conversation at its time.

    Args:
        present: Its clock says when that is; without one nothing goes on.
    """

    def __init__(
        self,
        present: Present,
        channels: Channels,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._present = present
        self._channels = channels
        self._sleep = sleep

    async def run(self) -> None:
        """Go on until the last conversation has ended."""
        clock = self._present.clock
        if clock is None:
            return
        for moment in timeline(self._present.world.conversations):
            await self._sleep(clock.until(moment.event.occurred_at))
            for topic, body in self._told(moment):
                self._tell(topic, body, moment)

    def _told(self, moment: Moment) -> Iterator[tuple[str, dict[str, Any]]]:
        event = moment.event
        yield f"v2.detail.events.conversation.{event.conversation_id}.{event.what}", event.body
        topics = [topic for topic in topics_of(moment) if self._channels.hearing(topic)]
        if topics:
            body = notification_conversation(moment.conversation, event.occurred_at)
            for topic in topics:
                yield topic, body

    def _tell(self, topic: str, body: dict[str, Any], moment: Moment) -> None:
        hearing = self._channels.hearing(topic)
        if not hearing:
            return
        frame = {
            "topicName": topic,
            "version": "2",
            "eventBody": body,
            "metadata": {"CorrelationId": correlation_id(moment.event)},
        }
        text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
        for channel in hearing:
            if channel.socket is not None:
                channel.socket.tell(text)


def topics_of(moment: Moment) -> list[str]:
    """Return the topics of the queues and users that have taken part so far."""
    people = as_of(moment.conversation, moment.event.occurred_at).participants
    queues = [f"v2.routing.queues.{one.queue.id}.conversations" for one in people if one.queue]
    users = [f"v2.users.{one.user.id}.conversations" for one in people if one.user]
    return list(dict.fromkeys([*queues, *users]))
