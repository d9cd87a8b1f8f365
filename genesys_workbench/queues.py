"""Look into the queues and send dead letters back: RabbitMQ and the embedded broker alike.

kombu speaks to both. Looking means to take messages and put them back: on a quorum queue of
RabbitMQ before 4.3 each look counts as one delivery.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from amqp.exceptions import AccessRefused, AMQPError, NotFound
from kombu import Connection
from kombu.transport.native_delayed_delivery import MAX_NUMBER_OF_BITS_TO_USE, level_name

from .autopsy import text_of
from .connecting import broker_error, connection_parameters
from .crash import crash_at
from .dead import DeadLetter, read_dead, sent_back, was_sent_back_since
from .errors import BrokerError, BrokerRefused, BrokerUnreachable, TopologyError
from .lenient import OPTIONS, exact
from .messages import DEAD_QUEUE, QUEUE
from .publisher import PublisherLike
from .settings import hide_password
from .tls import kombu_arguments

__all__ = ["Peeked", "QueueState", "dead_letters", "delayed", "peek", "plain", "redrive", "states"]

PUBLISH_TIMEOUT = 30
BACK_WITHIN = 0.5


@dataclass(frozen=True, slots=True)
class QueueState:
    """How full a queue is.

    Attributes:
        ready: Messages that wait for a consumer.
        consumers: Connected consumers; None on the embedded broker.
    """

    name: str
    ready: int
    consumers: int | None


@dataclass(frozen=True, slots=True)
class Peeked:
    """A message as it lies in a queue."""

    message_id: str | None
    routing_key: str
    redelivered: bool
    headers: dict[str, Any]
    body: bytes


def states(url: str) -> list[QueueState]:
    """Return the state of the main and the dead-letter queue.

    Raises:
        BrokerError: The broker is unreachable, or a queue does not exist.
    """
    with _channel(url) as channel:
        return [_state(channel, name) for name in (QUEUE, DEAD_QUEUE)]


def _state(channel: Any, name: str) -> QueueState:
    found = channel.queue_declare(queue=name, passive=True)
    # The embedded broker always says 0 or 1 consumers.
    consumers = None if channel.connection.client.transport_cls == "memory" else int(found[2])
    return QueueState(name, int(found[1]), consumers)


def delayed(url: str) -> int:
    """Return how many messages wait in Celery's queues for another try.

    With classic queues, and on the embedded broker, the worker holds them instead.
    """
    if url.startswith("memory:"):
        return 0
    with _channel(url) as channel:
        try:
            return sum(_ready(channel, level_name(n)) for n in range(MAX_NUMBER_OF_BITS_TO_USE))
        except NotFound:
            return 0


def peek(url: str, *, queue: str = QUEUE, limit: int = 10) -> list[Peeked]:
    """Return the first messages of a queue and leave them there."""
    with _channel(url) as channel:
        return [_peeked(message) for message in _look(channel, queue, limit)]


def dead_letters(url: str, *, limit: int | None = None) -> list[DeadLetter]:
    """Return the dead letters, oldest first, and leave them there."""
    with _channel(url) as channel:
        return [_letter(message) for message in _look(channel, DEAD_QUEUE, limit)]


def redrive(
    url: str,
    publisher: PublisherLike,
    *,
    wanted: Callable[[DeadLetter], bool] = lambda _: True,
    limit: int | None = None,
    on_sent: Callable[[DeadLetter], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[DeadLetter]:
    """Send dead letters back to the queue, each once; those not wanted stay.

    A letter leaves the dead letters only after the broker has confirmed it in the queue. A crash
    in between leaves it in both; the store absorbs the second copy. One that dies again while
    this, or another redrive, is at work stays where it is.

    Args:
        url: The broker's.
        publisher: To the same broker.
        wanted: Which ones.
        limit: At most so many.
        on_sent: Told of each at once, so that it is known where an error ends the rest.
        clock: Aware UTC now.

    Returns:
        Those that were sent.

    Raises:
        BrokerError: One could not be published; it is still a dead letter.
    """
    sent: list[DeadLetter] = []
    start = clock()
    with _channel(url) as channel, _put_back() as kept:
        for message in _take(channel, DEAD_QUEUE, None):
            kept.append(message)
            letter = _letter(message)
            enough = limit is not None and len(sent) >= limit
            if enough or not wanted(letter) or was_sent_back_since(letter, start):
                continue
            publisher.publish(sent_back(letter, at=clock())).result(PUBLISH_TIMEOUT)
            crash_at("redrive-after-publish-before-ack")
            kept.pop()
            message.ack()
            sent.append(letter)
            on_sent(letter)
    return sent


def _look(channel: Any, queue: str, limit: int | None) -> Iterator[Any]:
    with _put_back() as kept:
        for message in _take(channel, queue, limit):
            kept.append(message)
            yield message
    _wait_until_back(channel, queue, len(kept))


def _wait_until_back(channel: Any, queue: str, count: int) -> None:
    """Give the queue a moment to take back what was put back, for the next look or redrive.

    A quorum queue does so some milliseconds later; where a worker consumes, never.
    """
    deadline = time.monotonic() + BACK_WITHIN
    while _ready(channel, queue) < count and time.monotonic() < deadline:
        time.sleep(0.01)


def _ready(channel: Any, queue: str) -> int:
    return int(channel.queue_declare(queue=queue, passive=True)[1])


@contextmanager
def _put_back() -> Iterator[list[Any]]:
    """Give a list; whatever is in it at the end goes back to its queue, in order."""
    kept: list[Any] = []
    try:
        yield kept
    finally:
        for message in kept:
            message.requeue()


def _take(channel: Any, queue: str, limit: int | None) -> Iterator[Any]:
    """Take at most what lies there now, so that what is put back is not met again."""
    ready = _ready(channel, queue)
    for _ in range(ready if limit is None else min(limit, ready)):
        message = channel.basic_get(queue)
        if message is None:
            return
        yield channel.message_to_python(message)


@contextmanager
def _channel(url: str) -> Iterator[Any]:
    place = hide_password(url)
    if not url.startswith("memory:"):
        connection_parameters(url)  # says in words what is wrong with a malformed URL
    try:
        with Connection(
            **kombu_arguments(url), connect_timeout=5, heartbeat=0, transport_options=OPTIONS
        ) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0.2)
            channel = connection.channel()
            channel.auto_decode = False  # py-amqp would decode bodies by their content_encoding
            yield channel
    except NotFound as exc:
        raise TopologyError(
            f"RabbitMQ at {place} has no such queue: {exc.reply_text}",
            fix="run: genesys-workbench queue setup",
        ) from exc
    except AccessRefused as exc:
        raise BrokerRefused(
            f"RabbitMQ at {place} refused user, password or virtual host.",
            fix="check WORKBENCH_BROKER_URL",
        ) from exc
    except (TimeoutError, AMQPError, OSError, _operational()) as exc:
        raise _unreachable(exc, place) from exc


def _operational() -> type[Exception]:
    from kombu.exceptions import OperationalError

    return OperationalError  # type: ignore[no-any-return]


def _unreachable(exc: Exception, place: str) -> BrokerError:
    return exc if isinstance(exc, BrokerUnreachable) else broker_error(exc, place)


def _peeked(message: Any) -> Peeked:
    # A message that was retried has no message id any more, but still this header.
    name = message.properties.get("message_id") or message.headers.get("x-workbench-event-id")
    return Peeked(
        message_id=text_of(exact(name)) if name else None,
        routing_key=str(message.delivery_info.get("routing_key", "")),
        redelivered=bool(message.delivery_info.get("redelivered")),
        headers=plain(message.headers),
        body=_bytes(message.body),
    )


def _letter(message: Any) -> DeadLetter:
    kinds = {
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
    }
    given = {name: exact(value) for name, value in (message.properties | kinds).items()}
    return read_dead(_bytes(message.body), message.headers or {}, given)


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)


def plain(value: Any) -> Any:
    """Make headers and properties fit for JSON: AMQP also has times, decimals and bytes."""
    if isinstance(value, Mapping):
        return {text_of(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float) else text_of(value)
