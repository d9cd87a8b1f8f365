"""Send a stored event through the queue again, with the same id and the attempt marked."""

from __future__ import annotations

from datetime import UTC, datetime

from .errors import WorkbenchError
from .messages import decode, encode
from .publisher import PublisherLike
from .store import Store

__all__ = ["replay_event"]

TIMEOUT = 30


def replay_event(store: Store, publisher: PublisherLike, event_id: str) -> int:
    """Publish the event again and return which replay it is, from 1.

    Raises:
        WorkbenchError: No such event is stored.
        BrokerError: It could not be published.
    """
    found = store.event(event_id)
    if found is None:
        raise WorkbenchError(
            f"No event {event_id} is stored.", fix="see: genesys-workbench events list"
        )
    earlier = [each for each in found["attempts"] if each["outcome"] == "replayed"]
    job = decode({"eventId": event_id, "source": found["source"]})
    number = len(earlier) + 1
    message = encode(job.event, received_at=datetime.now(UTC), replay=number)
    publisher.publish(message).result(TIMEOUT)
    return number
