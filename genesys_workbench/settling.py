"""Wait until queues that were just declared outlive a crash of the broker.

RabbitMQ answers a declaration before all of it is on disk. A node that dies before that has lost
the queue, and with it all that was confirmed for it (rabbitmq-server issues 10070 and 15725). A
broker of yours gets time. A private node writes new queues out itself, again and again, and tells
each client how often it has (`node_files.FLUSHES`).
"""

from __future__ import annotations

from collections.abc import Callable

from amqp.exceptions import AMQPError

from .canary import impatient
from .connecting import broker_error
from .node_files import FLUSHES
from .settings import hide_password

__all__ = ["SETTLE_SECONDS", "settle"]

SETTLE_SECONDS = 3.0
LOOK_EVERY = 0.05


def settle(url: str, sleep: Callable[[float], None], *, fresh: bool = True) -> None:
    """Return when what was declared before this call is on disk.

    Args:
        url: The broker's.
        sleep: Waits for so many seconds; `SETTLE_SECONDS` in all, or less for a private node.
        fresh: Whether we declared anything that was not there. A private node is waited for even
            if not: a worker may have been a moment quicker.

    Raises:
        BrokerError: It is unreachable, or was lost meanwhile.
    """
    before = _flushes(url)
    if before is not None:
        _await_flush(url, before, sleep)
    elif fresh:
        sleep(SETTLE_SECONDS)


def _await_flush(url: str, before: int, sleep: Callable[[float], None]) -> None:
    for _ in range(round(SETTLE_SECONDS / LOOK_EVERY)):
        sleep(LOOK_EVERY)
        # The next one may have begun before the declaration; the one after it has not.
        if (_flushes(url) or 0) >= before + 2:
            return


def _flushes(url: str) -> int | None:
    """Return how often this broker has written its names out, None if it does not tell."""
    try:
        with impatient(url) as connection:
            properties = connection.connection.server_properties
    except (AMQPError, OSError) as exc:
        raise broker_error(exc, hide_password(url)) from exc
    found = properties.get(FLUSHES)
    return found if isinstance(found, int) else None
