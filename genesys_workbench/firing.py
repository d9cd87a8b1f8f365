"""Put a task into the queue by hand: as any Celery client would, or as the receiver does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from .errors import BrokerUnreachable, PublishTimeout
from .events import parse_event
from .messages import EXCHANGE, TASK_NAME, encode, event_headers, payload_of, routing_key
from .publisher import PublisherLike
from .settings import Settings
from .tasks import configuration

__all__ = ["celery_client", "fire_by_celery", "fire_by_pika"]

TIMEOUT = 15.0
# A person waits: one more try, not all those of a worker.
_IMPATIENT = {"max_retries": 1, "interval_start": 0.2}


def celery_client(settings: Settings) -> Celery:
    """Return a Celery client that knows broker and queue, and the task by its name only."""
    client = Celery("genesys_workbench.firing", set_as_current=False)
    client.conf.update(configuration(settings))
    client.conf.broker_transport_options |= _IMPATIENT
    return client


def fire_by_celery(client: Celery, body: Mapping[str, Any]) -> str:
    """Send an event as a task, by name; return the event's id.

    Raises:
        BrokerUnreachable: The broker is away.
    """
    event = parse_event(body)
    options = {
        "args": [payload_of(event, received_at=datetime.now(UTC))],
        "argsrepr": f"<event {event.event_id}>",  # else Celery writes the arguments there
        "headers": event_headers(event),
        "exchange": EXCHANGE,
        "routing_key": routing_key(event.event_type, event.media_type),
    }
    try:
        client.send_task(TASK_NAME, retry=False, **options)
    except OperationalError as exc:
        raise BrokerUnreachable(
            f"The broker did not take the task: {exc}", fix="see: genesys-workbench doctor"
        ) from exc
    return event.event_id


def fire_by_pika(publisher: PublisherLike, body: Mapping[str, Any]) -> str:
    """Publish an event as the receiver does, confirmed; return the event's id.

    Raises:
        BrokerError: It was not confirmed.
    """
    event = parse_event(body)
    try:
        publisher.publish(encode(event, received_at=datetime.now(UTC))).result(TIMEOUT)
    except TimeoutError as exc:
        raise PublishTimeout(f"Not confirmed within {TIMEOUT:g} s.") from exc
    return event.event_id
