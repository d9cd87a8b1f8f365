"""The publisher's connection: pika on an event loop, confirms in flight, reconnect with backoff.

Everything here runs on that one loop. RabbitMQ confirms an unroutable message too, so each is
mandatory: the return arrives before the confirm (https://www.rabbitmq.com/docs/confirms).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pika
from pika.channel import Channel
from pika.exceptions import (
    ChannelClosedByBroker,
    ChannelClosedByClient,
    ChannelWrongStateError,
    ConnectionWrongStateError,
)

from .backoff import Backoff
from .connecting import broker_error, connection_parameters
from .crash import crash_at
from .errors import BrokerError, BrokerRefused, BrokerUnreachable
from .link_errors import (
    alarmed,
    overloaded,
    refused,
    silent,
    unconfirmed,
    unroutable,
    unwritable,
)
from .pending import Pending, properties_of
from .pulse import Pulse
from .settings import hide_password
from .streams import StreamConnection

__all__ = ["Link"]

log = logging.getLogger(__name__)

SWEEP = 0.2
CLOSE_TIMEOUT = 5
# RabbitMQ 3.10: a channel whose first message finds the queue's leader away refuses all that follow
# until that node is back, whoever leads now. After so many seconds of refusals a new one is tried.
RENEW_AFTER = 1.0


class Link:
    """One connection and channel with confirms; not thread-safe, lives on one loop."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        window: int,
        max_waiting: int,
        on_connect: Callable[[], None] = lambda: None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.place = hide_password(url)
        self._trouble: BrokerError | None = None
        self._parameters = connection_parameters(url, name="genesys-workbench publisher")
        self._timeout = timeout
        self._window = window
        self._max_waiting = max_waiting
        self._tell_connect = on_connect
        self._backoff = Backoff(rng)
        self._pulse = Pulse(self.place)
        self._waiting: deque[Pending] = deque()
        self._unconfirmed: dict[int, Pending] = {}
        self._returned: set[str | None] = set()
        self._next_tag = 1
        self._blocked = False
        self._failing: BrokerError | None = None
        self._refused_at: float | None = None
        self._renewing = False
        self._closing = False
        self._connection: StreamConnection | None = None
        self._channel: Channel | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._idle: asyncio.Event | None = None
        self._disconnected = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Connected, not blocked by an alarm, and it answers, confirms in time and takes all."""
        connected = self._channel is not None and self._pulse.alive
        return connected and not self._blocked and self._failing is None

    @property
    def error(self) -> BrokerError | None:
        """Why it is not ready, as far as known."""
        return self._trouble or self._failing or (None if self._pulse.alive else silent(self.place))

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect, and stay connected until `close`."""
        self._loop = loop
        self._sweep()
        self._connect()

    def submit(self, pending: Pending) -> None:
        """Take a message in; `pump` sends it."""
        if len(self._waiting) >= self._max_waiting:
            pending.fail(overloaded(self.place, len(self._waiting)))
            return
        pending.deadline = self._loop.time() + self._timeout
        self._waiting.append(pending)

    def pump(self) -> None:
        """Send what waits, as far as the window allows."""
        channel = self._channel
        if channel is None or self._blocked:
            return
        while self._waiting and len(self._unconfirmed) < self._window:
            pending = self._waiting.popleft()
            if pending.future.done():
                continue
            self._unconfirmed[self._next_tag] = pending
            self._next_tag += 1
            pending.sent = True
            crash_at("before-publish")
            try:
                channel.basic_publish(
                    pending.message.exchange,
                    pending.message.routing_key,
                    pending.message.body,
                    properties_of(pending.message),
                    mandatory=True,
                )
            except (ChannelWrongStateError, ConnectionWrongStateError):
                return  # it closed under us: the close callback puts all back
            except Exception as exc:  # noqa: BLE001 - whatever pika cannot write, it has not sent
                self._next_tag -= 1
                del self._unconfirmed[self._next_tag]
                pending.fail(unwritable(self.place, exc))

    async def close(self) -> None:
        """Let what is under way end, at most the timeout; then disconnect."""
        self._closing = True
        if self._waiting or self._unconfirmed:
            self._idle = asyncio.Event()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), self._timeout)
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._fail_all(BrokerUnreachable(f"The publisher to {self.place} was closed."))
        self._channel = None
        if self._connection is None:
            return
        if self._connection.is_open:
            self._connection.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._disconnected.wait(), CLOSE_TIMEOUT)

    def _connect(self) -> None:
        if self._closing:
            return
        self._connection = StreamConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
            custom_ioloop=self._loop,
        )

    def _on_open(self, connection: StreamConnection) -> None:
        if self._closing:
            connection.close()
            return
        connection.add_on_connection_blocked_callback(lambda *_: self._on_blocked(on=True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._on_blocked(on=False))
        self._open_channel()

    def _open_channel(self) -> None:
        if self._connection is not None and self._connection.is_open and not self._closing:
            self._connection.channel(on_open_callback=self._on_channel)

    def _on_channel(self, channel: Channel) -> None:
        channel.add_on_close_callback(self._on_channel_closed)
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._on_ready(channel))

    def _on_ready(self, channel: Channel) -> None:
        self._next_tag = 1
        self._returned.clear()
        self._blocked, self._refused_at = False, None
        self._pulse.renew()
        self._channel = channel
        self._trouble = None
        if not self._renewing:
            self._failing = None
            self._backoff.connected()
            self._tell_connect()
            log.info("publisher connected to %s", self.place)
        self._renewing = False
        self.pump()

    def _on_blocked(self, *, on: bool) -> None:
        self._blocked = on
        if on:
            log.warning("RabbitMQ at %s is blocked: memory or disk alarm", self.place)
            self._trouble = alarmed(self.place)
        else:
            self._trouble = None
            self.pump()

    def _on_return(self, _: Channel, __: Any, properties: pika.BasicProperties, ___: bytes) -> None:
        self._returned.add(properties.message_id)

    def _on_confirm(self, frame: Any) -> None:
        crash_at("after-publish-before-confirm")
        method = frame.method
        nacked = isinstance(method, pika.spec.Basic.Nack)
        if method.multiple:
            tags = [tag for tag in self._unconfirmed if tag <= method.delivery_tag]
        else:
            tags = [method.delivery_tag]
        for tag in tags:
            pending = self._unconfirmed.pop(tag, None)
            if pending is not None:
                self._settle(pending, nacked=nacked)
        self._note(nacked=nacked)
        self._backoff.confirmed()
        self._pulse.heard()
        self.pump()
        self._tell_idle()

    def _note(self, *, nacked: bool) -> None:
        if not nacked:
            self._failing = self._refused_at = None
            return
        if self._failing is None:
            log.warning("%s", refused(self.place))
        self._failing = refused(self.place)
        self._refused_at = self._refused_at or self._loop.time()

    def _settle(self, pending: Pending, *, nacked: bool) -> None:
        message = pending.message
        if nacked:
            pending.fail(refused(self.place))
        elif message.amqp_properties.get("message_id") in self._returned:
            self._returned.discard(message.amqp_properties.get("message_id"))
            pending.fail(unroutable(self.place, message.routing_key))
        else:
            pending.succeed()

    def _on_channel_closed(self, channel: Channel, reason: Exception) -> None:
        if channel is self._channel:
            self._channel = None
        if isinstance(reason, ChannelClosedByClient):
            self._open_channel()  # unless the connection is closing too
            return
        if not isinstance(reason, ChannelClosedByBroker) or self._closing:
            return  # the connection went with it: _on_lost sees to it
        self._trouble = broker_error(reason, self.place)
        log.warning("%s", self._trouble.what)
        stuck, self._unconfirmed = self._unconfirmed, {}
        for pending in stuck.values():
            pending.fail(self._trouble)
        self._loop.call_later(self._backoff.pause(), self._open_channel)

    def _on_lost(self, connection: StreamConnection, reason: BaseException) -> None:
        if connection is not self._connection:
            return
        self._channel = self._connection = None
        self._renewing = False
        if self._closing:
            self._disconnected.set()
        self._put_back()
        if self._closing:
            return
        self._trouble = broker_error(reason, self.place)
        if isinstance(self._trouble, BrokerRefused):  # waiting would not help
            self._fail_all(self._trouble)
        self._backoff.tell(self._trouble.what, self._loop.time())
        self._loop.call_later(self._backoff.pause(), self._connect)

    def _put_back(self) -> None:
        """Have all that is unconfirmed sent again."""
        again = [item for item in self._unconfirmed.values() if not item.future.done()]
        self._unconfirmed.clear()
        self._waiting.extendleft(reversed(again))

    def _renew(self, channel: Channel) -> None:
        """Go on with a new channel: the close callback opens it."""
        self._channel, self._renewing = None, True
        self._put_back()
        channel.close()

    def _sweep(self) -> None:
        """Fail what is overdue. Both lines are in the order of their deadlines."""
        now = self._loop.time()
        if self._channel is not None:
            self._pulse.beat(self._channel)
            if self._refused_at is not None and now - self._refused_at >= RENEW_AFTER:
                self._renew(self._channel)
        for tag in list(self._unconfirmed):
            pending = self._unconfirmed[tag]
            if pending.deadline > now:
                break
            self._failing = unconfirmed(self.place, self._timeout)
            # The tag stays taken: a late confirm must not count for another message.
            pending.fail(self._overdue_error(pending))
            del self._unconfirmed[tag]
        while self._waiting and self._waiting[0].deadline <= now:
            pending = self._waiting.popleft()
            pending.fail(self._overdue_error(pending))
        self._tell_idle()
        self._sweeper = self._loop.call_later(SWEEP, self._sweep)

    def _overdue_error(self, pending: Pending) -> BrokerError:
        if pending.sent:
            return unconfirmed(self.place, self._timeout)
        return self.error or broker_error(None, self.place)

    def _fail_all(self, error: BrokerError) -> None:
        for pending in [*self._unconfirmed.values(), *self._waiting]:
            pending.fail(error)
        self._unconfirmed.clear()
        self._waiting.clear()

    def _tell_idle(self) -> None:
        if self._idle is not None and not self._waiting and not self._unconfirmed:
            self._idle.set()
