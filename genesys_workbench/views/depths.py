"""How full the queues are, for a panel: what the broker tells, or that it is away."""

from __future__ import annotations

from typing import Any

from ..broker import url_of
from ..errors import BrokerError
from ..management import Management
from ..messages import QUEUE
from ..queues import states
from ..workbench import Workbench

__all__ = ["UNKNOWN", "Depths"]

UNKNOWN: dict[str, Any] = {
    "ready": None,
    "unacked": None,
    "letters": None,
    "consumers": None,
    "away": "",
}


class Depths:
    """Reads the queues; a broker that is away is part of the reading, and no error."""

    def __init__(self, bench: Workbench) -> None:
        self._broker = bench.broker
        self._management: Management | None = None

    def read(self) -> dict[str, Any]:
        """Return the figures of `UNKNOWN`, None where unknown; ``away`` says why.

        ``letters`` are the dead ones.
        """
        try:
            main, dead = states(url_of(self._broker))
        except BrokerError as exc:
            return UNKNOWN | {"away": exc.what}
        known = {"ready": main.ready, "letters": dead.ready, "consumers": main.consumers}
        return UNKNOWN | known | self._managed()

    def close(self) -> None:
        """Disconnect. Idempotent."""
        if self._management is not None:
            self._management.close()

    def _managed(self) -> dict[str, int]:
        url = self._broker.management_url
        if url is None:
            return {}
        if self._management is None:
            self._management = Management(url, broker_url=url_of(self._broker))
        try:
            return {"unacked": self._management.figures()[QUEUE].unacked}
        except (BrokerError, KeyError):  # the plugin need not be there, and begins without queues
            return {}
