"""Tables of an older version are brought up to date, without loss, by whoever comes first."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from genesys_workbench import preparing
from genesys_workbench.errors import StoreError
from genesys_workbench.schema import SCHEMA_VERSION
from genesys_workbench.store import Store

from .old_schema import make_schema_1
from .store_fakes import detail, in_threads


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    make_schema_1(f"sqlite:///{path}")
    return path


def shape(path: Path) -> tuple[dict[str, set[str]], set[str]]:
    """Return the columns of each table, and the names of the indexes."""
    with sqlite3.connect(path) as connection:
        tables = ("events", "attempts")
        columns = {
            table: {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
            for table in tables
        }
        named = "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'ix_%'"
        indexes = {row[0] for row in connection.execute(named)}
    connection.close()
    return columns, indexes


def version(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        (value,) = connection.execute("SELECT value FROM meta").fetchone()
    connection.close()
    return str(value)


def test_an_older_database_is_brought_up_to_date_without_loss(old: Path) -> None:
    store = Store(f"sqlite:///{old}")
    store.prepare()
    rows = {row["eventId"]: row for row in store.events()}
    event, lost = store.event("old"), store.event("lost")
    store.close()

    assert version(old) == str(SCHEMA_VERSION)
    assert {name: row["status"] for name, row in rows.items()} == {
        "old": "processed",
        "lost": "dead",
    }
    assert rows["old"]["deliveries"] == 2
    assert rows["old"]["runtimeS"] is None
    assert event is not None
    assert event["attempts"][0]["runtimeS"] is None
    assert lost is not None
    assert (lost["attempts"][0]["error"], lost["attempts"][0]["traceback"]) == ("why", "")


def test_the_tables_are_then_those_of_a_new_database(old: Path, tmp_path: Path) -> None:
    for path in (old, tmp_path / "new.db"):
        store = Store(f"sqlite:///{path}")
        store.prepare()
        store.close()

    assert shape(old) == shape(tmp_path / "new.db")


def test_many_may_bring_it_up_to_date_at_once(old: Path) -> None:
    def prepare(number: int) -> None:
        store = Store(f"sqlite:///{old}")
        store.prepare()
        store.record(detail(f"new-{number}"), runtime_s=0.5)
        store.close()

    in_threads(prepare)
    store = Store(f"sqlite:///{old}")
    counts = store.counts()
    store.close()

    assert counts["events"] == 9
    assert counts["duplicates"] == 1


def test_a_step_that_fails_leaves_the_database_as_it_was(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (*preparing._STEPS[2][:2], "ALTER TABLE nothing ADD COLUMN x TEXT")
    monkeypatch.setitem(preparing._STEPS, 2, steps)
    before = shape(old)
    store = Store(f"sqlite:///{old}")
    with pytest.raises(StoreError):
        store.prepare()
    store.close()

    assert shape(old) == before
    assert version(old) == "1"
