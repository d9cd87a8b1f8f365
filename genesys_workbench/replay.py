"""Send a stored event through the queue again, with the same id and the attempt marked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from .errors import PublishTimeout, WorkbenchError
from .messages import decode, encode
from .publisher import PublisherLike
from .store import Store

__all__ = ["replay_event", "unknown_event"]

TIMEOUT = 30.0


def replay_event(
    store: Store,
    publisher: PublisherLike,
    event_id: str,
    *,
    timeout: float = TIMEOUT,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:
    """Publish the event again and return which replay it is, from 1.

    Args:
        store: Holds the event.
        publisher: To the queue that a worker consumes.
        event_id: Of an event that was processed.
        timeout: Seconds to wait for the broker's confirm.
        clock: Aware UTC now.

    Raises:
        WorkbenchError: No such event is stored, or it has not been processed: then its message
            still is in a queue.
        BrokerError: It could not be published.
    """
    found = store.event(event_id)
    if found is None:
        raise unknown_event(event_id)
    if found["source"] is None:
        raise _in_a_queue(event_id, found["status"])
    earlier = [each for each in found["attempts"] if each["outcome"] == "replayed"]
    number = len(earlier) + 1
    event = decode({"eventId": event_id, "source": found["source"]}).event
    correlation = found["correlationId"] or ""
    message = encode(event, received_at=clock(), replay=number, correlation_id=correlation)
    try:
        publisher.publish(message).result(timeout)
    except TimeoutError as exc:
        raise PublishTimeout(
            f"The broker has not confirmed event {event_id} within {timeout:g} s.",
            fix=f"genesys-workbench events show {event_id}, and once more if it was not replayed",
        ) from exc
    return number


def unknown_event(event_id: str) -> WorkbenchError:
    """Return the error for an id that the store does not know."""
    return WorkbenchError(
        f"No event {event_id} is stored.", fix="see: genesys-workbench events list"
    )


def _in_a_queue(event_id: str, status: str) -> WorkbenchError:
    if status == "dead":
        return WorkbenchError(
            f"Event {event_id} is a dead letter, not a stored event.",
            fix=f"genesys-workbench queue redrive {event_id}",
        )
    return WorkbenchError(
        f"Event {event_id} is still being tried: its message waits in the queue.",
        fix=f"genesys-workbench events show {event_id}",
    )
