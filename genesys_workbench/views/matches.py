"""`Matches`: what of the delivery log a filter lets through, kept up to date cheaply."""

from __future__ import annotations

from collections import deque

from ..deliverylog import Delivery, DeliveryLog, Outcome

__all__ = ["Matches"]


class Matches:
    """The newest deliveries that a filter lets through; each is looked at once.

    Args:
        log: That grows meanwhile.
        text: As in `DeliveryLog.find`.
        outcome: Only this one; None for all.
        limit: At most so many.
    """

    def __init__(
        self, log: DeliveryLog, *, text: str = "", outcome: Outcome | None = None, limit: int = 100
    ) -> None:
        self._log = log
        self._text = text
        self._outcome: Outcome | None = outcome
        self._found: deque[Delivery] = deque(maxlen=limit)
        self._seen = 0

    def latest(self) -> list[Delivery]:
        """Return them, newest first."""
        total = self._log.total
        limit = self._found.maxlen or 0
        new = self._log.find(self._text, limit=limit, after=self._seen, outcome=self._outcome)
        # what came in while the log was searched is met again next time
        newest = self._found[0].number if self._found else 0
        self._found.extendleft(each for each in reversed(new) if each.number > newest)
        self._seen = total
        return list(self._found)
