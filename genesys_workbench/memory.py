"""The embedded broker: kombu's in-memory transport, for a look without any server.

`MemoryPublisher` is a sibling of `publisher.Publisher` behind the same small interface.
"""

from __future__ import annotations

from concurrent.futures import Future
from datetime import UTC, datetime
from queue import Empty
from threading import Lock
from typing import Any

from kombu import Connection, Exchange, Queue
from kombu.transport.memory import Channel, Transport

from .errors import BrokerUnreachable
from .messages import BINDING_KEY, DEAD_EXCHANGE, DEAD_QUEUE, EXCHANGE, QUEUE, Message

__all__ = ["MemoryPublisher", "QuickTransport", "clear", "depth", "setup"]

URL = "memory://"


class _Channel(Channel):
    """A channel on which a rejected message becomes a dead letter, as on RabbitMQ."""

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Put the message back, or among the dead letters as it is."""
        if not requeue:
            raw = self.qos.get(delivery_tag)._raw  # the consumer may have changed its own copy
            self._put(DEAD_QUEUE, raw | _marks_of_death(raw))
        super().basic_reject(delivery_tag, requeue=requeue)


def _marks_of_death(raw: dict[str, Any]) -> dict[str, Any]:
    death = {"queue": QUEUE, "reason": "rejected", "time": datetime.now(UTC)}
    # By this it is put back where it was taken from.
    place = {"exchange": DEAD_EXCHANGE, "routing_key": QUEUE}
    return {
        "headers": raw["headers"] | {"x-death": [death]},
        "properties": raw["properties"] | {"delivery_info": place},
    }


class QuickTransport(Transport):
    """The in-memory transport for the worker: a stop need not wait out Celery's two seconds."""

    Channel = _Channel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Wait for a message, at most a tenth of a second."""
        super().drain_events(connection, timeout=min(timeout or 0.1, 0.1))


class MemoryPublisher:
    """Publish into this process; every message is taken at once."""

    def __init__(self) -> None:
        setup()
        self._closed = False
        self._connection = Connection(URL)
        self._channel = self._connection.channel()
        self._lock = Lock()

    @property
    def ready(self) -> bool:
        """Always."""
        return True

    def publish(self, message: Message) -> Future[None]:
        """Put the message into its queue; the future has ended already."""
        future: Future[None] = Future()
        if self._closed:
            error = BrokerUnreachable("The publisher is closed.", fix="open a new one")
            future.set_exception(error)
            return future
        with self._lock:
            properties = dict(message.amqp_properties)
            raw = self._channel.prepare_message(
                message.body,
                priority=properties.pop("priority", None),
                content_type=properties.pop("content_type", None),
                content_encoding=properties.pop("content_encoding", None),
                headers=dict(message.headers),
                properties=properties,
            )
            self._channel.basic_publish(raw, message.exchange, message.routing_key)
        future.set_result(None)
        return future

    def close(self) -> None:
        """Disconnect."""
        self._closed = True
        self._connection.release()


def setup() -> None:
    """Declare exchanges and queues in this process."""
    with Connection(URL) as connection:
        channel = connection.channel()
        for queue, exchange, key in (
            (QUEUE, EXCHANGE, BINDING_KEY),
            (DEAD_QUEUE, DEAD_EXCHANGE, "#"),
        ):
            Queue(queue, exchange=Exchange(exchange, type="topic"), routing_key=key)(
                channel
            ).declare()


def depth(queue: str) -> int:
    """Return how many messages lie in a queue of this process."""
    found: Any = Channel.queues.get(queue)
    return found.qsize() if found is not None else 0


def clear() -> None:
    """Empty all queues of this process."""
    for queue in list(Channel.queues.values()):
        while True:
            try:
                queue.get_nowait()
            except Empty:
                break
