"""The store's events and attempts, and the messages of a queue, as frames."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import pandas as pd
from sqlalchemy import select

from .. import reads, schema
from ..errors import PermanentError
from ..messages import QUEUE, Job, decode
from ..queues import Peeked, peek
from ..store import Store
from .building import build
from .catalogue import CATALOGUE

__all__ = ["attempts", "events", "messages"]


def events(
    store: Store,
    *,
    limit: int | None = None,
    conversation_id: str | None = None,
    event_type: str | None = None,
    status: Literal["processed", "retrying", "dead"] | None = None,
    since: datetime | None = None,
) -> pd.DataFrame:
    """Return the store's events, the newest first, those that failed so far among them.

    Args:
        store: Where from.
        limit: How many at most.
        conversation_id: Of this conversation only.
        event_type: Of this type only, such as ``customer.start``.
        status: ``processed``, or ``retrying`` or ``dead`` when there is no record so far.
        since: Processed, or last tried, at this time or later.
    """
    found = store.events(
        limit=limit,
        conversation_id=conversation_id,
        event_type=event_type,
        status=status,
        since=since,
    )
    return build("events", map(_event, found))


def _event(event: dict[str, Any]) -> tuple[Any, ...]:
    received, processed = event["receivedAt"], event["processedAt"]
    latency = (processed - received).total_seconds() if received and processed else None
    told = event | {"latencyS": latency}
    return tuple(told[column.key] for column in CATALOGUE["events"])


def attempts(store: Store, *, limit: int | None = None) -> pd.DataFrame:
    """Return what was noted of tries, the newest first.

    These are the ones that failed, and what was absorbed or replayed; the try that succeeded is
    told by the event's own row in `events`.

    Args:
        store: Where from.
        limit: How many at most.
    """
    return build("attempts", _attempts(store, limit))


def _attempts(store: Store, limit: int | None) -> Iterator[tuple[Any, ...]]:
    table = schema.attempts
    shown = [table.c[column.name] for column in CATALOGUE["attempts"]]
    statement = select(*shown).order_by(table.c.id.desc()).limit(limit)
    with store.database.connect() as connection:
        for row in reads.stream(connection, statement):
            yield tuple(row.values())


def messages(url: str, *, queue: str = QUEUE, limit: int = 1000) -> pd.DataFrame:
    """Return the first messages of a queue, which stay there.

    On a quorum queue of RabbitMQ before 4.3 each look counts as one delivery of the message.

    Args:
        url: The broker's, ``amqp(s)://…`` or ``memory://``.
        queue: Its name.
        limit: How many at most.

    Raises:
        BrokerError: The broker is unreachable, or the queue does not exist.
    """
    return build("messages", map(_message, peek(url, queue=queue, limit=limit)))


def _message(message: Peeked) -> tuple[Any, ...]:
    headers = message.headers or {}
    job, why = _decoded(message.body)
    event = job.event if job else None
    retries = headers.get("retries")
    return (
        message.message_id,
        headers.get("x-workbench-event-id") or (event and event.event_id),
        headers.get("x-workbench-conversation-id") or (event and event.conversation_id),
        headers.get("x-workbench-event-type") or (event and event.event_type),
        event and event.media_type,
        message.routing_key,
        retries + 1 if isinstance(retries, int) else None,
        message.redelivered,
        len(message.body),
        why,
    )


def _decoded(body: bytes) -> tuple[Job | None, str | None]:
    """Return the job, or why there is none."""
    try:
        return decode(json.loads(body)[0][0]), None
    except PermanentError as exc:
        return None, exc.what
    except (ValueError, RecursionError):
        return None, "The body is not JSON."
    except (TypeError, KeyError, IndexError):
        return None, "The body is no task: it has no first argument."
