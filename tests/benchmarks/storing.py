"""One day of a store of a year: `frames.from_store`, and the same query by hand."""

from __future__ import annotations

import gc
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pandas as pd
from sqlalchemy import create_engine, insert

from genesys_workbench import schema
from genesys_workbench.conversations import facts_of_conversation
from genesys_workbench.frames import from_store
from genesys_workbench.merging import conversation_columns, merge_facts
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.world import World
from genesys_workbench.store import Store
from tests.benchmarks.framing import tabulate
from tests.benchmarks.trial import Contestant, Goal, Scale, Trial

__all__ = ["trials"]

_SEED = 42
_DAYS = 365
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=200)
_WORK = (
    "One day of {count:,} conversations that began in a year, out of a SQLite store, becomes the "
    "five tables: facts from the columns, participants to metrics from the raw snapshots. By hand: "
    "pandas.read_sql over the same index, json.loads, plain loops. Only that day has snapshots, "
    "since those of a year would take 6 GB."
)
_SQL = """
SELECT * FROM conversations
WHERE started_at >= :since AND started_at < :until ORDER BY started_at, conversation_id
"""
_LISTS = "media_types queue_ids queue_names agent_ids wrap_up_codes division_ids".split()
_TIMES = ["started_at", "ended_at", "facts_at", "updated_at"]


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Fill the store and give the trial."""
    count = scale.of(1_000_000, 20_000)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'store.db'}"
        store = Store.prepared(url)
        try:
            _fill(store, count)
            contestants = {
                "from_store": _timed(lambda: _from_store(store)),
                "SQL + read_sql": _timed(lambda: _by_hand(url)),
            }
            goal = Goal("a day of a year", "from_store", "SQL + read_sql", "s", 1.2, at_most=True)
            yield [Trial(_WORK.format(count=count), contestants, (goal,))]
        finally:
            store.close()


def _timed(make: Callable[[], list[pd.DataFrame]]) -> Contestant:
    def work() -> dict[str, float]:
        gc.collect()
        start = time.perf_counter()
        tables = make()
        seconds = time.perf_counter() - start
        if any(table.empty for table in tables):
            raise AssertionError(f"rows of the tables: {[len(table) for table in tables]}")
        return {"s": seconds}

    return work


def _from_store(store: Store) -> list[pd.DataFrame]:
    made = from_store(store, since=_FIRST + _DAY, until=_FIRST + _DAY + timedelta(days=1))
    return [made.conversations, made.participants, made.sessions, made.segments, made.metrics]


def _by_hand(url: str) -> list[pd.DataFrame]:
    engine = create_engine(url)
    since = _FIRST + _DAY
    times = {"since": str(since)[:19], "until": str(since + timedelta(days=1))[:19]}
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        found = pd.read_sql(_SQL, raw, params=times)
    engine.dispose()
    for name in _TIMES:
        found[name] = pd.to_datetime(found[name], format="ISO8601", utc=True)
    for name in _LISTS:
        found[name] = found[name].map(json.loads)
    tables = tabulate(map(json.loads, found["raw"]))
    return [found.drop(columns=["raw", "merge_state"]), *tables[1:]]


def _fill(store: Store, count: int) -> None:
    told = _told(count // _DAYS)
    rows = (_row(told[n % len(told)], n, timedelta(days=_DAYS) / count) for n in range(count))
    with store.database.connect(writes=True) as connection:
        while part := list(islice(rows, 5_000)):
            connection.execute(insert(schema.conversations), part)
        connection.commit()


def _told(count: int) -> list[dict[str, Any]]:
    """Return the columns of a day's conversations."""
    told = []
    for one in World(_SEED, conversations=count).conversations:
        body = analytics_conversation(one, attributes=True)
        state: dict[str, Any] = {}
        merge_facts(state, facts_of_conversation(body), at=_FIRST)
        kept = {"raw": json.dumps(body), "merge_state": "{}", "events": 1, "updated_at": _FIRST}
        told.append(conversation_columns(state) | kept)
    return told


def _row(told: dict[str, Any], number: int, pace: timedelta) -> dict[str, Any]:
    started = _FIRST + number * pace
    length = timedelta(seconds=told["duration_s"] or 0)
    return told | {
        "conversation_id": str(UUID(int=random.Random(number).getrandbits(128))),
        "first_event_id": f"event-{number}",
        "started_at": started,
        "ended_at": started + length,
        "raw": told["raw"] if _DAY <= started - _FIRST < _DAY + timedelta(days=1) else None,
    }
