"""Conversations, events and messages as tidy DataFrames, personal data masked.

Source → frames: `from_conversations` (JSON of REST and analytics), `from_store`, `from_file`;
`events` and `attempts` of the store, `messages` of a queue. `columns` documents them.
"""

from __future__ import annotations

from ..queue_names import queue_names
from .catalogue import columns
from .files import from_file
from .frameset import Frames
from .reading import from_conversations, from_store
from .records import attempts, events, messages

__all__ = [
    "Frames",
    "attempts",
    "columns",
    "events",
    "from_conversations",
    "from_file",
    "from_store",
    "messages",
    "queue_names",
]
