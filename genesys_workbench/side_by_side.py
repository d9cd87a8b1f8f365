"""Several sources read at once, each in a thread, and what they give in one line. No I/O."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Full, Queue
from typing import Generic, TypeVar

__all__ = ["side_by_side"]

AHEAD = 4000
LOOK_EVERY = 0.2

Key = TypeVar("Key")
Item = TypeVar("Item")


def side_by_side(
    read: Callable[[Key], Iterable[Item]], keys: Sequence[Key], *, parallel: int, ahead: int = AHEAD
) -> Iterator[tuple[Key, Item | None]]:
    """Yield (key, item) for each item of each source, and (key, None) after a source's last.

    Args:
        read: Gives the items of a key; called in a thread.
        keys: Of the sources, begun in this order.
        parallel: How many are read at once.
        ahead: Items that are read before they are asked for.

    Raises:
        BaseException: What a source raised; the others are left then.
    """
    line = _Line(read, ahead)
    with ThreadPoolExecutor(parallel, thread_name_prefix="side-by-side") as pool:
        try:
            for key in keys:
                pool.submit(line.fill, key)
            yield from line.taken(len(keys))
        finally:
            line.stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


class _Line(Generic[Key, Item]):
    def __init__(self, read: Callable[[Key], Iterable[Item]], ahead: int) -> None:
        self._read = read
        self._queue: Queue[tuple[Key, Item | BaseException | None]] = Queue(ahead)
        self.stop = threading.Event()

    def fill(self, key: Key) -> None:
        """Put in all that a source gives, unless nobody wants it any more."""
        try:
            for item in self._read(key):
                if not self._put(key, item):
                    return
            self._put(key, None)
        except BaseException as exc:  # noqa: BLE001 - raised where the items are taken
            self._put(key, exc)

    def taken(self, sources: int) -> Iterator[tuple[Key, Item | None]]:
        """Take out until so many sources are through."""
        while sources:
            key, item = self._queue.get()
            if isinstance(item, BaseException):
                raise item
            sources -= item is None
            yield key, item

    def _put(self, key: Key, item: Item | BaseException | None) -> bool:
        while not self.stop.is_set():
            with suppress(Full):
                self._queue.put((key, item), timeout=LOOK_EVERY)
                return True
        return False
