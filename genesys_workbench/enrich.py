"""Fetch conversations for the worker: few calls, in batches where several tasks ask at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextvars import Context, copy_context
from typing import Any

from .errors import NotFound, TaskError

__all__ = ["Enricher"]

Conversation = Mapping[str, Any]
FetchOne = Callable[[str], Conversation]
FetchMany = Callable[[Sequence[str]], Mapping[str, Conversation]]
LONGEST = 1.0
_Asked = tuple[Future[Conversation], Context]


class Enricher:
    """Coalesce concurrent requests for conversations; one thread makes the calls.

    While one call is under way, further ids gather and share the next one. Where several asked
    last time, the next call also waits while more keep coming: so a worker with a pool of threads
    makes few calls, and one with a single thread loses no time.

    Args:
        one: Fetch one conversation; used when nobody else waits.
        many: Fetch several; ids that the API does not know are absent from its result.
        max_batch: Most ids in a call.
        linger: Seconds to wait for one more id, where several come at once; `LONGEST` in all.
    """

    def __init__(
        self, *, one: FetchOne, many: FetchMany, max_batch: int = 50, linger: float = 0.1
    ) -> None:
        self._one = one
        self._many = many
        self._max_batch = max_batch
        self._linger = linger
        self._crowded = False
        self._more = threading.Condition()
        self._waiting: dict[str, _Asked] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def conversation(self, conversation_id: str) -> Conversation:
        """Return the conversation's JSON, REST or analytics shape.

        Raises:
            GenesysError: As the client says; `NotFound` where the API does not know the id.
            TaskError: The enricher was closed.
        """
        with self._more:
            if self._closed:
                raise TaskError("The worker is stopping.")
            asked = (Future[Conversation](), copy_context())
            future, _ = self._waiting.setdefault(conversation_id, asked)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="genesys-enricher", daemon=True
                )
                self._thread.start()
            self._more.notify()
        return future.result()

    def close(self) -> None:
        """Answer those that wait, and end the thread."""
        with self._more:
            self._closed = True
            self._more.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            # A call that several asked for is told in the log under the ids of the first.
            _, context = next(iter(batch.values()))
            context.run(self._fetch, {each: future for each, (future, _) in batch.items()})

    def _next_batch(self) -> dict[str, _Asked]:
        """Wait for ids and take them; empty at the end."""
        with self._more:
            self._more.wait_for(lambda: self._waiting or self._closed)
            if self._crowded:
                self._await_more()
            ids = list(self._waiting)[: self._max_batch]
            self._crowded = len(ids) > 1
            return {each: self._waiting.pop(each) for each in ids}

    def _await_more(self) -> None:
        until = time.monotonic() + LONGEST
        while not self._closed and (known := len(self._waiting)) < self._max_batch:
            if not self._grows(known, min(self._linger, until - time.monotonic())):
                return

    def _grows(self, known: int, seconds: float) -> bool:
        return self._more.wait_for(lambda: self._closed or len(self._waiting) != known, seconds)

    def _fetch(self, batch: Mapping[str, Future[Conversation]]) -> None:
        try:
            found = self._get(list(batch))
        except Exception as exc:  # noqa: BLE001 - each waiting task gets it
            for future in batch.values():
                future.set_exception(exc)
            return
        for each, future in batch.items():
            if each in found:
                future.set_result(found[each])
            else:
                future.set_exception(_unknown(each))

    def _get(self, ids: Sequence[str]) -> Mapping[str, Conversation]:
        return {ids[0]: self._one(ids[0])} if len(ids) == 1 else self._many(ids)


def _unknown(conversation_id: str) -> NotFound:
    return NotFound(
        f"Genesys Cloud knows no conversation {conversation_id}.",
        status=404,
        code="not.found",
        fix="see that the event comes from the organisation whose credentials are set",
    )
