"""The audit: ledger, store, spool and queues agree, or it says by name what does not."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genesys_workbench import audit as audit_module
from genesys_workbench import memory, waiting
from genesys_workbench.audit import FRESH_AFTER, Auditor, Doubled
from genesys_workbench.cli import audit as command
from genesys_workbench.dead import dead_message
from genesys_workbench.errors import BrokerUnreachable, SpoolError
from genesys_workbench.events import digest
from genesys_workbench.ledgers import Sent, Unreadable, read_ledger
from genesys_workbench.management import QueueFigures
from genesys_workbench.messages import QUEUE, decode, encode
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.spool import Spool
from genesys_workbench.store import Store
from genesys_workbench.waiting import Waiting
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures
from tests.store_fakes import detail

NOW = datetime(2026, 3, 4, tzinfo=UTC)
NOWHERE = Waiting(frozenset(), 0, 0, None, None, (), {})


class Bench:
    """A store, an embedded broker and a spool, and where an event may be put."""

    def __init__(self) -> None:
        self.settings = load_settings()
        self.store = Store(self.settings.store_url)
        self.store.prepare()
        self.publisher = memory.MemoryPublisher()
        self.auditor = Auditor(self.store, memory.URL, spool=self.settings.spool_file)

    def stored(self, *ids: str) -> None:
        for each in ids:
            self.store.record(detail(each))

    def queued(self, *ids: str) -> None:
        for each in ids:
            self.publisher.publish(encode(detail(each), received_at=NOW))

    def spooled(self, *ids: str) -> None:
        spool = Spool(self.settings.spool_file, max_events=10)
        events = [detail(each) for each in ids]
        spool.add(
            [(encode(each, received_at=NOW), digest(each.source)) for each in events]
        ).result()
        spool.close()

    def buried(self, event_id: str, *, reason: str = "not_found", **headers: Any) -> None:
        argument = json.loads(encode(detail(event_id), received_at=NOW).body)[0][0]
        letter = dead_message(
            argument,
            headers=headers,
            task_id=f"task of {event_id}",
            job=decode(argument),
            reason=reason,
            error="404",
            attempt=1,
        )
        self.publisher.publish(letter)

    def failed(self, event_id: str, outcome: str) -> None:
        self.store.note_attempt(
            event_id=event_id, conversation_id="c1", event_type="acw", attempt=1, outcome=outcome
        )


@pytest.fixture
def bench() -> Iterator[Bench]:
    memory.setup()
    memory.clear()
    opened = Bench()
    yield opened
    memory.clear()
    opened.publisher.close()
    opened.store.close()


def sent(*ids: str, **more: Any) -> Sent:
    return Sent(frozenset(ids), **more)


@pytest.mark.parametrize(
    ("line", "accepted", "refused", "rejected"),
    [
        ('{"eventId": "e1", "sentId": "s1", "status": 202}', {"e1"}, set(), 0),
        ('{"eventId": null, "sentId": "s1", "status": 200}', {"s1"}, set(), 0),
        ('{"eventId": null, "sentId": "s1", "status": 503}', set(), {"s1"}, 1),
        ('{"eventId": null, "sentId": "s1", "status": 0}', set(), {"s1"}, 1),
        ('{"httpStatus": 202, "status": "spooled", "eventId": "e1"}', {"e1"}, set(), 0),
        ('{"httpStatus": 401, "detail": "no"}', set(), set(), 1),
        ('{"status": "published", "eventId": "e1"}', {"e1"}, set(), 0),
        ('{"eventId": "e1"}', {"e1"}, set(), 0),
        ('"e1 with \\u0000 and \\ud800"', {"e1 with \0 and \ud800"}, set(), 0),
        ("  e1\r\n", {"e1"}, set(), 0),
        ("12345", {"12345"}, set(), 0),
        ("ä b'}\u2028;", {"ä b'}\u2028;"}, set(), 0),
        ("\ufeffe1", {"e1"}, set(), 0),
        ("\n", set(), set(), 0),
    ],
)
def test_a_line_of_a_ledger_is_a_delivery_or_an_id(
    line: str, accepted: set[str], refused: set[str], rejected: int
) -> None:
    assert read_ledger([line.encode()]) == Sent(accepted, refused, rejected)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"eventId": "e1", "sta', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"{}", "no eventId"),
        (b"[]", "no eventId"),
        (b'{"eventId": 7, "status": 503}', "no eventId"),
        (b'{"eventId": "e1", "status": "202"}', "its status is no HTTP status"),
        (b'{"eventId": "e1", "status": true}', "its status is no HTTP status"),
        (b'{"eventId": "e1", "status": [202]}', "its status is no HTTP status"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_its_number(line: bytes, why: str) -> None:
    assert read_ledger([b"e1", line, b"e2"]) == Sent({"e1", "e2"}, set(), 0, (Unreadable(2, why),))


def test_an_unreadable_line_fails_the_audit_of_what_is_otherwise_well(bench: Bench) -> None:
    bench.stored("e1")
    assert bench.auditor.look(sent("e1")).passed
    assert not bench.auditor.look(sent("e1", unreadable=(Unreadable(2, "not JSON"),))).passed


def test_an_event_in_the_store_and_another_in_the_dead_letters_are_accounted_for(
    bench: Bench,
) -> None:
    bench.stored("e1", "e2", "other")
    bench.buried("e3")
    bench.buried("another")
    audit = bench.auditor.look(sent("e1", "e2", "e3", rejected=4))
    assert (audit.accepted, audit.rejected, audit.processed, audit.dead) == (3, 4, 2, 1)
    assert audit.passed


def test_an_event_that_is_nowhere_is_missing_by_name(bench: Bench) -> None:
    bench.stored("e1")
    audit = bench.auditor.look(sent("e1", "ä b", "e0"))
    assert (audit.missing, audit.lost, audit.passed) == (("e0", "ä b"), 2, False)


def test_what_waits_in_the_queue_is_under_way_and_not_missing(bench: Bench) -> None:
    bench.queued("e1", "e2")
    audit = bench.auditor.look(sent("e1", "e2"))
    assert (audit.ready, audit.under_way, audit.missing) == (2, 2, ())
    assert (audit.wrong, audit.passed) == (False, False)


def test_more_events_than_are_under_way_are_missing_by_number_and_with_a_look_by_name(
    bench: Bench,
) -> None:
    bench.queued("e1", "e2")
    audit = bench.auditor.look(sent("e1", "e2", "e3"))
    assert (audit.missing, audit.lost) == (("e1", "e2", "e3"), 1)
    looked = bench.auditor.settle(sent("e1", "e2", "e3"), by_id=True)
    assert (looked.missing, looked.lost, looked.under_way) == (("e3",), 1, 2)
    assert memory.depth(QUEUE) == 2


def test_a_look_finds_what_is_missing_behind_messages_of_others(bench: Bench) -> None:
    bench.queued("other")
    assert bench.auditor.look(sent("e1")).missing == ()
    assert bench.auditor.look(sent("e1"), by_id=True).missing == ("e1",)


def test_what_waits_on_disk_is_known_by_its_id(bench: Bench) -> None:
    bench.spooled("e1", "e2")
    audit = bench.auditor.look(sent("e1", "e3"))
    assert (audit.spooled, audit.missing, audit.under_way) == (2, ("e3",), 2)


def test_the_spool_can_be_read_while_a_receiver_uses_it(bench: Bench) -> None:
    spool = Spool(bench.settings.spool_file, max_events=10)
    spool.add([(encode(detail("e1"), received_at=NOW), "x")]).result()
    assert bench.auditor.look(sent("e1")).spooled == 1
    spool.close()


def test_a_spool_that_is_none_is_an_error(bench: Bench) -> None:
    bench.settings.spool_file.write_text("not a database, but long enough to be taken for one")
    with pytest.raises(SpoolError, match="cannot be used"):
        bench.auditor.look()


def test_without_a_ledger_what_the_store_has_dead_must_be_a_dead_letter(bench: Bench) -> None:
    bench.stored("e1")
    bench.failed("e2", "dead")
    bench.buried("e2")
    audit = bench.auditor.look()
    assert (audit.accepted, audit.processed, audit.dead, audit.passed) == (None, 1, 1, True)
    bench.failed("e3", "dead")
    assert bench.auditor.look().missing == ("e3",)


def test_without_a_ledger_what_the_store_has_retrying_must_be_under_way(bench: Bench) -> None:
    bench.failed("e1", "retry")
    assert bench.auditor.look().missing == ("e1",)
    bench.queued("e1")
    audit = bench.auditor.look()
    assert (audit.missing, audit.retrying, audit.under_way) == ((), 1, 1)


def test_an_event_in_the_store_and_in_the_dead_letters_is_doubled(bench: Bench) -> None:
    bench.stored("e1")
    bench.buried("e1")
    for audit in (bench.auditor.look(), bench.auditor.look(sent("e1"))):
        assert audit.doubled == (Doubled("e1", stored=True, letters=1),)
        assert (audit.processed, audit.dead, audit.passed) == (1, 0, False)


def test_an_event_with_two_dead_letters_is_doubled(bench: Bench) -> None:
    bench.buried("e1")
    bench.buried("e1")
    assert bench.auditor.look().doubled == (Doubled("e1", stored=False, letters=2),)


@pytest.mark.parametrize("more", [{"reason": "id_conflict"}, {"x-workbench-replay": 1}])
def test_another_body_of_the_same_id_and_a_failed_replay_double_nothing(
    bench: Bench, more: dict[str, Any]
) -> None:
    bench.stored("e1")
    bench.buried("e1", **more)
    assert bench.auditor.look(sent("e1")).passed


def test_only_a_complete_ledger_tells_what_is_unknown(bench: Bench) -> None:
    bench.stored("e1", "e2", "e3")
    ledger = sent("e1", refused=frozenset({"e2"}), rejected=1)
    assert bench.auditor.look(ledger).passed
    audit = bench.auditor.look(ledger, complete=True)
    assert (audit.unknown, audit.passed) == (("e3",), False)


class Days:
    """A clock that only sleep moves, and what the places hold at each look."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch, *looks: Waiting) -> None:
        self.now, self.looks, self._left = 0.0, 0, list(looks)
        monkeypatch.setattr(audit_module, "look_around", self._look)
        self.auditor = replace(bench.auditor, clock=lambda: self.now, sleep=self._sleep)

    def _look(self, *_: object, **__: object) -> Waiting:
        self.looks += 1
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def test_it_waits_for_what_is_under_way_if_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.stored("e1")
    held = replace(NOWHERE, delayed=1, unacked=1)
    days = Days(bench, monkeypatch, held, held, NOWHERE)
    assert days.auditor.settle(sent("e1")).under_way == 2
    assert days.auditor.settle(sent("e1"), wait=30).passed
    assert (days.looks, days.now) == (3, 1.0)


def test_it_waits_no_longer_than_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    days = Days(bench, monkeypatch, replace(NOWHERE, ready=1))
    assert days.auditor.settle(sent("e1"), wait=3).under_way == 1
    assert days.now == 3


def test_what_a_worker_may_just_have_taken_is_looked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = Days(bench, monkeypatch, replace(NOWHERE, workers=1))
    assert days.auditor.settle(sent("e1")).missing == ("e1",)
    assert days.now == FRESH_AFTER


def test_what_a_worker_had_just_taken_is_not_missing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = Days(bench, monkeypatch, replace(NOWHERE, workers=1), replace(NOWHERE, unacked=1))
    audit = days.auditor.settle(sent("e1"))
    assert (audit.missing, audit.under_way, days.now) == ((), 1, 1.0)


def test_without_a_worker_what_is_missing_is_missing_at_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = Days(bench, monkeypatch, replace(NOWHERE, workers=0))
    assert days.auditor.settle(sent("e1"), wait=30).missing == ("e1",)
    assert (days.looks, days.now) == (1, 0)


@pytest.mark.parametrize(
    ("figures", "unacked"),
    [
        ({QUEUE: QueueFigures(QUEUE, 2, 3, None, None, None)}, 3),
        ({}, None),
        (BrokerUnreachable("away"), None),
    ],
)
def test_the_management_plugin_tells_what_workers_hold_where_it_can(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, figures: Any, unacked: int | None
) -> None:
    @contextmanager
    def plugin(place: str, *, broker_url: str) -> Iterator[Any]:
        def tell() -> dict[str, QueueFigures]:
            if isinstance(figures, Exception):
                raise figures
            return figures  # type: ignore[no-any-return]

        assert (place, broker_url) == ("http://plugin", memory.URL)
        yield SimpleNamespace(figures=tell)

    monkeypatch.setattr(waiting, "Management", plugin)
    audit = replace(bench.auditor, management_url="http://plugin").look()
    assert (audit.unacked, audit.under_way) == (unacked, unacked or 0)


@pytest.fixture
def seen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The commands take the embedded broker for a RabbitMQ."""

    @contextmanager
    def queues_url(*_: object, **__: object) -> Iterator[str]:
        yield memory.URL

    monkeypatch.setattr(command, "queues_url", queues_url)
    return bench


def test_all_well_is_a_table_a_sentence_and_code_0(run: Run, seen: Bench, tmp_path: Path) -> None:
    seen.stored("e1")
    seen.buried("e2")
    path = tmp_path / "sent"
    path.write_text("e1\ne2\n")
    outcome = run("audit", "--ledger", str(path), "--broker", "memory://")
    assert outcome.code == 0
    assert [line.rsplit(maxsplit=1) for line in outcome.out.splitlines()[:4]] == [
        ["events accepted (2xx)", "2"],
        ["deliveries not accepted", "0"],
        ["in the store", "1"],
        ["in the dead letters", "1"],
    ]
    assert "in a worker's hands      not known" in outcome.out
    assert outcome.err.startswith("Every event is in the store once, or a dead letter")


def test_json_is_one_object_with_every_name(run: Run, seen: Bench, tmp_path: Path) -> None:
    seen.stored("e1")
    seen.buried("e1")
    path = tmp_path / "sent.jsonl"
    path.write_text("\n".join(["e1", "{", *(f"m{n:03}" for n in range(30))]))
    outcome = run("audit", "--ledger", str(path), "--json", "--broker", "memory://")
    (told,) = outcome.lines
    assert (outcome.code, outcome.err) == (1, "")
    assert told["missing"] == [f"m{n:03}" for n in range(30)]
    assert told["doubled"] == [{"eventId": "e1", "stored": True, "letters": 1}]
    assert told["unreadable"] == [{"line": 2, "why": "not JSON"}]
    assert (told["accepted"], told["lost"], told["underWay"], told["passed"]) == (31, 30, 0, False)


def test_people_get_the_first_names_and_how_many_more(
    run: Run, seen: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = ["\x1b[2Jodd", "' $(ls)", *(f"m{n:03}" for n in range(30))]
    text = "\n".join(json.dumps(each) for each in ids)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    outcome = run("audit", "--ledger", "-", "--broker", "memory://")
    assert outcome.code == 1
    assert "\\x1b[2Jodd  missing" in outcome.out
    assert "\x1b" not in outcome.out + outcome.err
    assert outcome.out.count("  missing\n") == 20
    assert "… and 12 more: --json tells all" in outcome.err
    assert "32 events are missing" in outcome.err
    assert "Next: genesys-workbench events show '\\x1b[2Jodd'\n" in outcome.err


def test_what_is_under_way_alone_ends_with_code_1_and_says_run_it_again(
    run: Run, seen: Bench
) -> None:
    seen.queued("e1")
    outcome = run("audit", "--broker", "memory://")
    assert outcome.code == 1
    assert outcome.err == ("1 events are still under way: run it again (or with --wait 60).\n")


def test_the_ledger_of_a_running_simulator_is_asked_by_url(run: Run, seen: Bench) -> None:
    with Simulator() as simulator:
        outcome = run("audit", "--ledger", f"{simulator.url}/_sim/ledger", "--broker", "memory://")
        assert (outcome.code, outcome.out.splitlines()[0].split()[-1]) == (0, "0")
        refused = run("audit", "--ledger", f"{simulator.url}/nothing", "--broker", "memory://")
    assert refused.code == 2
    assert "it answers 404" in refused.err
    gone = run("audit", "--ledger", f"{simulator.url}/_sim/ledger", "--broker", "memory://")
    assert (gone.code, "ConnectError" in gone.err) == (2, True)


def test_lines_that_come_in_pieces_are_put_together() -> None:
    assert list(command._split([b"e1\ne", b"", b"2\n\ne3"])) == [b"e1", b"e2", b"", b"e3"]


def test_a_ledger_that_is_not_there_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    for place, why in ((tmp_path / "none", "no such file"), (tmp_path, "is a directory")):
        outcome = run("audit", "--ledger", str(place))
        assert (outcome.code, outcome.out) == (2, "")
        assert f"Error: The ledger {place} cannot be read: {why}" in outcome.err
        assert "Fix: name a file" in outcome.err


def test_complete_is_said_of_a_ledger(run: Run) -> None:
    assert run("audit", "--complete").code == 2


def test_the_queues_in_the_memory_of_another_process_cannot_be_audited(run: Run) -> None:
    outcome = run("audit", "--broker", "memory://")
    assert (outcome.code, outcome.out) == (3, "")
    assert "cannot be audited from here" in outcome.err


def test_a_broker_that_is_away_is_code_4(run: Run, bench: Bench) -> None:
    outcome = run("audit", "--broker", "amqp://bench:hunter2@127.0.0.1:1/")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith("Error: RabbitMQ at amqp://bench:***@127.0.0.1:1/ is unreachable")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "There is no database at {path} yet"),
        ("not a database, but long enough to be taken for one", "The file is damaged"),
    ],
)
def test_a_store_that_is_away_is_code_6(
    run: Run,
    seen: Bench,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    content: str | None,
    told: str,
) -> None:
    path = tmp_path / "other.db"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", f"sqlite:///{path}")
    outcome = run("audit", "--broker", "memory://")
    assert (outcome.code, outcome.out) == (6, "")
    assert outcome.err.startswith(f"Error: {told.format(path=path)}")
    assert path.exists() == (content is not None)
