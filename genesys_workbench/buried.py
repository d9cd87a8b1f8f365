"""Whether an event lies among the dead letters already, so that none is buried twice.

A worker that dies after it has published a dead letter, or the next try, and before the ack gets
the message again.
"""

from __future__ import annotations

import logging

from . import runtime
from .autopsy import examine
from .broker import locate, url_of
from .dead import DeadLetter
from .errors import BrokerError, StoreError
from .events import ConversationEvent
from .privacy import scrub
from .queues import dead_letters

__all__ = ["is_buried"]

log = logging.getLogger(__name__)


def is_buried(event: ConversationEvent) -> bool:
    """Tell whether a dead letter holds this very event.

    They are looked through only where a death was noted, or where that cannot be known. The note
    is older than the letter, so no letter is missed; one that another program looks at in this
    moment is, and then the audit tells of two.
    """
    if not _may_have_died(event.event_id):
        return False
    try:
        letters = dead_letters(url_of(locate(runtime.settings())))
    except BrokerError as exc:
        log.warning("the dead letters could not be looked through: %s", scrub(str(exc)))
        return False
    return any(_holds(letter, event) for letter in letters)


def _may_have_died(event_id: str) -> bool:
    try:
        known = runtime.current().store.event(event_id)
    except StoreError:
        return True
    return known is not None and any(each["outcome"] == "dead" for each in known["attempts"])


def _holds(letter: DeadLetter, event: ConversationEvent) -> bool:
    if letter.event_id != event.event_id:
        return False
    job = examine(letter.message.body, letter.message.headers, {}).job
    return job is not None and job.event.source == event.source
