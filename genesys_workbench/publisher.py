"""Publish messages over one persistent connection, with pipelined publisher confirms.

`Publisher` is the thread-safe face: a plain caller and the receiver's event loop use the same
object. The connection lives on one event loop, its own in a thread or the receiver's; nothing
here blocks that loop. See `link.py` for the connection itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextvars import Context
from dataclasses import dataclass
from typing import Protocol

from .errors import BrokerError, BrokerUnreachable
from .link import Link
from .messages import Message
from .pending import Pending

__all__ = ["PublishResult", "Publisher", "PublisherLike", "publish_many"]


@dataclass(frozen=True, slots=True)
class PublishResult:
    """What became of one message: confirmed by the broker, or not, and why."""

    event_id: str
    error: BrokerError | None = None


class PublisherLike(Protocol):
    """What receiver, tasks and notebooks need of a publisher, whatever the broker."""

    @property
    def ready(self) -> bool:
        """Whether a message would probably be confirmed at once."""

    def publish(self, message: Message) -> Future[None]:
        """Hand a message over; the future ends when the broker has confirmed it."""

    def close(self) -> None:
        """Finish what is under way and disconnect."""


class Publisher:
    """Confirmed, mandatory, persistent publishing to RabbitMQ.

    A message that was not confirmed when the connection broke is published again after the
    reconnect, with the same id, until its time is up: consumers dedupe by ``message_id``.

    Args:
        url: ``amqp(s)://…``; its password never enters an error or a repr.
        timeout: Seconds until a message that is not confirmed fails with `PublishTimeout`, or
            with `BrokerUnreachable` where it was never sent.
        window: How many messages may be unconfirmed on the wire.
        max_waiting: How many may wait for that; beyond, `Overloaded`.
        loop: An event loop that runs already; None for a thread with its own.
        on_connect: Called, on that loop, at each connection.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 10.0,
        window: int = 1024,
        max_waiting: int = 20_000,
        loop: asyncio.AbstractEventLoop | None = None,
        on_connect: Callable[[], None] = lambda: None,
    ) -> None:
        self._link = Link(
            url, timeout=timeout, window=window, max_waiting=max_waiting, on_connect=on_connect
        )
        self.window = window
        self._inbox: deque[Pending] = deque()
        self._awake = True  # or soon: `_open` is on its way to the loop
        self._closed = False
        self._timeout = timeout
        self._thread: threading.Thread | None = None
        if loop is None:
            loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._run, args=(loop,), name="genesys-publisher", daemon=True
            )
            self._thread.start()
        self._loop = loop
        loop.call_soon_threadsafe(self._open)

    def __repr__(self) -> str:
        link = self.__dict__.get("_link")  # absent where the URL was refused
        return f"Publisher({link.place!r}, ready={link.ready})" if link else "Publisher(refused)"

    @property
    def ready(self) -> bool:
        """Whether the broker is connected, not blocked and confirming in time."""
        return self._link.ready

    @property
    def error(self) -> BrokerError | None:
        """Why it is not ready, as far as known."""
        return self._link.error

    def publish(self, message: Message) -> Future[None]:
        """Hand a message over from any thread; never blocks.

        Returns:
            A future that ends when the broker has made the message safe, or fails with a
            `BrokerError` that names the broker and the remedy.
        """
        future: Future[None] = Future()
        future.set_running_or_notify_cancel()  # a sender that gives up must not stop the loop
        self._hand_over(Pending(message, future))
        return future

    def publish_here(self, message: Message) -> asyncio.Future[None]:
        """Hand a message over from a coroutine; the future is one of its loop.

        Cheaper than `publish` where the coroutine runs on the loop that was given.
        """
        if asyncio.get_running_loop() is not self._loop:
            return asyncio.wrap_future(self.publish(message))
        future: asyncio.Future[None] = self._loop.create_future()
        if self._taken(Pending(message, future)) and not self._awake:
            Context().run(self._wake)
        return future

    def _hand_over(self, pending: Pending) -> None:
        if self._taken(pending) and not self._awake:
            self._awake = True
            self._loop.call_soon_threadsafe(self._wake, context=Context())

    def _taken(self, pending: Pending) -> bool:
        """Take a message in; who wakes the link has no context of its own.

        The ids of one delivery must not get into log entries about the connection.
        """
        if self._closed:
            pending.fail(BrokerUnreachable("The publisher is closed.", fix="open a new one"))
            return False
        self._inbox.append(pending)
        return True

    def publish_many(
        self, messages: Iterable[Message], *, on_progress: Callable[[int], None] | None = None
    ) -> Iterator[PublishResult]:
        """Publish with a bounded window; see `publish_many` of this module."""
        return publish_many(self, messages, window=self.window, on_progress=on_progress)

    def close(self) -> None:
        """Wait for what is under way, at most the timeout, then disconnect. Idempotent."""
        if self._closed:
            return
        self._closed = True
        done = asyncio.run_coroutine_threadsafe(self._finish(), self._loop)
        if self._thread is not None:
            done.result(self._timeout + 5)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    async def aclose(self) -> None:
        """Close from a coroutine of the loop that was given."""
        self._closed = True
        await self._finish()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        self._link.open(self._loop)
        self._wake()

    def _wake(self) -> None:
        self._awake = False
        while self._inbox:
            self._link.submit(self._inbox.popleft())
        self._link.pump()

    async def _finish(self) -> None:
        self._wake()
        await self._link.close()

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.close()


def publish_many(
    publisher: PublisherLike,
    messages: Iterable[Message],
    *,
    window: int = 1024,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[PublishResult]:
    """Publish messages, at most `window` under way; yield a result each, in order.

    Args:
        publisher: Of whatever broker.
        messages: Read lazily.
        window: How many may be under way.
        on_progress: Called with the count of results so far.
    """
    waiting: deque[tuple[str, Future[None]]] = deque()
    done = 0

    def oldest() -> PublishResult:
        event_id, future = waiting.popleft()
        error = future.exception()
        if error is not None and not isinstance(error, BrokerError):
            raise error
        if on_progress is not None:
            on_progress(done + 1)
        return PublishResult(event_id, error)

    for message in messages:
        waiting.append((message.event_id, publisher.publish(message)))
        if len(waiting) >= window:
            yield oldest()
            done += 1
    while waiting:
        yield oldest()
        done += 1
