"""Frames of conversations: of JSON, and of the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..privacy import Key
from ..store import Store
from .frameset import Frames
from .gathering import Gathering

__all__ = ["from_conversations", "from_store"]


def from_conversations(
    items: Iterable[Any],
    *,
    queue_names: Mapping[str, str] | None = None,
    show_personal: bool = False,
    key: Key | None = None,
) -> Frames:
    """Make frames of conversations as REST or analytics tell them, also of both mixed.

    Of a conversation that is told more than once the last telling counts.

    Args:
        items: Conversations; whatever else there is lands in `Frames.rejected`.
        queue_names: Names by queue id, for analytics tells ids only. Names that the items tell
            are known without.
        show_personal: Whether names, numbers, addresses and attributes are shown, not masked.
        key: Of the masks; None = a random one that lasts as long as this process.
    """
    gathering = Gathering(queue_names, show_personal=show_personal, key=key)
    for row, item in enumerate(items):
        gathering.add(row, item)
    return gathering.frames()


def from_store(
    store: Store,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    queue_names: Mapping[str, str] | None = None,
    show_personal: bool = False,
    key: Key | None = None,
) -> Frames:
    """Make frames of the store's conversations, in the order of their start.

    `Frames.conversations` holds the store's own facts, which count events later than the last
    snapshot as well; where there is no snapshot, the other frames have no rows.

    Args:
        store: Where from.
        since: Started at this time or later.
        until: Started before this time.
        queue_names: See `from_conversations`.
        show_personal: See there.
        key: See there.
    """
    gathering = Gathering(queue_names, show_personal=show_personal, key=key)
    records = store.conversations(since=since, until=until, newest_first=False, with_raw="text")
    for row, record in enumerate(records):
        gathering.add_record(row, record)
    return gathering.frames()
