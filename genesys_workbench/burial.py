"""What becomes of a message whose next place cannot be reached: it stays with the broker."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.exceptions import Reject

from . import runtime
from .broker import declare_topology, locate, url_of
from .errors import BrokerError, Nacked, TopologyError, Unroutable
from .messages import Message
from .privacy import scrub
from .settling import settle

__all__ = ["bury", "given_back", "own_producer"]

log = logging.getLogger(__name__)

PUBLISH_TIMEOUT = 15
# RabbitMQ redelivers at once, so the pace of further tries is set here.
PAUSE = 2.0


def bury(letter: Message, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Put a dead letter into its queue, which is declared again where it is missing.

    Raises:
        Reject: It could not be. If only the dead letters' queue is the cause, the broker is to
            keep the message: at-least-once dead-lettering holds it until there is room
            (https://www.rabbitmq.com/docs/quorum-queues#dead-lettering). Otherwise, and with
            classic queues, which would drop it, it goes back to its own queue.
    """
    try:
        _publish(letter, sleep)
    except (BrokerError, TimeoutError) as exc:
        log.error("the dead letter could not be published: %s", scrub(str(exc)))
        no_room = isinstance(exc, Unroutable | TopologyError | Nacked)
        if no_room and runtime.settings().queue_type == "quorum":
            raise Reject("the broker keeps it", requeue=False) from exc
        raise given_back(exc, sleep=sleep) from exc


def given_back(why: Exception, *, sleep: Callable[[float], None] = time.sleep) -> Reject:
    """Return what a task raises to give its message back to the queue, after a pause."""
    log.warning("the message goes back to its queue: %s", scrub(str(why)))
    sleep(PAUSE)
    return Reject("given back", requeue=True)


@contextmanager
def own_producer(app: Celery) -> Iterator[Any]:
    """Give a producer with a connection of its own, which is dropped if the publish fails.

    One of Celery's pool would be closed in order then, and wait for a broker that reads nothing.
    """
    connection = app.connection_for_write()
    try:
        yield app.amqp.Producer(connection)
    except BaseException:
        connection.collect()
        raise
    connection.release()


def _publish(letter: Message, sleep: Callable[[float], None]) -> None:
    publisher = runtime.current().publisher
    try:
        publisher.publish(letter).result(PUBLISH_TIMEOUT)
    except (Unroutable, TopologyError):
        settings = runtime.settings()
        url = url_of(locate(settings))
        declare_topology(url, settings)
        settle(url, sleep)
        publisher.publish(letter).result(PUBLISH_TIMEOUT)
