"""The Notifications bridge: conversations of queues and users, without a public URL.

A WebSocket tells every change of every conversation, but repeats nothing: what was missed while
it was away is looked up in analytics and published as if it had come in time. All of it goes the
way of the receiver's deliveries: confirmed by the broker, or kept in the spool.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .channel_socket import ChannelSocket, first_of
from .channels import Subject, spread
from .client import GenesysClient
from .errors import WorkbenchError
from .events import ConversationEvent
from .intake import Intake
from .last_heard import LastHeard
from .sights import Sights

__all__ = ["Bridge"]

# The platform sends a sign of life about every 30 s.
SILENCE = 40.0
RENEW_EVERY = 12 * 3600.0


class Bridge:
    """Listens to queues and users, and hands on what it hears.

    Args:
        client: For channels, subscriptions and analytics.
        intake: Makes events safe.
        subjects: Queues and users.
        clock: Aware UTC now, as the platform has it.
        tell: Called with each line that a person wants to read.
        silence: Seconds without a frame after which the socket is asked for a sign of life; a
            quarter of that later it is given up.
        renew_every: Seconds between two subscriptions, which keep a channel alive.
        rng: Random numbers from 0 to 1, for the pauses.
        sleep: Waits for seconds.
        remember: Folder in which is kept when the platform was last heard of, for the next run to
            look up what it missed; None forgets.
    """

    def __init__(
        self,
        client: GenesysClient,
        intake: Intake,
        subjects: Sequence[Subject],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        tell: Callable[[str], None] = lambda _: None,
        silence: float = SILENCE,
        renew_every: float = RENEW_EVERY,
        rng: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        remember: Path | None = None,
    ) -> None:
        self._intake = intake
        self._tell = tell
        self._sights = Sights()
        self._sockets = [
            ChannelSocket(
                client,
                part,
                self._heard,
                clock=clock,
                tell=tell,
                silence=silence,
                renew_every=renew_every,
                rng=rng,
                sleep=sleep,
                last_heard=_last_heard(remember, part),
            )
            for part in spread(subjects)
        ]

    async def run(self) -> None:
        """Listen until cancelled.

        Raises:
            UsageError: Nothing of it is permitted, with the permissions that are missing.
            GenesysError: Credentials or permissions are refused: trying again would not help.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for socket in self._sockets:
                    group.create_task(socket.keep())
        except BaseExceptionGroup as errors:
            told = errors.subgroup(WorkbenchError)
            if told is None:
                raise
            raise first_of(told) from None

    async def _heard(self, event: ConversationEvent, metadata: dict[str, Any] | None) -> None:
        """Make an event safe; the first of a conversation is its creation."""
        if metadata is None and not self._sights.is_news(event.body):
            return
        first = self._sights.is_first(event.conversation_id)
        if metadata is not None and not first:
            return
        if first:
            event = replace(event, event_type="created")
        known = None if metadata is None else {event.conversation_id: metadata}
        keeping = asyncio.ensure_future(self._intake.keep([event], known))
        try:
            await asyncio.shield(keeping)
        finally:
            # A socket that is lost meanwhile cancels this; what it brought may be safe by then.
            if not keeping.done():
                await asyncio.wait([keeping])
            if keeping.cancelled() or keeping.exception() is not None:
                self._sights.forget(event.conversation_id if first else None, event.body)
        (way,) = keeping.result()
        if first:
            direction = f" {event.direction}" if event.direction else ""
            self._tell(f"{way} {event.media_type}{direction}, conversation {event.conversation_id}")


def _last_heard(folder: Path | None, subjects: Sequence[Subject]) -> LastHeard | None:
    return None if folder is None else LastHeard(folder, (one.topic for one in subjects))
