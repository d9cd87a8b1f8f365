"""A crash at a named point, for tests of what is promised: ``WORKBENCH_CRASH_AT=point[:nth]``.

The process that passes the point for the n-th time (the first by default) kills itself with
SIGKILL, as a power cut would. Unset, a point costs one comparison.
"""

from __future__ import annotations

import os
import signal

__all__ = ["POINTS", "crash_at", "is_point"]

POINTS = (
    "after-verify",
    "before-publish",
    "after-publish-before-confirm",
    "after-confirm-before-answer",
    "after-spool-commit",
    "after-confirm-before-delete",
    "task-start",
    "after-insert-before-commit",
    "after-commit-before-ack",
    "retry-after-publish-before-ack",
    "dlq-after-publish-before-ack",
    "redrive-after-publish-before-ack",
)

_wanted, _, _nth = os.environ.get("WORKBENCH_CRASH_AT", "").partition(":")
_passed = 0


def is_point(value: str) -> bool:
    """Tell whether a value names a point, with or without the number of the hit."""
    point, colon, nth = value.partition(":")
    return point in POINTS and (not colon or (nth.isascii() and nth.isdigit() and int(nth) > 0))


def crash_at(point: str) -> None:
    """Pass a point; end this process there, if that is wanted."""
    global _passed
    if point != _wanted:
        return
    _passed += 1
    if _passed >= int(_nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)
