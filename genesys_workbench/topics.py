"""Topics of the platform. No I/O."""

from __future__ import annotations

from .errors import UsageError
from .events import DETAIL_EVENTS

__all__ = ["topic_of"]


def topic_of(event: str) -> str:
    """Return the topic of a detail event, such as ``customer.start``.

    Raises:
        UsageError: There is no such event.
    """
    if event not in DETAIL_EVENTS:
        known = ", ".join(sorted(DETAIL_EVENTS))
        raise UsageError(f"There is no detail event {event!r}.", fix=f"take one of: {known}")
    return f"v2.detail.events.conversation.{{id}}.{event}"
