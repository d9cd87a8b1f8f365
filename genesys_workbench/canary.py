"""Prove that each queue works: a canary goes through the exchange and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amqp.exceptions import (
    AccessRefused,
    AMQPError,
    ChannelError,
    InternalError,
    MessageNacked,
    NotFound,
    PreconditionFailed,
)
from kombu import Connection

from .connecting import broker_error, channel_closed, other_arguments
from .errors import BrokerError, BrokerRefused, TopologyError
from .messages import CANARY_KEY, EXCHANGE, QueueSpec, Topology
from .settings import hide_password
from .tls import kombu_arguments

__all__ = ["check_topology", "impatient"]

# A queue without a leader confirms nothing, and a get takes RabbitMQ a minute to refuse.
ANSWER_WITHIN = 10.0


def impatient(url: str, *, seconds: float = ANSWER_WITHIN) -> Connection:
    """Return a connection on which each answer has so long; left to itself kombu waits for ever.

    Args:
        url: The broker's.
        seconds: Until it raises ``TimeoutError``.
    """
    timeouts = {"read_timeout": seconds, "write_timeout": seconds}
    options = {**kombu_arguments(url), "connect_timeout": 5, "transport_options": timeouts}
    return Connection(**options, heartbeat=0)


def check_topology(url: str, plan: Topology, *, seconds: float = ANSWER_WITHIN) -> None:
    """Prove each queue: the canary's by a message, the others by a look that takes none.

    A passive declare would not do: it succeeds on a queue that lost its data.

    Args:
        url: The broker's.
        plan: What there should be.
        seconds: How long each answer may take.

    Raises:
        TopologyError: A queue is missing or has other arguments; or the canary was not routed,
            or did not come back.
        BrokerError: The broker is unreachable, or a queue does not answer.
    """
    place = hide_password(url)
    with impatient(url, seconds=seconds) as connection:
        for queue in (plan.main, plan.dead):
            with _answering(queue.name, place, seconds):
                _look(connection.channel(), queue)
        with _answering(plan.canary.name, place, seconds):
            channel = connection.channel()
            _send(channel, seconds)
            message = channel.basic_get(plan.canary.name)
            if message is None:
                raise TopologyError(f"The canary at {place} was confirmed but did not come back.")
            channel.basic_ack(message.delivery_tag)


def _look(channel: Any, queue: QueueSpec) -> None:
    """Compare the arguments, and make an empty queue answer; a count is an answer."""
    found = channel.queue_declare(queue=queue.name, passive=True)
    options = {"durable": True, "auto_delete": False, "arguments": queue.arguments}
    channel.queue_declare(queue=queue.name, **options)
    if found.message_count:
        return
    message = channel.basic_get(queue.name)
    if message is not None:
        channel.basic_reject(message.delivery_tag, requeue=True)


def _send(channel: Any, seconds: float) -> None:
    message = channel.prepare_message(b"canary")
    options = {"exchange": EXCHANGE, "routing_key": CANARY_KEY, "mandatory": True}
    channel.basic_publish_confirm(message, **options, confirm_timeout=seconds)


@contextmanager
def _answering(name: str, place: str, seconds: float) -> Iterator[None]:
    try:
        yield
    except NotFound as exc:
        raise channel_closed(exc, place) from exc
    except AccessRefused as exc:
        raise BrokerRefused(
            f"RabbitMQ at {place} refused user, password or virtual host.",
            fix="check WORKBENCH_BROKER_URL; rabbitmqctl list_permissions",
        ) from exc
    except (TimeoutError, InternalError, MessageNacked) as exc:
        within = f"no answer within {seconds:g} s"
        why = within if isinstance(exc, TimeoutError) else type(exc).__name__
        raise BrokerError(
            f"The queue {name} at {place} does not work: {why}.",
            fix="see whether RabbitMQ hangs or has an alarm: rabbitmqctl status; in a cluster, "
            "start the other nodes; where other queues work, a crash right after it was declared "
            f"has spoilt this one: rabbitmqctl delete_queue {name}",
        ) from exc
    except PreconditionFailed as exc:
        raise other_arguments(place, exc.reply_text) from exc
    except ChannelError as exc:
        raise TopologyError(
            f"The canary at {place} was not taken: {type(exc).__name__}.",
            fix="run: genesys-workbench queue setup",
        ) from exc
    except (AMQPError, OSError) as exc:
        raise broker_error(exc, place) from exc
