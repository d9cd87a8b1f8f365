from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from genesys_workbench.errors import PermanentError, SchemaMismatch, StoreUnavailable
from genesys_workbench.store import Recorded, Store

from ..old_schema import make_schema_1
from ..store_fakes import START, detail, facts_only, hammer, in_threads, second, snapshot, ticking
from ..test_store import SOURCES
from .postgres import PostgreSQL, private_postgresql


@pytest.fixture(scope="module")
def server() -> Iterator[PostgreSQL]:
    with private_postgresql() as running:
        yield running


@pytest.fixture
def store(server: PostgreSQL) -> Iterator[Store]:
    store = Store(server.url, clock=ticking())
    store.prepare()
    yield store
    empty(store)
    store.close()


def empty(store: Store) -> None:
    with store.database.connect() as connection:
        connection.execute(text("TRUNCATE events, participants, attempts, conversations"))
        connection.commit()


@contextmanager
def private_database(server: PostgreSQL, name: str) -> Iterator[str]:
    """Give an empty database of the server for as long as the block lasts."""
    engine = create_engine(
        server.url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.url.removesuffix("/postgres") + f"/{name}"
        connection.execute(text(f"DROP DATABASE {name}"))
    engine.dispose()


def test_an_event_is_recorded_once_and_comes_back_as_it_was(store: Store) -> None:
    event = detail("e1", subject="a\x00b\ud800", participantId="p1")
    assert store.record(event, received_at=START) == Recorded("processed", created=True)
    assert store.record(event) == Recorded("duplicate", created=False)
    assert store.record(detail("e1", c="c2")) == Recorded("conflict", created=False)

    kept = store.event("e1")
    assert kept is not None
    assert kept["source"] == event.source
    assert kept["deliveries"] == 2
    assert kept["occurredAt"] == kept["receivedAt"] == START
    assert kept["receivedAt"].utcoffset().total_seconds() == 0
    assert store.conversation("c2") is None
    assert store.known(["e1", "e2"]) == {"e1"}


def test_a_snapshot_fills_the_conversation_and_its_participants(store: Store) -> None:
    store.record(detail("e1"), conversation=snapshot(end=60), fetched_at=second(70))
    row = store.conversation("c1")

    assert row is not None
    assert (row["startedAt"], row["endedAt"], row["durationS"]) == (START, second(60), 60)
    assert row["raw"] == snapshot(end=60)
    assert row["participants"][0]["leftAt"] == second(60)
    assert store.snapshot_at("c1") == second(70)


def test_lists_counts_and_latencies_work(store: Store) -> None:
    store.record(detail("e1"), received_at=START)
    store.record(detail("e2", "acd.start", at=1))
    store.note_attempt(
        event_id="e3", conversation_id="c1", event_type="acw", attempt=1, outcome="dead"
    )

    assert [row["eventId"] for row in store.events()] == ["e3", "e2", "e1"]
    assert [row["eventId"] for row in store.events(since=second(1), limit=1)] == ["e3"]
    assert [row["status"] for row in store.events()] == ["dead", "processed", "processed"]
    assert [row["conversationId"] for row in store.conversations(since=START)] == ["c1"]
    assert store.counts() == {
        "events": 2,
        "conversations": 1,
        "duplicates": 0,
        "retrying": 0,
        "dead": 1,
    }
    assert store.latencies_ms(["e1", "e2"]) == [0]


def test_a_list_that_is_not_read_to_its_end_leaves_nothing_open(store: Store) -> None:
    for n in range(3):
        store.record(detail(f"e{n}", c=f"c{n}"))
    for rows in (store.events(), store.conversations()):
        next(rows)
        rows.close()  # type: ignore[attr-defined]

    assert store.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert store.record(detail("e9")).outcome == "processed"


@settings(max_examples=8, deadline=None)
@given(st.permutations(SOURCES))
def test_every_order_of_arrival_ends_in_the_same_row(server: PostgreSQL, order: list[Any]) -> None:
    rows = []
    store = Store(server.url, clock=lambda: START)
    store.prepare()
    for arrivals in (SOURCES, order):
        for event, body, fetched in arrivals:
            store.record(event, conversation=body or None, fetched_at=second(fetched))
        rows.append(facts_only(store.conversation("c1")))
        empty(store)
    store.close()

    assert rows[0] == rows[1]


def test_eight_threads_with_the_same_events_record_each_once(store: Store) -> None:
    results = hammer(store)

    assert sum(r.outcome == "processed" for r in results) == 5 * 6
    assert sum(r.outcome == "duplicate" for r in results) == 7 * 5 * 6
    assert sum(r.created for r in results) == 5
    assert [row["events"] for row in store.conversations()] == [6] * 5
    assert {row["deliveries"] for row in store.events()} == {8}


def test_many_may_prepare_at_once(server: PostgreSQL) -> None:
    with private_database(server, "fresh") as url:

        def prepare(_: int) -> None:
            store = Store(url)
            store.prepare()
            store.close()

        in_threads(prepare)
        store = Store(url)
        assert store.counts()["events"] == 0
        with store.database.connect() as connection:
            connection.execute(text("UPDATE meta SET value = '99'"))
            connection.commit()
        with pytest.raises(SchemaMismatch, match="newer"):
            store.prepare()
        store.close()


def test_an_older_database_is_brought_up_to_date_once_without_loss(server: PostgreSQL) -> None:
    with private_database(server, "old") as url:
        make_schema_1(url.replace("postgresql:", "postgresql+psycopg:"))

        def prepare(number: int) -> None:
            store = Store(url)
            store.prepare()
            store.record(detail(f"new-{number}"), runtime_s=0.5)
            store.close()

        in_threads(prepare)
        store = Store(url)
        assert store.counts() == {
            "events": 9,
            "conversations": 1,
            "duplicates": 1,
            "retrying": 0,
            "dead": 1,
        }
        assert (store.event("old") or {})["runtimeS"] is None
        store.note_attempt(
            event_id="e3",
            conversation_id="c1",
            event_type="acw",
            attempt=1,
            outcome="dead",
            runtime_s=0.25,
            traceback="tasks:1 run",
        )
        (attempt,) = (store.event("e3") or {})["attempts"]
        assert (attempt["runtimeS"], attempt["traceback"]) == (0.25, "tasks:1 run")
        assert [row["eventId"] for row in store.events(status="repeated")] == ["old"]
        store.close()


def test_a_database_without_tables_asks_to_be_prepared(server: PostgreSQL) -> None:
    with private_database(server, "bare") as url:
        store = Store(url)
        with pytest.raises(SchemaMismatch, match="prepare"):
            store.record(detail("e1"))
        store.close()


def test_what_postgresql_refuses_is_a_permanent_error(store: Store) -> None:
    with pytest.raises(PermanentError) as caught:
        store.record(detail("e1"), attempt=2**40)
    assert caught.value.reason == "schema"
    with pytest.raises(PermanentError):
        store.note_attempt(
            event_id="e\x00", conversation_id=None, event_type=None, attempt=1, outcome="dead"
        )
    assert store.counts()["events"] == 0


def with_setting(server: PostgreSQL, statement: str) -> Store:
    """Return a store whose one pooled connection has a setting of its own."""
    store = Store(server.url)
    with store.database.connect() as connection:
        connection.execute(text(statement))
        connection.commit()
    return store


@pytest.mark.parametrize("name", ["lock_timeout", "statement_timeout"])
def test_a_locked_table_is_unavailable(server: PostgreSQL, store: Store, name: str) -> None:
    other = with_setting(server, f"SET {name} = '50ms'")
    with store.database.connect() as blocker:
        blocker.execute(text("LOCK TABLE conversations IN SHARE MODE"))
        with pytest.raises(StoreUnavailable) as caught:
            other.record(detail("e1"))
    other.close()

    assert caught.value.reason == "sink_locked"


def test_a_read_only_session_is_unavailable_for_writing(server: PostgreSQL, store: Store) -> None:
    other = with_setting(server, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(StoreUnavailable) as caught:
        other.record(detail("e1"))
    other.close()

    assert caught.value.reason == "sink_readonly"
    assert store.known(["e1"]) == set()


def test_a_deadlock_is_worth_another_try(store: Store) -> None:
    for name in ("c1", "c2"):
        store.record(detail(name, c=name))
    steps = threading.Barrier(2)

    def cross(number: int) -> str:
        first, other = ("c1", "c2") if number == 0 else ("c2", "c1")
        touch = text("UPDATE conversations SET events = events WHERE conversation_id = :c")
        try:
            with store.database.connect() as connection:
                connection.execute(touch, {"c": first})
                steps.wait(10)
                connection.execute(touch, {"c": other})
        except StoreUnavailable as exc:
            return exc.reason
        return "done"

    assert sorted(in_threads(cross, 2)) == ["done", "sink_locked"]


def test_a_server_that_went_away_is_unreachable_and_its_return_is_noticed(
    server: PostgreSQL, store: Store
) -> None:
    store.record(detail("e1"))
    server.stop()
    try:
        with pytest.raises(StoreUnavailable) as caught:
            store.record(detail("e2"))
    finally:
        server.start()

    assert caught.value.reason == "sink_unreachable"
    assert server.password not in str(caught.value)
    assert store.record(detail("e2")).outcome == "processed"
    assert store.known(["e1", "e2"]) == {"e1", "e2"}


def test_a_connection_that_the_server_closed_is_replaced_without_a_failed_try(
    server: PostgreSQL, store: Store
) -> None:
    store.record(detail("e1"))
    other = Store(server.url)
    with other.database.connect() as connection:
        end_all = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        connection.execute(text(f"{end_all} WHERE pid != pg_backend_pid() AND datname IS NOT NULL"))
    other.close()

    assert store.record(detail("e2")).outcome == "processed"


def test_an_error_that_comes_with_the_commit_is_told_and_nothing_is_kept(store: Store) -> None:
    store.record(detail("e1"))
    with store.database.connect() as connection:
        connection.execute(text("ALTER TABLE conversations ADD CHECK (events < 2)"))
        connection.commit()
    with pytest.raises(PermanentError) as caught:
        store.record(detail("e2"))

    assert caught.value.reason == "schema"
    assert store.known(["e1", "e2"]) == {"e1"}
    assert store.record(detail("e3", c="c2")).outcome == "processed"


def test_a_wrong_password_is_unreachable_and_never_shown(server: PostgreSQL) -> None:
    store = Store(server.url.replace(server.password, "hunter2"))
    with pytest.raises(StoreUnavailable) as caught:
        store.prepare()
    store.close()

    assert caught.value.reason == "sink_unreachable"
    assert "hunter2" not in f"{caught.value}{caught.value.__cause__}{store!r}"
