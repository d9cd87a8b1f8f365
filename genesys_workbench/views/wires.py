"""A message as it is on the wire: AMQP properties, Celery's headers, and the body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pandas as pd

from ..messages import Message
from ..pending import properties_of
from .picture import Picture
from .tables import table

__all__ = ["wire"]

_FRESH = "a fresh one each time"
_IDS = {"id", "root_id", "correlation_id"}
# https://docs.celeryq.dev/en/stable/internals/protocol.html#version-2
_MEANINGS = {
    "exchange": "a topic exchange: queues of your own can be bound to it",
    "routing_key": "what happened and in which medium, to bind by",
    "message_id": "the event's id: the same event is stored once, however often it comes",
    "correlation_id": "the task's id, for tools that look at no header",
    "content_type": "how the worker reads the body; it accepts nothing else",
    "content_encoding": "of the JSON text",
    "delivery_mode": "2: kept on disk, and confirmed only then",
    "app_id": "who published it",
    "lang": "language of the sender",
    "task": "the name by which the worker finds the function",
    "id": "of the task",
    "root_id": "the first task of a chain; here the task itself",
    "parent_id": "the task that sent this one",
    "group": "the group that it belongs to",
    "retries": "how often it was tried before: the worker counts here",
    "eta": "not before this time: set when it is to be tried again later",
    "expires": "not after this time",
    "timelimit": "hard and soft limit in seconds; the worker's own count",
    "argsrepr": "the arguments in words, for logs: nothing personal",
    "kwargsrepr": "the same for named arguments",
    "origin": "who sent it",
    "ignore_result": "no result is kept: the record is the result",
    "x-workbench-event-id": "known without a look into the body",
    "x-workbench-conversation-id": "the same",
    "x-workbench-event-type": "the same",
    "args": "one JSON text: Celery would take some nested objects for something else",
    "kwargs": "no named arguments",
    "embed": "no callbacks, no chain",
}


def wire(message: Message) -> Picture:
    """Show each part of a message with its meaning, but of the payload only the names.

    Args:
        message: As `messages.encode` writes it.
    """
    rows = [
        [part, name, _FRESH if name in _IDS else _shown(value), _MEANINGS.get(name, "")]
        for part, name, value in _parts(message)
    ]
    columns = ["part", "name", "value", "what it is for"]
    frame = pd.DataFrame(rows, columns=columns).set_index("part")
    return table(frame, title="The message on the wire")


def _parts(message: Message) -> Iterator[tuple[str, str, Any]]:
    yield "routing", "exchange", message.exchange
    yield "routing", "routing_key", message.routing_key
    properties = properties_of(message)
    for name in (name for name in _MEANINGS if getattr(properties, name, None) is not None):
        yield "property", name, getattr(properties, name)
    for name, value in message.headers.items():
        yield "header", name, value
    args, kwargs, embed = json.loads(message.body)
    yield "body", "args", f"{{{', '.join(json.loads(args[0]))}}}"
    yield "body", "kwargs", kwargs
    yield "body", "embed", embed


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
