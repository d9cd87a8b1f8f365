"""Send an event again, by the way that its state asks for."""

from __future__ import annotations

from ..broker import url_of
from ..errors import WorkbenchError
from ..queues import redrive
from ..replay import unknown_event
from ..workbench import Workbench

__all__ = ["send_again"]


def send_again(bench: Workbench, event_id: str) -> str:
    """Replay a processed event, or redrive a dead letter; return what was done.

    Raises:
        WorkbenchError: The event is unknown, or is still being tried.
        BrokerError: The broker is away.
    """
    found = bench.store.event(event_id)
    if found is not None and found["status"] != "dead":
        return f"Replay {bench.replay(event_id)} of this event is in the queue."
    sent = redrive(
        url_of(bench.broker), bench.publisher, wanted=lambda letter: letter.event_id == event_id
    )
    if not sent and found is None:
        raise unknown_event(event_id)
    if not sent:
        raise WorkbenchError(
            f"Event {event_id} has failed, but its message is not among the dead letters any more.",
            fix="deliver the event again",
        )
    return "The dead letter is back in the queue."
