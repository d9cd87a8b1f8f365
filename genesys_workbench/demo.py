"""The demonstration: N events from the simulator to rows, and the proof that none was lost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from .errors import WorkbenchError
from .posting import readiness
from .queues import dead_letters
from .settings import hide_password
from .simulator.ledger import Ledger
from .workbench import Workbench

__all__ = ["DemoResult", "run_demo"]

# A broker may be away for a while; only when nothing at all moves for so long, it is over.
STALL_SECONDS = 90.0
LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The figures of a demonstration.

    Attributes:
        broker: ``rabbitmq`` or ``memory``.
        sent: Deliveries made by the simulator, repetitions included.
        accepted: Those answered 2xx.
        rejected: Those given up after all redeliveries.
        published: Accepted ones that reached the broker.
        processed: Distinct events in the store.
        duplicates: Accepted deliveries that repeated another one, absorbed.
        dead: Distinct events in the dead letters.
        lost: Distinct accepted events that are in neither.
        p50_ms: Median from acceptance to the committed row.
        p95_ms: The 95th percentile of the same.
        database: Where the rows are, without a password.
        by_channel: Distinct processed events by media type.
    """

    broker: str
    sent: int
    accepted: int
    rejected: int
    published: int
    processed: int
    duplicates: int
    dead: int
    lost: int
    p50_ms: float | None
    p95_ms: float | None
    database: str
    by_channel: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``demo --json`` prints."""
        fields = asdict(self)
        fields.pop("by_channel")
        return fields


def run_demo(
    bench: Workbench,
    *,
    events: int,
    rate: float | None,
    salt: str,
    on_progress: Callable[[str, int, int], None] = lambda *_: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> DemoResult:
    """Let the simulator deliver events to an open workbench and wait until all are processed.

    Args:
        bench: Open, with a simulator.
        events: Distinct events.
        rate: Events per second; None for as fast as the receiver answers.
        salt: Makes the events of this run distinct from those of others in the same store.
        on_progress: Called with (``delivered`` or ``processed``, count, of how many).
        clock: Monotonic seconds.
        sleep: Waits between two looks.
    """
    if bench.simulator is None:
        raise WorkbenchError(
            "The demonstration needs the simulator, but credentials of an organisation are set.",
            fix="unset GENESYS_CLOUD_CLIENT_ID and GENESYS_CLOUD_API_URL for this command",
        )
    bench.register()
    ledger = bench.simulator.deliver(
        events,
        rate=rate,
        envelope="mixed",
        duplicates=0.05,
        disorder=0.1,
        redeliver=8,
        salt=salt,
        on_progress=lambda counts: on_progress("delivered", counts["accepted"], events),
    )
    wanted = {entry.event_id for entry in ledger if entry.accepted and entry.event_id}
    done, dead = _wait(bench, wanted, on_progress, clock, sleep)
    return _result(bench, ledger, wanted, done, dead)


def _wait(
    bench: Workbench,
    wanted: set[str],
    on_progress: Callable[[str, int, int], None],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> tuple[set[str], set[str]]:
    done: set[str] = set()
    dead: set[str] = set()
    moved = clock()
    while True:
        new = bench.store.known(wanted - done)
        buried = {row["eventId"] for row in bench.store.events(status="dead")} & wanted - done
        if new or buried != dead:
            moved = clock()
        done |= new
        dead = buried - done
        on_progress("processed", len(done), len(wanted))
        if done | dead >= wanted or clock() - moved > STALL_SECONDS:
            return done, dead
        sleep(LOOK_EVERY)


def _result(
    bench: Workbench, ledger: Ledger, wanted: set[str], done: set[str], dead: set[str]
) -> DemoResult:
    if dead or wanted - done:  # what the broker itself has dead-lettered is not in the store
        letters = dead_letters(str(bench.settings.broker_url.get_secret_value()))  # type: ignore[union-attr]
        dead = {letter.event_id for letter in letters if letter.event_id} & wanted - done
    latencies = sorted(bench.store.latencies_ms(done))
    return DemoResult(
        broker="memory" if bench.broker.kind == "memory" else "rabbitmq",
        sent=ledger.sent,
        accepted=ledger.accepted,
        rejected=ledger.rejected,
        published=ledger.accepted - _spooled(bench),
        processed=len(done),
        duplicates=ledger.accepted - len(wanted),
        dead=len(dead),
        lost=len(wanted - done - dead),
        p50_ms=_percentile(latencies, 0.50),
        p95_ms=_percentile(latencies, 0.95),
        database=hide_password(bench.settings.store_url),
        by_channel=_by_channel(bench, done),
    )


def _spooled(bench: Workbench) -> int:
    return int(readiness(bench.settings, str(bench.receiver.url))["spooled"])


def _by_channel(bench: Workbench, done: Iterable[str]) -> dict[str, int]:
    wanted = set(done)
    rows = bench.store.events(limit=None)
    counts = Counter(row["mediaType"] for row in rows if row["eventId"] in wanted)
    return dict(counts.most_common())


def _percentile(ordered: list[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
