"""Faults on purpose: what goes wrong, at which endpoint, how often."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any

from ..errors import SettingsError

__all__ = ["ENDPOINTS", "Fault", "Faults"]

ENDPOINTS = ("token", "conversation", "details", "details_query", "queues", "webhooks", "*")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; several knobs may be turned at once.

    Attributes:
        endpoint: One of `ENDPOINTS`; ``*`` is every one.
        status: Answer with this status, with the platform's error body where it has one.
        delay: Seconds to wait before anything else.
        drop: Cut the connection without an answer.
        body: Answer with these bytes, whatever they are; status 200 unless `status` is set.
        truncate: Announce the whole length, send half of the answer, then cut.
        retry_after: Value of a Retry-After header; without it a 429 or 503 carries none.
        count: Only the next so many calls; None is every call.
        share: Only this share of the calls, 0 to 1, drawn from a seeded source.
        headers: More headers for the answer.

    Raises:
        SettingsError: A knob is out of range.
    """

    endpoint: str = "*"
    _: KW_ONLY
    status: int | None = None
    delay: float = 0.0
    drop: bool = False
    body: bytes | None = None
    truncate: bool = False
    retry_after: str | None = None
    count: int | None = None
    share: float | None = None
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        checks = {
            f"endpoint must be one of {', '.join(ENDPOINTS)}": self.endpoint in ENDPOINTS,
            "status must be 200 to 599": self.status is None or 200 <= self.status <= 599,
            "delay must not be negative": self.delay >= 0,
            "count must be at least 1": self.count is None or self.count >= 1,
            "share must be 0 to 1": self.share is None or 0 <= self.share <= 1,
        }
        wrong = [text for text, fine in checks.items() if not fine]
        if wrong:
            raise SettingsError(f"The fault is not valid: {'; '.join(wrong)}.")

    @property
    def answers(self) -> bool:
        """Whether the fault answers itself, rather than spoiling the true answer."""
        return self.status is not None or self.body is not None

    def summary(self) -> dict[str, Any]:
        """Return the knobs that are turned, fit for JSON."""
        names = [name for name in self.__slots__ if name not in ("body", "headers")]
        shown = {name: getattr(self, name) for name in names}
        shown["body"] = None if self.body is None else f"{len(self.body)} bytes"
        shown["headers"] = dict(self.headers)
        return {name: value for name, value in shown.items() if value not in (None, False, 0.0, {})}


class Faults:
    """The faults in force; safe to change from any thread.

    Args:
        seed: Of the draws for `Fault.share`.
    """

    def __init__(self, seed: int = 42) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force; of several that fit a call, the first added counts."""
        with self._lock:
            self._armed.append(_Armed(fault, fault.count))

    def clear(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._armed.clear()

    def take(self, endpoint: str) -> Fault | None:
        """Return the fault that befalls this call, and count it."""
        with self._lock:
            for armed in self._armed:
                if armed.fault.endpoint in ("*", endpoint) and self._strikes(armed.fault):
                    self._use(armed)
                    return armed.fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        """Return what is in force, with the calls that are left as ``count``."""
        with self._lock:
            return [
                armed.fault.summary() | ({} if armed.left is None else {"count": armed.left})
                for armed in self._armed
            ]

    def _strikes(self, fault: Fault) -> bool:
        return fault.share is None or self._random.random() < fault.share

    def _use(self, armed: _Armed) -> None:
        if armed.left is not None:
            armed.left -= 1
            if armed.left == 0:
                self._armed.remove(armed)


@dataclass(eq=False, slots=True)
class _Armed:
    fault: Fault
    left: int | None
