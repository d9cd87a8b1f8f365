"""A Celery app whose task does nothing: what the worker costs without the work."""

from __future__ import annotations

import os

from celery import Celery
from kombu import Exchange, Queue

__all__ = ["NOOP", "TASK", "app", "noop"]

NOOP = "noop"
TASK = "noop"

app = Celery("peer", broker=os.environ.get("BROKER"), backend="rpc://")
app.conf.update(
    task_queues=[
        Queue(NOOP, Exchange(""), routing_key=NOOP, queue_arguments={"x-queue-type": "quorum"})
    ],
    task_default_queue=NOOP,
    task_acks_late=True,
    worker_prefetch_multiplier=int(os.environ.get("PREFETCH", "1")),
    worker_enable_remote_control=False,
)


@app.task(name=TASK)
def noop(*_: object) -> None:
    """Do nothing."""
