"""Which failures are tried again, and when. No I/O."""

from __future__ import annotations

import random
from math import ceil

from billiard.exceptions import SoftTimeLimitExceeded

from .errors import GenesysError, PermanentError, WorkbenchError
from .settings import Settings

__all__ = ["classify", "delay", "ends_process"]


def classify(exc: BaseException) -> tuple[str, bool]:
    """Return (reason, whether another try may help)."""
    if isinstance(exc, MemoryError):
        return "resource", False
    if isinstance(exc, SoftTimeLimitExceeded):
        return "timeout", True
    if isinstance(exc, PermanentError):
        return exc.reason, False
    if isinstance(exc, GenesysError):
        return exc.reason, exc.transient
    if isinstance(exc, WorkbenchError):
        return exc.reason, True
    return "processor_failed", True


def delay(settings: Settings, attempt: int, retry_after: float | None) -> int:
    """Return whole seconds: exponential backoff with jitter and a cap, or what the API asked."""
    backoff: float = min(settings.retry_cap, settings.retry_base * 2 ** min(attempt - 1, 20))
    if retry_after is not None:
        return max(1, ceil(retry_after + random.random() * min(backoff, 10)))
    return max(1, round(backoff * (0.5 + random.random() / 2)))


def ends_process(exc: BaseException) -> bool:
    """Tell whether the pool ends this process: billiard exits with the signal's number - 256."""
    return isinstance(exc, SystemExit) and isinstance(exc.code, int) and exc.code < -128
