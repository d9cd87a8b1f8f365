from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import exc

from genesys_workbench.conversations import facts_of_conversation, facts_of_event
from genesys_workbench.database import Database, mapped_errors
from genesys_workbench.errors import (
    PermanentError,
    SchemaMismatch,
    SettingsError,
    StoreError,
    StoreUnavailable,
)
from genesys_workbench.events import parse_event
from genesys_workbench.merging import conversation_columns, merge_facts, participant_columns
from genesys_workbench.store import Recorded, Store

from .store_fakes import (
    CONTACT,
    START,
    detail,
    facts_only,
    hammer,
    in_threads,
    iso,
    second,
    snapshot,
    ticking,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{path}", clock=ticking(), busy_timeout=5)
    store.prepare()
    yield store
    store.close()


def test_a_new_event_is_processed_and_creates_its_conversation(store: Store) -> None:
    assert store.record(detail("e1"), received_at=START) == Recorded("processed", created=True)
    assert store.record(detail("e2", at=1)) == Recorded("processed", created=False)

    event = store.event("e1")
    assert event is not None
    assert event["conversationId"] == "c1"
    assert event["eventType"] == "customer.start"
    assert event["mediaType"] == "voice"
    assert event["direction"] == "inbound"
    assert event["status"] == "processed"
    assert event["occurredAt"] == event["receivedAt"] == START
    assert event["created"] is True
    assert event["source"] == detail("e1").source
    assert [one["outcome"] for one in event["attempts"]] == ["processed"]


def test_times_come_back_as_aware_utc(store: Store) -> None:
    store.record(detail("e1"), received_at=datetime.fromisoformat("2026-03-02T12:00:00+02:00"))
    row = next(store.events())

    assert row["receivedAt"] == START
    assert row["receivedAt"].utcoffset().total_seconds() == 0


def test_a_time_without_a_zone_is_a_mistake_of_the_caller(store: Store) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        store.record(detail("e1"), received_at=datetime(2026, 3, 2))
    with pytest.raises(exc.StatementError, match="without a zone"):
        list(store.events(since=datetime(2026, 3, 2)))


def test_a_second_delivery_is_counted_and_changes_nothing_else(store: Store) -> None:
    store.record(detail("e1"))
    before = store.conversation("c1")

    assert store.record(detail("e1")) == Recorded("duplicate", created=False)
    assert next(store.events())["deliveries"] == 2
    assert store.conversation("c1") == before


def test_the_same_id_with_another_body_is_a_conflict_and_leaves_no_trace(store: Store) -> None:
    store.record(detail("e1"))
    before = store.event("e1")

    assert store.record(detail("e1", c="c2")) == Recorded("conflict", created=False)
    assert store.event("e1") == before
    assert store.conversation("c2") is None


def test_the_order_of_keys_in_a_body_makes_no_other_body(store: Store) -> None:
    body = {"eventId": "e1", "conversationId": "c1", "timestamp": iso(0)}
    store.record(parse_event(body))

    assert store.record(parse_event(dict(reversed(body.items())))).outcome == "duplicate"


def test_a_snapshot_fills_the_conversation_and_its_participants(store: Store) -> None:
    store.record(detail("e1"), conversation=snapshot(end=60), fetched_at=second(70))
    row = store.conversation("c1")

    assert row is not None
    assert (row["startedAt"], row["endedAt"], row["durationS"]) == (START, second(60), 60)
    assert row["mediaTypes"] == ["voice"]
    assert row["customerName"] == "Imogen Sample"
    assert row["disconnectType"] == "peer"
    assert row["factsAt"] == store.snapshot_at("c1") == second(70)
    assert row["raw"] == snapshot(end=60)
    assert row["events"] == 1
    assert [person["participantId"] for person in row["participants"]] == ["p1"]
    assert row["participants"][0]["leftAt"] == second(60)
    assert "mergeState" not in row


def test_an_older_snapshot_that_comes_late_overwrites_nothing(store: Store) -> None:
    store.record(detail("e1"), conversation=snapshot(end=60), fetched_at=second(70))
    store.record(detail("e2"), conversation=snapshot(name="old"), fetched_at=second(5))
    row = store.conversation("c1")

    assert row is not None
    assert (row["endedAt"], row["factsAt"]) == (second(60), second(70))
    assert "name" not in row["raw"]


def test_a_replayed_event_brings_its_newer_snapshot_along(store: Store) -> None:
    store.record(detail("e1"), conversation=snapshot(), fetched_at=second(5))
    again = store.record(detail("e1"), conversation=snapshot(end=60), fetched_at=second(70))
    row = store.conversation("c1")

    assert again.outcome == "duplicate"
    assert row is not None
    assert (row["endedAt"], row["events"]) == (second(60), 1)


def test_what_is_no_conversation_or_another_one_is_refused(store: Store) -> None:
    for body in ({"hello": 1}, snapshot(c="c9")):
        with pytest.raises(PermanentError) as caught:
            store.record(detail("e1"), conversation=body)
        assert caught.value.reason == "schema"
    assert store.counts()["events"] == 0


SOURCES: list[tuple[Any, Any, float]] = [
    (detail("a", at=0, ani="tel:+12025550143", participantId="p1"), None, 0),
    (detail("b", "acd.start", at=2, queueId="q1", participantId="p2"), None, 0),
    (detail("c", "acd.end", at=4, queueId="q1", acdOutcome="ANSWERED", answeredUserId="u1"), 0, 0),
    (detail("d", "contact", at=5, externalContactId=CONTACT), None, 0),
    (detail("e", "user.end", at=9, userId="u2", interactingDurationMs=5, queueId="q2"), None, 0),
    (detail("f", "customer.end", at=9, disconnectType="CLIENT", participantId="p1"), None, 0),
    (detail("g", at=1, mediaType="MESSAGE", messageType="SMS", direction="OUTBOUND"), None, 0),
    (detail("h", "wrapup", at=12, wrapupCode="w1"), snapshot(), 3),
    (detail("i", "acw", at=13, wrapupCode="w2", userId="u1"), snapshot(end=9, name="x"), 14),
    (detail("j", "acw", at=13, wrapupCode="w3", userId="u1"), snapshot(end=8, name="y"), 14),
    (parse_event({"conversationId": "c1", "timestamp": iso(-1)}), None, 0),
    (parse_event({"topicName": "v2.users.u.conversations", "eventBody": snapshot()}), None, 0),
]


def merged(order: list[int]) -> tuple[dict[str, Any], list[Any]]:
    state: dict[str, Any] = {}
    for index in order:
        event, body, fetched = SOURCES[index]
        merge_facts(state, facts_of_event(event), at=event.occurred_at or second(0))
        if body:
            merge_facts(state, facts_of_conversation(body), at=second(fetched))
        state = json.loads(json.dumps(state))
    people = sorted(state["participants"])
    return conversation_columns(state), [participant_columns(state, one) for one in people]


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(len(SOURCES))), st.lists(st.sampled_from(range(len(SOURCES)))))
def test_every_order_and_repetition_of_facts_ends_in_the_same_state(
    order: list[int], repeated: list[int]
) -> None:
    assert merged(order + repeated) == merged(list(range(len(SOURCES))))


@settings(max_examples=8, deadline=None)
@given(st.permutations(SOURCES))
def test_every_order_of_arrival_ends_in_the_same_row(
    tmp_path_factory: pytest.TempPathFactory, order: list[Any]
) -> None:
    rows = []
    for number, arrivals in enumerate((SOURCES, order)):
        folder = tmp_path_factory.mktemp("order")
        store = Store(f"sqlite:///{folder / str(number)}.db", clock=lambda: START)
        store.prepare()
        for event, body, fetched in arrivals:
            store.record(event, conversation=body or None, fetched_at=second(fetched))
        rows.append(facts_only(store.conversation("c1")))
        store.close()

    assert rows[0] == rows[1]


def test_the_merged_facts_are_the_right_ones() -> None:
    row, people = merged(list(range(len(SOURCES))))

    assert row["started_at"] == second(-1)
    assert row["direction"] == "inbound", "the snapshot's, not that of a later session"
    assert row["message_type"] == "sms"
    assert json.loads(row["media_types"]) == ["voice", "message"]
    assert json.loads(row["queue_ids"]) == ["q1", "q2"]
    assert json.loads(row["agent_ids"]) == ["u1", "u2"]
    assert json.loads(row["wrap_up_codes"]) == ["w1", "w2", "w3"]
    assert row["customer_key"] == row["external_contact_id"] == CONTACT
    assert row["abandoned"] is False
    assert row["facts_at"] == second(14)
    assert {person["purpose"] for person in people} == {"customer", "acd"}


def test_a_contact_is_the_key_even_where_a_later_event_knows_the_number_only() -> None:
    state: dict[str, Any] = {}
    for event in (
        detail("a", "contact", at=1, externalContactId=CONTACT),
        detail("b", at=5, ani="tel:+12025550143"),
    ):
        merge_facts(state, facts_of_event(event), at=event.occurred_at or START)

    assert conversation_columns(state)["customer_key"] == CONTACT


def test_without_a_snapshot_the_oldest_event_tells_the_direction() -> None:
    state: dict[str, Any] = {}
    for event in (
        detail("b", at=5, direction="OUTBOUND"),
        detail("a", at=1, direction="INBOUND"),
        detail("c", at=9, direction="OUTBOUND"),
    ):
        merge_facts(state, facts_of_event(event), at=event.occurred_at or START)

    assert conversation_columns(state)["direction"] == "inbound"


def test_the_end_that_a_snapshot_tells_stands_against_a_later_event() -> None:
    state: dict[str, Any] = {}
    merge_facts(state, facts_of_conversation(snapshot(end=60)), at=second(70))
    late = detail("e", "customer.end", at=80)
    merge_facts(state, facts_of_event(late), at=second(80))

    assert conversation_columns(state)["ended_at"] == second(60)


def test_events_are_listed_newest_first_with_filters(store: Store) -> None:
    for n in range(6):
        store.record(detail(f"e{n}", ("acd.start", "acd.end")[n % 2], at=n, c=f"c{n // 2}"))

    def ids(**filters: Any) -> list[str]:
        return [row["eventId"] for row in store.events(**filters)]

    assert ids() == ["e5", "e4", "e3", "e2", "e1", "e0"]
    assert ids(limit=2) == ["e5", "e4"]
    assert ids(newest_first=False, limit=2) == ["e0", "e1"]
    assert ids(conversation_id="c1") == ["e3", "e2"]
    assert ids(event_type="acd.end") == ["e5", "e3", "e1"]
    assert ids(since=second(4)) == ["e5", "e4"]


def note(store: Store, event_id: str, outcome: str, attempt: int = 1, **more: Any) -> None:
    store.note_attempt(
        event_id=event_id,
        conversation_id="c1",
        event_type="customer.start",
        attempt=attempt,
        outcome=outcome,
        **more,
    )


def test_an_event_that_failed_so_far_is_listed_as_retrying_or_dead(store: Store) -> None:
    store.record(detail("done"))
    note(store, "again", "retry", reason="rate_limited")
    note(store, "lost", "retry")
    note(store, "lost", "dead", 2, reason="schema")

    rows = {row["eventId"]: row for row in store.events()}
    assert [row["eventId"] for row in store.events()] == ["lost", "again", "done"]
    assert {name: row["status"] for name, row in rows.items()} == {
        "done": "processed",
        "again": "retrying",
        "lost": "dead",
    }
    assert (rows["lost"]["attempts"], rows["lost"]["reason"]) == (2, "schema")
    assert rows["done"].keys() == rows["lost"].keys()
    assert [row["eventId"] for row in store.events(status="dead")] == ["lost"]
    assert [row["eventId"] for row in store.events(status="retrying")] == ["again"]
    assert [row["eventId"] for row in store.events(status="processed")] == ["done"]
    assert store.counts() == {
        "events": 1,
        "conversations": 1,
        "duplicates": 0,
        "retrying": 1,
        "dead": 1,
    }


def test_a_dead_event_that_is_replayed_becomes_processed_and_keeps_its_history(
    store: Store,
) -> None:
    note(store, "e1", "retry", 1, reason="not_found", error="no such conversation")
    note(store, "e1", "dead", 2, reason="not_found")
    assert (store.event("e1") or {})["source"] is None
    store.record(detail("e1"))

    event = store.event("e1")
    assert event is not None
    assert event["status"] == "processed"
    assert [one["outcome"] for one in event["attempts"]] == ["retry", "dead", "processed"]
    assert event["attempts"][0]["error"] == "no such conversation"
    assert next(store.events())["attempts"] == 3


def test_the_error_of_an_attempt_is_scrubbed_and_cut(store: Store) -> None:
    note(store, "e1", "dead", error="client_secret=hunter2 \x00 " + "x" * 5000)
    event = store.event("e1")

    assert event is not None
    error = event["attempts"][0]["error"]
    assert "hunter2" not in error
    assert "\x00" not in error
    assert len(error) == 2000


def test_the_runtime_of_each_try_is_kept(store: Store) -> None:
    note(store, "e1", "retry", runtime_s=0.25, traceback="tasks:1 run")
    store.record(detail("e1"), attempt=2, runtime_s=0.5)
    store.record(detail("e1"), attempt=1, runtime_s=9.0)
    event = store.event("e1")

    assert event is not None
    assert event["runtimeS"] == 0.5, "a duplicate changes nothing"
    assert [one["runtimeS"] for one in event["attempts"]] == [0.25, 0.5]
    assert [one["traceback"] for one in event["attempts"]] == ["tasks:1 run", ""]
    assert next(store.events())["runtimeS"] == 0.5


def test_a_traceback_is_scrubbed_and_its_end_is_kept(store: Store) -> None:
    note(store, "e1", "dead", traceback="x" * 5000 + " client_secret=hunter2 the error")
    event = store.event("e1")

    assert event is not None
    told = event["attempts"][0]["traceback"]
    assert told.endswith("the error")
    assert "hunter2" not in told
    assert len(told) == 4000


def test_a_list_tells_the_time_runtime_and_error_of_the_latest_try(store: Store) -> None:
    note(store, "e1", "retry", 1, error="first", runtime_s=0.1)
    note(store, "e1", "dead", 2, error="second", runtime_s=0.2)
    (row,) = store.events()

    assert (row["error"], row["runtimeS"], row["at"]) == ("second", 0.2, second(1))


def test_events_that_came_more_than_once_can_be_listed_alone(store: Store) -> None:
    for event_id in ("once", "twice", "twice"):
        store.record(detail(event_id))

    assert [row["eventId"] for row in store.events(status="repeated")] == ["twice"]
    assert len(list(store.events())) == 2


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.event("nothing") is None
    assert store.conversation("nothing") is None
    assert store.snapshot_at("nothing") is None


def test_conversations_are_listed_by_their_start(store: Store) -> None:
    for n in range(3):
        store.record(detail(f"e{n}", at=n * 60, c=f"c{n}"), conversation=None)
    store.record(detail("e3", "attributes", c="c3"))

    def ids(**filters: Any) -> list[str]:
        return [row["conversationId"] for row in store.conversations(**filters)]

    assert ids() == ["c2", "c1", "c0", "c3"]
    assert ids(newest_first=False) == ["c0", "c1", "c2", "c3"]
    assert ids(limit=1) == ["c2"]
    assert ids(since=second(60)) == ["c2", "c1"]
    assert ids(until=second(60)) == ["c0"]


def test_raw_snapshots_are_listed_only_when_asked_for(store: Store) -> None:
    store.record(detail("e1"), conversation=snapshot())

    assert "raw" not in next(store.conversations())
    assert next(store.conversations(with_raw=True))["raw"] == snapshot()


def test_known_ids_are_found_in_any_number(store: Store) -> None:
    store.record(detail("e7"))
    store.record(detail("e1100"))

    assert store.known(f"e{n}" for n in range(1200)) == {"e7", "e1100"}
    assert store.known([]) == set()


def test_latencies_run_from_receipt_to_record(path: Path) -> None:
    store = Store(f"sqlite:///{path}", clock=lambda: second(2.5))
    store.prepare()
    store.record(detail("e1"), received_at=second(1))
    store.record(detail("e2"))

    assert store.latencies_ms(["e1", "e2", "nothing"]) == [1500]
    store.close()


def test_a_list_that_is_not_read_to_its_end_blocks_no_writer(store: Store) -> None:
    for n in range(3):
        store.record(detail(f"e{n}"))
    rows = store.events()
    next(rows)

    assert store.record(detail("e9")).outcome == "processed"
    rows.close()  # type: ignore[attr-defined]


def test_history_survives_a_restart(store: Store, path: Path) -> None:
    store.record(detail("e1"))
    store.close()
    again = Store(f"sqlite:///{path}")
    again.prepare()

    assert [row["eventId"] for row in again.events()] == ["e1"]
    again.close()


def test_a_closed_store_opens_anew(store: Store) -> None:
    store.close()

    assert store.record(detail("e1")).created is True


def test_commits_are_durable_and_readers_do_not_wait(store: Store, path: Path) -> None:
    with store.database.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


def test_eight_threads_with_the_same_events_record_each_once(store: Store) -> None:
    results = hammer(store)

    assert sum(r.outcome == "processed" for r in results) == 5 * 6
    assert sum(r.outcome == "duplicate" for r in results) == 7 * 5 * 6
    assert sum(r.created for r in results) == 5
    assert [row["events"] for row in store.conversations()] == [6] * 5
    assert {row["deliveries"] for row in store.events()} == {8}
    assert sum(row["created"] for row in store.events()) == 5


def _record_range(url: str, barrier: Any, results: Any) -> None:
    store = Store(url)
    barrier.wait(30)
    store.prepare()
    results.put([store.record(detail(f"e{n}", at=n)) for n in range(20)])
    store.close()


def test_two_processes_prepare_and_record_at_once(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(2), spawn.Queue()
    url = f"sqlite:///{path}"
    processes = [spawn.Process(target=_record_range, args=(url, barrier, results)) for _ in "ab"]
    for process in processes:
        process.start()
    found = [recorded for _ in processes for recorded in results.get(timeout=60)]
    for process in processes:
        process.join(30)

    assert [process.exitcode for process in processes] == [0, 0]
    assert sum(r.outcome == "processed" for r in found) == 20
    assert sum(r.created for r in found) == 1


def test_many_threads_prepare_a_new_file_at_once(path: Path) -> None:
    def prepare(_: int) -> None:
        store = Store(f"sqlite:///{path}")
        store.prepare()
        store.close()

    in_threads(prepare)
    store = Store(f"sqlite:///{path}")
    assert store.counts()["events"] == 0
    store.close()


def test_preparing_waits_for_another_process_that_prepares(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        other.rollback()

    database = Database(f"sqlite:///{path}", busy_timeout=0.05, sleep=sleep)
    database.use_wal()
    database.close()

    assert pauses == [0.01]
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()


def test_preparing_does_not_wait_for_ever(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    database = Database(f"sqlite:///{path}", busy_timeout=0.02, sleep=lambda _: None)
    with pytest.raises(StoreUnavailable) as caught:
        database.use_wal()
    database.close()
    other.close()

    assert caught.value.reason == "sink_locked"


class FromPostgreSQL(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("row (hunter2) is bad")
        self.sqlstate = sqlstate


class FromSQLite(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE


@pytest.mark.parametrize(
    ("kind", "cause", "wanted", "reason"),
    [
        (exc.OperationalError, FromPostgreSQL("40P01"), StoreUnavailable, "sink_locked"),
        (exc.OperationalError, FromPostgreSQL("40001"), StoreUnavailable, "sink_locked"),
        (exc.OperationalError, FromPostgreSQL("53100"), StoreUnavailable, "sink_full"),
        (exc.InternalError, FromPostgreSQL("25006"), StoreUnavailable, "sink_readonly"),
        (exc.OperationalError, FromPostgreSQL("57P01"), StoreUnavailable, "sink_unreachable"),
        (exc.OperationalError, FromPostgreSQL(None), StoreUnavailable, "sink_unreachable"),
        (exc.ProgrammingError, FromPostgreSQL("42P01"), SchemaMismatch, "sink_schema"),
        (exc.ProgrammingError, FromPostgreSQL("42601"), StoreError, "sink"),
        (exc.DataError, FromPostgreSQL("22021"), PermanentError, "schema"),
        (exc.OperationalError, FromSQLite("disk I/O error"), StoreUnavailable, "sink_full"),
    ],
)
def test_errors_of_the_driver_get_a_reason_and_quote_no_data(
    kind: type[exc.DBAPIError], cause: Exception, wanted: type[Exception], reason: str
) -> None:
    with pytest.raises(wanted) as caught, mapped_errors():
        raise kind("SELECT 1", {}, cause)

    assert getattr(caught.value, "reason", None) == reason
    assert "hunter2" not in str(caught.value)


class OperationalError(FromPostgreSQL):
    """As a driver raises it."""


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        (OperationalError("55P03"), "sink_locked"),
        (OperationalError("53100"), "sink_full"),
        (OperationalError(None), "sink_unreachable"),
        (FromSQLite("disk I/O error"), "sink_full"),
        (sqlite3.OperationalError("unable to open database file"), "sink_unreachable"),
    ],
)
def test_errors_that_come_from_the_driver_itself_get_the_same_reasons(
    cause: Exception, reason: str
) -> None:
    driver = sqlite3.Error if isinstance(cause, sqlite3.Error) else FromPostgreSQL
    with pytest.raises(StoreUnavailable) as caught, mapped_errors(driver):
        raise cause

    assert caught.value.reason == reason
    assert "hunter2" not in str(caught.value)


def test_no_free_connection_in_time_counts_as_locked() -> None:
    with pytest.raises(StoreUnavailable) as caught, mapped_errors():
        raise exc.TimeoutError("QueuePool limit")

    assert caught.value.reason == "sink_locked"


def test_a_child_process_gets_connections_of_its_own(store: Store) -> None:
    store.record(detail("parent"))
    engine = store.database.engine
    child = os.fork()
    if child == 0:
        good = (
            store.database.engine is not engine and store.record(detail("child")).created is False
        )
        os._exit(0 if good else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert store.known(["parent", "child"]) == {"parent", "child"}
    assert store.database.engine is engine


def test_a_locked_database_is_unavailable_after_the_busy_timeout(store: Store, path: Path) -> None:
    other = Store(f"sqlite:///{path}", busy_timeout=0.05)
    with sqlite3.connect(path) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable) as caught:
            other.record(detail("e1"))
    blocker.close()
    other.close()

    assert caught.value.reason == "sink_locked"
    assert store.counts()["events"] == 0


def test_a_writer_waits_for_another_in_steps_shorter_than_its_transaction(
    store: Store, path: Path
) -> None:
    blocker = sqlite3.connect(path)
    blocker.execute("BEGIN IMMEDIATE")
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            blocker.rollback()

    database = Database(f"sqlite:///{path}", sleep=sleep)
    with database.transaction() as transaction:
        transaction.commit()
    (patience,) = database.engine.raw_connection().cursor().execute("PRAGMA busy_timeout")
    database.close()
    blocker.close()

    assert len(pauses) == 3
    assert max(pauses) < 0.001
    assert patience == (5000,)


def test_what_failed_holds_no_lock_while_its_traceback_is_kept(store: Store, path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        store.record(detail("e1"), attempt=2**70)
    other = Store(f"sqlite:///{path}", busy_timeout=0.05)

    assert other.record(detail("e2")).outcome == "processed"
    assert caught.tb
    other.close()


def test_a_full_database_is_unavailable_and_keeps_what_it_has(store: Store) -> None:
    store.record(detail("e1"))

    @sqlalchemy_event.listens_for(store.database.engine, "connect")
    def limit(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")

    store.database.engine.dispose()
    with pytest.raises(StoreUnavailable) as caught:
        store.record(detail("more", note="x" * 200_000))

    assert caught.value.reason == "sink_full"
    assert "e1" in store.known(["e1"])


def test_a_read_only_database_is_unavailable_for_writing_and_readable(
    store: Store, path: Path
) -> None:
    store.record(detail("e1"))
    reader = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(StoreUnavailable) as caught:
        reader.record(detail("e2"))

    assert caught.value.reason == "sink_readonly"
    assert reader.known(["e1", "e2"]) == {"e1"}
    reader.close()


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailable) as caught:
        Store(f"sqlite:///{tmp_path}/file/store.db").prepare()

    assert caught.value.reason == "sink_readonly"


def test_a_file_that_cannot_be_opened_is_unreachable(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/nowhere/store.db")
    with pytest.raises(StoreUnavailable) as caught:
        store.counts()

    assert caught.value.reason == "sink_unreachable"


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("This is not a database. " * 100)
    store = Store(f"sqlite:///{tmp_path}/store.db")
    with pytest.raises(StoreError, match="no SQLite database"):
        store.prepare()
    store.close()


def test_a_damaged_file_is_said_while_reading_too(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("This is not a database. " * 100)
    store = Store(f"sqlite:///{tmp_path}/store.db")
    with pytest.raises(StoreError, match="no SQLite database"):
        store.counts()
    store.close()


def test_a_database_without_tables_asks_to_be_prepared(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/store.db")
    with pytest.raises(SchemaMismatch, match="prepare"):
        store.record(detail("e1"))
    store.close()


@pytest.mark.parametrize(("version", "words"), [("0", "older"), ("99", "newer"), ("x", "not this")])
def test_another_schema_version_is_refused_with_the_fix(
    store: Store, path: Path, version: str, words: str
) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ?", (version,))
    connection.close()
    with pytest.raises(SchemaMismatch, match=words) as caught:
        store.prepare()

    assert caught.value.fix


def test_somebody_elses_tables_are_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE events (x)")
    connection.close()
    store = Store(f"sqlite:///{path}")
    with pytest.raises(SchemaMismatch, match="not this program's"):
        store.prepare()
    store.close()


def test_what_no_database_can_hold_is_a_permanent_error(store: Store) -> None:
    with pytest.raises(PermanentError) as caught:
        store.record(detail("e1"), attempt=2**70)
    assert caught.value.reason == "schema"
    with pytest.raises(PermanentError):
        store.note_attempt(
            event_id="e\ud800", conversation_id=None, event_type=None, attempt=1, outcome="dead"
        )
    assert store.counts()["events"] == 0


def test_nul_characters_and_lone_surrogates_in_a_body_are_kept_verbatim(store: Store) -> None:
    event = detail("e1", subject="a\x00b\ud800")
    store.record(event)

    assert (store.event("e1") or {})["source"] == event.source


@pytest.mark.parametrize(
    "url", ["", "mysql://u:hunter2@h/db", "sqlite://", "sqlite:///:memory:", "no url with hunter2"]
)
def test_another_database_or_a_malformed_url_is_a_settings_error(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Store(url)

    assert "hunter2" not in str(caught.value)
    assert "WORKBENCH_DATABASE_URL" in caught.value.fix


def test_the_repr_names_the_place_but_no_password() -> None:
    text = repr(Store("postgresql://bench:hunter2@db.example.com/bench?password=hunter2"))

    assert "db.example.com" in text
    assert "hunter2" not in text
