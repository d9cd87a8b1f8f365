"""The audit: is every accepted event in the store once, or a dead letter, and nothing else?

With a sender's ledger it asks this of the ledger's events, without one of all that the store and
the dead letters know of.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .ledgers import Sent, Unreadable
from .store import Store
from .waiting import Waiting, look_around

__all__ = ["Audit", "Auditor", "Doubled"]

PAUSE = 1.0
# The management plugin's figures are up to 5 s old
# (https://www.rabbitmq.com/docs/management#statistics-interval), so what a worker has just taken
# is nowhere to be seen for so long.
FRESH_AFTER = 6.0


@dataclass(frozen=True, slots=True)
class Doubled:
    """An event that is in more than one place.

    Attributes:
        stored: Whether it is in the store.
        letters: How many dead letters it has.
    """

    event_id: str
    stored: bool
    letters: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What became of the events.

    Attributes:
        accepted: Distinct events that were answered 2xx; None without a ledger.
        rejected: Deliveries that were not; None without a ledger.
        processed: Of those events, the ones in the store.
        dead: The ones in the dead letters only.
        retrying: The ones that failed and wait for another try, as the store tells.
        ready: Messages that wait for a worker, whatever event they carry.
        unacked: Messages that workers held some seconds ago; None where nobody tells.
        delayed: Messages that wait for another try.
        spooled: Events that wait on this machine's disk.
        workers: Connected consumers; None on the embedded broker.
        lost: How many are missing for certain.
        missing: Ids that are nowhere, if more than messages are under way without a name;
            those under way are among them, so they are `lost` many once nothing is.
        doubled: Events in more than one place.
        unknown: Ids in the store that a complete ledger does not have.
        unreadable: Lines of the ledger that tell of no delivery.
    """

    accepted: int | None
    rejected: int | None
    processed: int
    dead: int
    retrying: int
    ready: int
    unacked: int | None
    delayed: int
    spooled: int
    workers: int | None
    lost: int
    missing: tuple[str, ...]
    doubled: tuple[Doubled, ...]
    unknown: tuple[str, ...]
    unreadable: tuple[Unreadable, ...]

    @property
    def under_way(self) -> int:
        """Messages and spooled events that still move."""
        return self.ready + (self.unacked or 0) + self.delayed + self.spooled

    @property
    def unsure(self) -> bool:
        """Whether a worker may hold what seems to be missing."""
        return bool(self.missing and self.workers)

    @property
    def wrong(self) -> bool:
        """Whether something is the matter that no waiting mends."""
        return bool(self.missing or self.doubled or self.unknown or self.unreadable)

    @property
    def passed(self) -> bool:
        """Whether all is as promised, and nothing is under way."""
        return not self.wrong and not self.under_way

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``audit --json`` prints."""
        doubled = [
            {"eventId": each.event_id, "stored": each.stored, "letters": each.letters}
            for each in self.doubled
        ]
        told = {"doubled": doubled, "underWay": self.under_way, "passed": self.passed}
        return asdict(self) | told


@dataclass(frozen=True)
class Auditor:
    """Compares ledger, store and queues.

    Args:
        store: Where the records are.
        url: The broker's.
        spool: The file of the receiver's spool.
        management_url: Of the broker's management plugin, as far as known.
        clock: Monotonic seconds.
        sleep: Waits between two looks.
    """

    store: Store
    url: str
    spool: Path
    management_url: str | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def settle(
        self,
        sent: Sent | None = None,
        *,
        wait: float = 0.0,
        complete: bool = False,
        by_id: bool = False,
    ) -> Audit:
        """Look until nothing is under way any more; what is missing is looked for twice.

        Args:
            sent: The sender's ledger.
            wait: Seconds at most, while something is under way.
            complete: Whether the ledger has all that was ever sent to this store.
            by_id: See `look`; done once, at the end, unless all is well by then.

        Raises:
            BrokerError: The broker is away.
            StoreError: The database is away.
            SpoolError: The spool cannot be read.
        """
        begun = self.clock()
        while True:
            audit = self.look(sent, complete=complete)
            patience = max(wait, FRESH_AFTER if audit.unsure else 0.0)
            may_change = audit.under_way or audit.unsure
            if not may_change or self.clock() - begun >= patience:
                break
            self.sleep(PAUSE)
        if by_id and not audit.passed:
            return self.look(sent, complete=complete, by_id=True)
        return audit

    def look(
        self, sent: Sent | None = None, *, complete: bool = False, by_id: bool = False
    ) -> Audit:
        """Look once.

        Args:
            sent: The sender's ledger.
            complete: Whether it has all that was ever sent to this store.
            by_id: Whether to take the ready messages and put them back, for their ids; before
                RabbitMQ 4.3 that counts as one delivery of each.

        Raises:
            BrokerError: The broker is away.
            StoreError: The database is away.
            SpoolError: The spool cannot be read.
        """
        waiting = look_around(
            self.url, spool=self.spool, management_url=self.management_url, by_id=by_id
        )
        return _reconcile(sent, waiting, self.store, complete=complete)


def _reconcile(sent: Sent | None, waiting: Waiting, store: Store, *, complete: bool) -> Audit:
    buried = {
        event_id: letters
        for event_id, letters in waiting.buried.items()
        if sent is None or event_id in sent.accepted
    }
    retrying = set(store.event_ids("retrying"))
    absent = retrying.union(store.event_ids("dead")) if sent is None else set(sent.accepted)
    processed, both, unknown = 0, set(), []
    for event_id in store.event_ids("processed"):
        processed += sent is None or event_id in sent.accepted
        absent.discard(event_id)
        if event_id in buried:
            both.add(event_id)
        if complete and sent is not None and not sent.names(event_id):
            unknown.append(event_id)
    absent.difference_update(buried, waiting.spooled, waiting.named)
    lost = max(0, len(absent) + len(waiting.named) - waiting.messages)
    return Audit(
        accepted=None if sent is None else len(sent.accepted),
        rejected=None if sent is None else sent.rejected,
        processed=processed,
        dead=len(buried.keys() - both),
        retrying=len(absent & retrying),
        ready=waiting.ready,
        unacked=waiting.unacked,
        delayed=waiting.delayed,
        spooled=len(waiting.spooled),
        workers=waiting.workers,
        lost=lost,
        missing=tuple(sorted(absent)) if lost else (),
        doubled=_doubled(buried, both),
        unknown=tuple(sorted(unknown)),
        unreadable=() if sent is None else sent.unreadable,
    )


def _doubled(buried: dict[str, int], stored: set[str]) -> tuple[Doubled, ...]:
    return tuple(
        Doubled(event_id, event_id in stored, letters)
        for event_id, letters in sorted(buried.items())
        if letters + (event_id in stored) > 1
    )
