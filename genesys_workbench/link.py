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
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import pika
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from .errors import (
    BrokerError,
    BrokerRefused,
    BrokerUnreachable,
    Nacked,
    Overloaded,
    PublishTimeout,
    SettingsError,
    TopologyError,
    Unroutable,
)
from .messages import Message
from .settings import hide_password

__all__ = ["Link", "Pending", "broker_error", "connection_parameters", "properties_of"]

log = logging.getLogger(__name__)

HEARTBEAT = 10
SWEEP = 0.2
CLOSE_TIMEOUT = 5
BACKOFF_FIRST, BACKOFF_LAST = 0.2, 5.0


def connection_parameters(url: str, *, name: str = "genesys-workbench") -> pika.URLParameters:
    """Return pika's parameters for a broker URL.

    Raises:
        SettingsError: The URL is malformed; the text never holds it.
    """
    try:
        parameters = pika.URLParameters(url)
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise SettingsError(
            "WORKBENCH_BROKER_URL is not an AMQP URL.",
            fix="use amqp://user:password@host:5672/vhost (percent-encode special characters)",
        ) from exc
    parameters.heartbeat = HEARTBEAT
    parameters.socket_timeout = 5
    parameters.stack_timeout = 10
    parameters.connection_attempts = 1
    parameters.blocked_connection_timeout = None
    parameters.client_properties = {"connection_name": name, "product": "genesys-workbench"}
    return parameters


def broker_error(exc: BaseException | None, place: str) -> BrokerError:
    """Turn pika's exception into ours; `place` is the URL without its password."""
    if isinstance(exc, BrokerError):
        return exc
    if isinstance(exc, ProbableAuthenticationError | ProbableAccessDeniedError):
        return BrokerRefused(
            f"RabbitMQ at {place} refused user, password or virtual host.",
            fix="check WORKBENCH_BROKER_URL; rabbitmqctl list_users; rabbitmqctl list_vhosts",
        )
    if isinstance(exc, ChannelClosedByBroker):
        return TopologyError(
            f"RabbitMQ at {place} closed the channel: {exc.reply_code} {exc.reply_text}",
            fix="run: genesys-workbench queue setup",
        )
    cause = f" ({_innermost(exc)})" if exc is not None else ""
    return BrokerUnreachable(
        f"RabbitMQ at {place} is unreachable{cause}.",
        fix="see that it runs (rabbitmqctl status) and that the port is open, or set "
        "WORKBENCH_BROKER_URL: amqp://…, local, or memory:// to do without a server",
    )


def _innermost(exc: BaseException) -> str:
    """Name the cause that pika wraps: AMQPConnectionError → socket error."""
    while True:
        wrapped = getattr(exc, "exceptions", None) or exc.args
        inner = wrapped[-1] if wrapped else None
        if not isinstance(inner, BaseException):
            inner = getattr(exc, "exception", None) or exc.__cause__
        if not isinstance(inner, BaseException):
            text = str(exc)
            return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
        exc = inner


class Pending:
    """A message on its way, and the future of its sender."""

    __slots__ = ("deadline", "future", "message", "sent")

    def __init__(self, message: Message) -> None:
        self.message = message
        self.future: Future[None] = Future()
        self.future.set_running_or_notify_cancel()  # a sender that gives up must not stop the loop
        self.deadline = 0.0
        self.sent = False

    def succeed(self) -> None:
        """End the future well, unless it has ended."""
        if not self.future.done():
            self.future.set_result(None)

    def fail(self, error: BrokerError) -> None:
        """End the future with an error, unless it has ended."""
        if not self.future.done():
            self.future.set_exception(error)


class Link:
    """One connection and channel with confirms; not thread-safe, lives on one loop."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        window: int,
        max_waiting: int,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.place = hide_password(url)
        self.error: BrokerError | None = None
        self._parameters = connection_parameters(url, name="genesys-workbench publisher")
        self._timeout = timeout
        self._window = window
        self._max_waiting = max_waiting
        self._rng = rng
        self._waiting: deque[Pending] = deque()
        self._unconfirmed: dict[int, Pending] = {}
        self._returned: set[str] = set()
        self._next_tag = 1
        self._failures = 0
        self._blocked = False
        self._overdue = False
        self._closing = False
        self._connection: AsyncioConnection | None = None
        self._channel: Channel | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._idle: asyncio.Event | None = None
        self._disconnected = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Connected, not blocked by an alarm, and confirms arrive in time."""
        return self._channel is not None and not self._blocked and not self._overdue

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Connect, and stay connected until `close`."""
        self._loop = loop
        self._sweep()
        self._connect()

    def submit(self, pending: Pending) -> None:
        """Take a message in; `pump` sends it."""
        if len(self._waiting) >= self._max_waiting:
            pending.fail(
                Overloaded(
                    f"{len(self._waiting)} messages wait for RabbitMQ at {self.place}.",
                    fix="send slower, or see why the broker confirms slowly",
                )
            )
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
            try:
                channel.basic_publish(
                    pending.message.exchange,
                    pending.message.routing_key,
                    pending.message.body,
                    properties_of(pending.message),
                    mandatory=True,
                )
            except AMQPError:  # it closed under us: the close callback puts all back
                return

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
        self._connection = AsyncioConnection(
            self._parameters,
            on_open_callback=self._on_open,
            on_open_error_callback=self._on_lost,
            on_close_callback=self._on_lost,
            custom_ioloop=self._loop,
        )

    def _on_open(self, connection: AsyncioConnection) -> None:
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
        self._blocked = self._overdue = False
        self._channel = channel
        self.error = None
        log.info("publisher connected to %s", self.place)
        self.pump()

    def _on_blocked(self, *, on: bool) -> None:
        self._blocked = on
        if on:
            log.warning("RabbitMQ at %s is blocked: memory or disk alarm", self.place)
            self.error = BrokerUnreachable(
                f"RabbitMQ at {self.place} takes no messages: memory or disk alarm.",
                fix="free memory or disk there: rabbitmqctl status",
            )
        else:
            self.error = None
            self.pump()

    def _on_return(self, _: Channel, __: Any, properties: pika.BasicProperties, ___: bytes) -> None:
        self._returned.add(properties.message_id)

    def _on_confirm(self, frame: Any) -> None:
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
        self._overdue = False
        self._failures = 0
        self.pump()
        self._tell_idle()

    def _settle(self, pending: Pending, *, nacked: bool) -> None:
        message = pending.message
        if nacked:
            pending.fail(
                Nacked(
                    f"RabbitMQ at {self.place} refused the message: the queue is full, or failed.",
                    fix="let the workers catch up: genesys-workbench queue show",
                )
            )
        elif message.event_id in self._returned:
            self._returned.discard(message.event_id)
            pending.fail(
                Unroutable(
                    f"No queue at {self.place} is bound for {message.routing_key!r}.",
                    fix="run: genesys-workbench queue setup",
                )
            )
        else:
            pending.succeed()

    def _on_channel_closed(self, channel: Channel, reason: Exception) -> None:
        if channel is self._channel:
            self._channel = None
        if not isinstance(reason, ChannelClosedByBroker) or self._closing:
            return  # the connection went with it: _on_lost sees to it
        self.error = broker_error(reason, self.place)
        log.warning("%s", self.error.what)
        stuck, self._unconfirmed = self._unconfirmed, {}
        for pending in stuck.values():
            pending.fail(self.error)
        self._loop.call_later(self._delay(), self._open_channel)

    def _on_lost(self, connection: AsyncioConnection, reason: BaseException) -> None:
        if connection is not self._connection:
            return
        self._channel = self._connection = None
        if self._closing:
            self._disconnected.set()
        again = [item for item in self._unconfirmed.values() if not item.future.done()]
        self._unconfirmed.clear()
        self._waiting.extendleft(reversed(again))
        if self._closing:
            return
        self.error = broker_error(reason, self.place)
        if isinstance(self.error, BrokerRefused):  # waiting would not help
            self._fail_all(self.error)
        delay = self._delay()
        log.warning("%s Next try in %.1f s.", self.error.what, delay)
        self._loop.call_later(delay, self._connect)

    def _delay(self) -> float:
        self._failures += 1
        limit: float = min(BACKOFF_LAST, BACKOFF_FIRST * 2 ** min(self._failures, 10))
        return limit * (0.5 + self._rng() / 2)

    def _sweep(self) -> None:
        """Fail what is overdue. Both lines are in the order of their deadlines."""
        now = self._loop.time()
        for tag in list(self._unconfirmed):
            pending = self._unconfirmed[tag]
            if pending.deadline > now:
                break
            self._overdue = True
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
            return PublishTimeout(
                f"RabbitMQ at {self.place} did not confirm within {self._timeout:g} s; the "
                "message may be stored or not.",
                fix="publish it again with the same id; consumers dedupe",
            )
        return self.error or broker_error(None, self.place)

    def _fail_all(self, error: BrokerError) -> None:
        for pending in [*self._unconfirmed.values(), *self._waiting]:
            pending.fail(error)
        self._unconfirmed.clear()
        self._waiting.clear()

    def _tell_idle(self) -> None:
        if self._idle is not None and not self._waiting and not self._unconfirmed:
            self._idle.set()


def properties_of(message: Message) -> pika.BasicProperties:
    """Return the AMQP properties that a message is published with."""
    return pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        message_id=message.event_id,
        correlation_id=message.headers.get("id"),
        headers=message.headers,
        priority=message.priority,
        app_id="genesys-workbench",
    )
