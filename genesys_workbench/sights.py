"""Which conversations and which changes were seen before. No I/O."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from .events import digest

__all__ = ["Sights"]


class Sights:
    """A memory of the newest; what is older is forgotten.

    Args:
        size: Conversations, and changes, that are remembered.
    """

    def __init__(self, size: int = 100_000) -> None:
        self._conversations = _Newest(size)
        self._changes = _Newest(size)

    def is_first(self, conversation_id: str) -> bool:
        """Tell whether a conversation was never seen before, and remember it."""
        return self._conversations.is_new(conversation_id)

    def forget(self, conversation_id: str | None, body: Any) -> None:
        """Take back what was not kept after all: a change, and the first of a conversation."""
        self._changes.forget(digest(body))
        if conversation_id is not None:
            self._conversations.forget(conversation_id)

    def is_news(self, body: Any) -> bool:
        """Tell whether a body was never seen before, and remember it.

        One change of a conversation comes by the topic of each of its queues and users.
        """
        return self._changes.is_new(digest(body))


class _Newest:
    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[str, None] = OrderedDict()

    def is_new(self, key: str) -> bool:
        new = key not in self._known
        self._known[key] = None
        self._known.move_to_end(key)
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return new

    def forget(self, key: str) -> None:
        self._known.pop(key, None)
