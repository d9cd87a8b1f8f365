"""Results of the pool's processes, read to their end even where the connection is lost meanwhile.

Celery (seen in 5.7.0, ``celery/concurrency/asynpool.py``) reads a result of more than 16 KiB in
steps. A lost connection resets its event loop, which forgets the one it is in the middle of: the
rest is then taken for the beginning of another. That process is never given work again, and holds
up the worker's end for half a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from inspect import GEN_SUSPENDED, getgeneratorstate
from typing import Any

from celery.concurrency.asynpool import AsynPool, ResultHandler

__all__ = ["WholeResults", "install"]

Reading = Generator[None, None, None]


class WholeResults(ResultHandler):
    """Goes on with a result where it was left, whatever became of the event loop."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._begun: dict[int, tuple[Any, Reading]] = {}

    def _recv_message(
        self, add_reader: Callable[..., None], fd: int, callback: Callable[[Any], None]
    ) -> Reading:
        half_read = self._half_read(fd)
        if half_read is not None:
            return half_read
        reading: Reading = super()._recv_message(add_reader, fd, callback)
        self._begun[fd] = (self.fileno_to_outq.get(fd), reading)
        return reading

    def _finish_partial_read(self, fd: int, proc: Any) -> bool:
        half_read = self._half_read(fd)
        if half_read is not None and self._hub is not None:
            self._hub.readers[fd] = (half_read, ())
        return bool(super()._finish_partial_read(fd, proc))

    def _half_read(self, fd: int) -> Reading | None:
        process, reading = self._begun.get(fd, (None, None))
        if reading is None or process is not self.fileno_to_outq.get(fd):
            return None  # another process has got the number of one that ended
        return reading if getgeneratorstate(reading) == GEN_SUSPENDED else None


def install() -> None:
    """Let the pools of this process's workers read so."""
    AsynPool.ResultHandler = WholeResults
