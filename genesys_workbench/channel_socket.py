"""One notification channel and its socket, kept alive; gaps are looked up in analytics.

A socket repeats nothing: what was missed while it was away is read afterwards.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from .backoff import Backoff
from .channels import Channel, Rejection, Subject, exists, open_channel, subscribe
from .client import GenesysClient
from .errors import (
    BrokerError,
    GenesysError,
    InvalidDelivery,
    NotFound,
    SpoolError,
    UsageError,
)
from .events import ConversationEvent, parse_event
from .gaps import conversations_between, found_event
from .last_heard import LastHeard

__all__ = ["ChannelSocket", "Heard", "first_of"]

log = logging.getLogger(__name__)

CLOSING = "v2.system.socket_closing"
METADATA = "channel.metadata"
FIRST_PAUSE, LAST_PAUSE = 0.25, 30.0
# What happened just before a socket was lost may not have been told any more.
OVERLAP = timedelta(seconds=10)
# What was missed for longer is no gap, but a past that one may want to read or not.
LONGEST_GAP = timedelta(days=1)
AT_ONCE = 100  # a page of analytics
MAX_FRAME = 4 * 1024 * 1024


Heard = Callable[[ConversationEvent, dict[str, Any] | None], Awaitable[None]]


class ChannelSocket:
    """One channel and its socket.

    Args:
        client: For the channel, its subscriptions and analytics.
        subjects: Queues and users, as many as a channel carries.
        heard: Makes an event safe, with the conversation where analytics told it.
        clock: Aware UTC now, as the platform has it.
        tell: Called with each line that a person wants to read.
        silence: Seconds without a frame after which the socket is asked for a sign of life.
        renew_every: Seconds between two subscriptions, which keep the channel alive.
        rng: Random numbers from 0 to 1, for the pauses.
        sleep: Waits for seconds.
        last_heard: Outlives this process; None forgets.
    """

    def __init__(
        self,
        client: GenesysClient,
        subjects: Sequence[Subject],
        heard: Heard,
        *,
        clock: Callable[[], datetime],
        tell: Callable[[str], None],
        silence: float,
        renew_every: float,
        rng: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        last_heard: LastHeard | None = None,
    ) -> None:
        self._client = client
        self._subjects = subjects
        self._heard = heard
        self._clock = clock
        self._tell = tell
        self._silence = silence
        self._renew_every = renew_every
        self._sleep = sleep
        self._channel: Channel | None = None
        self._last_heard = last_heard
        self._alive_at = last_heard.read() if last_heard is not None else None
        self._gap: datetime | None = None  # since when something may have been missed
        self._told_rejections: list[Rejection] = []
        self._backoff = Backoff(rng, first=FIRST_PAUSE, last=LAST_PAUSE)

    async def keep(self) -> None:
        """Listen, and begin again whenever the socket or the channel is lost.

        Raises:
            UsageError: No topic is permitted.
            GenesysError: What trying again would not help.
        """
        while True:
            try:
                await self._listen(await self._ready_channel())
            except NotFound:
                self._lost("the channel is gone")
                self._channel = None
            except GenesysError as exc:
                if not exc.transient:
                    raise
                self._lost(exc.what)
            except (OSError, TimeoutError, WebSocketException) as exc:
                self._lost(type(exc).__name__)
            await self._sleep(self._backoff.pause())

    async def _ready_channel(self) -> Channel:
        channel = self._channel
        if channel is not None and not await asyncio.to_thread(exists, self._client, channel):
            channel = None
        if channel is None:
            channel = await asyncio.to_thread(open_channel, self._client)
            await self._subscribe(channel)
        self._channel = channel
        return channel

    async def _subscribe(self, channel: Channel) -> None:
        rejected = await asyncio.to_thread(subscribe, self._client, channel, self._subjects)
        if len(rejected) == len(self._subjects):
            raise _nothing_permitted(rejected)
        if rejected != self._told_rejections:
            self._told_rejections = rejected
            for one in rejected:
                self._tell(f"Not permitted: {one.topic}: {_why(one)}")

    async def _listen(self, channel: Channel) -> None:
        async with connect(channel.uri, max_size=MAX_FRAME, open_timeout=10) as socket:
            self._tell(f"Listening to {len(self._subjects) - len(self._told_rejections)} topics.")
            self._gap = self._gap or self._alive_at
            self._alive()
            try:
                async with asyncio.TaskGroup() as group:
                    beside = [group.create_task(self._renew(channel))]
                    if self._gap is not None:
                        beside.append(group.create_task(self._look_back(self._gap)))
                    await self._read(socket)
                    for task in beside:
                        task.cancel()
            except BaseExceptionGroup as errors:
                raise first_of(errors) from None

    async def _read(self, socket: ClientConnection) -> None:
        while True:
            frame = await self._frame(socket)
            self._backoff.confirmed()
            topic = frame.get("topicName")
            if topic == CLOSING:
                self._tell("The platform closes this socket soon; opening another.")
                return
            if topic != METADATA:
                await self._hand_on(frame)
            self._alive()

    def _alive(self) -> None:
        self._alive_at = self._clock()
        if self._last_heard is not None and self._gap is None:
            self._last_heard.note(self._alive_at)

    async def _frame(self, socket: ClientConnection) -> dict[str, Any]:
        """Wait for a frame; one that keeps silent is asked, and given up if it does not answer."""
        try:
            async with asyncio.timeout(self._silence):
                text = await socket.recv()
        except TimeoutError:
            await socket.send(json.dumps({"message": "ping"}))
            async with asyncio.timeout(self._silence / 4):
                text = await socket.recv()
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            log.warning("a frame of the socket is no JSON object; it is left out")
            return {"topicName": METADATA}
        return frame

    async def _hand_on(self, frame: dict[str, Any]) -> None:
        try:
            event = parse_event(frame)
        except InvalidDelivery as exc:
            log.warning("a frame of the socket is no event: %s", exc.what)
            return
        await self._safe(event, None)

    async def _safe(self, event: ConversationEvent, metadata: dict[str, Any] | None) -> None:
        while True:
            try:
                await self._heard(event, metadata)
            except (BrokerError, SpoolError) as exc:
                self._tell(f"Neither broker nor spool takes events: {exc.what}")
                await self._sleep(self._backoff.pause())
            else:
                return

    async def _renew(self, channel: Channel) -> None:
        while True:
            await self._sleep(self._renew_every)
            await self._subscribe(channel)

    async def _look_back(self, since: datetime) -> None:
        """Publish what began while nobody listened."""
        until = self._clock()
        if until - since > LONGEST_GAP:
            self._tell(_too_long(since))
            self._gap = None
            return
        seconds = (until - since).total_seconds()
        try:
            count = await self._publish_begun(since - OVERLAP, until)
        except GenesysError as exc:
            if exc.transient:
                raise
            self._tell(f"What was missed in {seconds:.0f} s cannot be looked up: {exc}")
        else:
            self._tell(f"Looked up {count} conversations of a gap of {seconds:.0f} s.")
        self._gap = None

    async def _publish_begun(self, since: datetime, until: datetime) -> int:
        found = conversations_between(self._client, self._subjects, since, until)
        count = 0
        while some := await asyncio.to_thread(lambda: list(islice(found, AT_ONCE))):
            for conversation in some:
                event = found_event(conversation)
                if event is not None:
                    await self._safe(event, conversation)
            count += len(some)
        return count

    def _lost(self, why: str) -> None:
        self._tell(f"The socket was lost ({why}); trying again.")


def _too_long(since: datetime) -> str:
    return (
        f"Nobody has listened since {since:%Y-%m-%d %H:%M} UTC. To read what happened since: "
        f"genesys-workbench backfill --since {since:%Y-%m-%d}"
    )


def _nothing_permitted(rejected: Sequence[Rejection]) -> UsageError:
    missing = sorted({name for one in rejected for name in one.missing})
    fix = (
        f"give a role of the OAuth client the permissions: {', '.join(missing)}"
        if missing
        else "check the ids of queues and users"
    )
    return UsageError(f"No topic is permitted: {_why(rejected[0])}", fix=fix)


def _why(rejection: Rejection) -> str:
    missing = ", ".join(rejection.missing)
    return f"{rejection.reason} Missing: {missing}." if missing else rejection.reason


def first_of(group: BaseExceptionGroup[Any]) -> BaseException:
    """Return the first error in a group, whatever groups it is in."""
    one: BaseException = group
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one
