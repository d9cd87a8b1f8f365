"""The log of refused deliveries: a flood of them must not fill the disk, nor hide another kind."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from .privacy import network_of

__all__ = ["Refusals"]

log = logging.getLogger(__name__)

PAUSE = 10.0


@dataclass(slots=True)
class _Quiet:
    until: float
    untold: int = 0


class Refusals:
    """Tells of a refusal, and then for a while only counts those of the same status.

    Args:
        pause: Seconds between two lines of one status.
        clock: Monotonic seconds.
    """

    def __init__(
        self, *, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pause = pause
        self._clock = clock
        self._quiet: dict[int, _Quiet] = {}

    def tell(self, status: int, what: str, *, sender: str | None) -> None:
        """Log a refusal, and how many were not told before it.

        Args:
            status: Of the answer.
            what: Why; nothing that was sent.
            sender: Its address; only the network of it is told.
        """
        now = self._clock()
        quiet = self._quiet.get(status)
        if quiet is not None and now < quiet.until:
            quiet.untold += 1
            return
        self._quiet[status] = _Quiet(now + self._pause)
        untold = f" And {quiet.untold} times before, untold." if quiet and quiet.untold else ""
        told = (status, network_of(sender), what, untold)
        log.warning("delivery answered %d to %s: %s%s", *told, extra={"status": status})
