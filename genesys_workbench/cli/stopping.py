"""Ctrl-C and SIGTERM: whoever is interrupted closes its parts in order, and only then ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .output import Voice

__all__ = ["INTERRUPTED", "TERMINATED", "orderly_stop", "until_stopped"]

INTERRUPTED = 130
TERMINATED = 143
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOK_EVERY = 0.5
PATIENCE = b"Still stopping: parts are being closed.\n"


@contextmanager
def orderly_stop() -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into an exception, so that ``with`` blocks close.

    Later ones only say that it goes on: an interrupted clean-up would leave processes behind.
    """
    stopping = False

    def handle(number: int, _: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            if not Voice.logs:
                os.write(2, PATIENCE)  # print is not safe in a signal handler
            return
        stopping = True
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(TERMINATED)

    with _handled_by(handle):
        yield


def until_stopped() -> None:
    """Return at SIGINT or SIGTERM."""
    stop = threading.Event()
    with _handled_by(lambda *_: stop.set()):
        while not stop.wait(LOOK_EVERY):
            pass  # where another thread caught the signal, this one must wake to handle it


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
