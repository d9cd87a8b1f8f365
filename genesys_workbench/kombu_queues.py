"""The topology's queues as kombu knows them: what the Celery worker declares and consumes."""

from __future__ import annotations

from kombu import Exchange, Queue

from .messages import QueueSpec

__all__ = ["kombu_queue"]


def kombu_queue(spec: QueueSpec) -> Queue:
    """Return the queue with the same arguments and binding as the set-up declares."""
    (exchange, key) = spec.bindings[0]
    return Queue(
        spec.name,
        exchange=Exchange(exchange, type="topic", durable=True),
        routing_key=key,
        durable=True,
        queue_arguments=dict(spec.arguments),
    )
