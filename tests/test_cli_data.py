"""``events list|show|replay``: what a person and a program see of the records."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from genesys_workbench import publisher as publisher_module
from genesys_workbench.cli import data
from genesys_workbench.settings import load_settings
from genesys_workbench.store import Store
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures
from tests.publishers import ScriptedPublisher
from tests.store_fakes import detail, snapshot, ticking


@pytest.fixture
def store() -> Iterator[Store]:
    """The store that the commands will find, with three events and one that failed."""
    opened = Store(load_settings().store_url, clock=ticking())
    opened.prepare()
    opened.record(detail("e1"), conversation=snapshot())
    opened.record(detail("e2", "customer.end", at=60))
    opened.record(detail("e3", c="c2"))
    opened.note_attempt(
        event_id="e4",
        conversation_id="c3",
        event_type="acw",
        attempt=1,
        outcome="dead",
        reason="not_found",
        error="404",
    )
    yield opened
    opened.close()


def test_each_event_is_a_line_of_json_with_the_promised_keys(run: Run, store: Store) -> None:
    outcome = run("events", "list", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    told = [
        tuple(row[key] for key in ("eventId", "conversationId", "eventType", "status"))
        for row in outcome.lines
    ]
    assert told == [
        ("e4", "c3", "acw", "dead"),
        ("e3", "c2", "customer.start", "processed"),
        ("e2", "c1", "customer.end", "processed"),
        ("e1", "c1", "customer.start", "processed"),
    ]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ("--limit 1", ["e4"]),
        ("--limit 0", ["e4", "e3", "e2", "e1"]),
        ("--conversation c1", ["e2", "e1"]),
        ("--type customer.start", ["e3", "e1"]),
        ("--status dead", ["e4"]),
        ("--status processed --conversation c2", ["e3"]),
        ("--status retrying", []),
    ],
)
def test_the_list_can_be_narrowed(run: Run, store: Store, options: str, ids: list[str]) -> None:
    outcome = run("events", "list", "--json", *options.split())
    assert [row["eventId"] for row in outcome.lines] == ids


def test_for_people_the_list_is_a_table(run: Run, store: Store) -> None:
    header, *rows = run("events", "list").out.splitlines()
    assert header.split()[:4] == ["eventId", "eventType", "mediaType", "status"]
    assert rows[0].split() == ["e4", "acw", "–", "dead", "c3", "1", "0", "–"]
    assert rows[3].split()[:4] == ["e1", "customer.start", "voice", "processed"]


def test_an_empty_store_names_the_next_command(run: Run) -> None:
    outcome = run("events", "list")
    assert (outcome.code, outcome.out) == (0, "")
    assert "Next: genesys-workbench trigger" in outcome.err


def test_a_filter_that_nothing_fits_says_so(run: Run, store: Store) -> None:
    assert run("events", "list", "--conversation", "c9").err == "No stored event fits.\n"


def test_show_gives_one_event_with_source_and_attempts(run: Run, store: Store) -> None:
    outcome = run("events", "show", "e1")
    (event,) = outcome.lines
    assert (outcome.code, event["eventId"], event["source"]["id"]) == (0, "e1", "e1")
    assert [each["outcome"] for each in event["attempts"]] == ["processed"]


@pytest.mark.parametrize("command", ["show", "replay"])
def test_an_unknown_event_ends_with_code_1(
    run: Run, store: Store, broker: ScriptedPublisher, command: str
) -> None:
    outcome = run("events", command, "e9")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "Error: No event e9 is stored.\nFix: see: genesys-workbench events list\n"
    )


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> ScriptedPublisher:
    """A broker that confirms at once."""
    scripted = ScriptedPublisher()

    @contextmanager
    def queues_url(*_: object, **__: object) -> Iterator[str]:
        yield "amqp://127.0.0.1:1/"

    @contextmanager
    def publisher(_: str) -> Iterator[ScriptedPublisher]:
        yield scripted

    monkeypatch.setattr(data, "queues_url", queues_url)
    monkeypatch.setattr(publisher_module, "Publisher", publisher)
    return scripted


def test_replay_sends_the_event_with_its_id_and_says_which_replay(
    run: Run, store: Store, broker: ScriptedPublisher
) -> None:
    outcome = run("events", "replay", "e1", "--json")
    assert (outcome.code, outcome.lines) == (0, [{"eventId": "e1", "replay": 1}])
    (message,) = broker.messages
    assert (message.event_id, message.headers["x-workbench-replay"]) == ("e1", 1)
    told = run("events", "replay", "e1")
    assert (told.code, told.out) == (0, "")
    assert "Sent again: event e1, replay 1." in told.err
    assert "Next: genesys-workbench events show e1" in told.err


def test_nothing_can_be_replayed_into_the_memory_of_another_process(run: Run, store: Store) -> None:
    outcome = run("events", "replay", "e1", "--broker", "memory://")
    assert outcome.code == 3
    assert "nothing can be sent to it from here" in outcome.err


def test_tables_of_somebody_else_end_with_code_6(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE events (name TEXT)")
    other.close()
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", f"sqlite:///{file}")
    outcome = run("events", "list", "--json")
    assert (outcome.code, outcome.out) == (6, "")
    assert "Fix: name a database of its own in WORKBENCH_DATABASE_URL" in outcome.err


def test_a_file_that_is_no_database_ends_with_code_6(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "junk.db").write_bytes(b"junk" * 1000)
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", f"sqlite:///{tmp_path / 'junk.db'}")
    outcome = run("events", "list")
    assert outcome.code == 6
    assert "damaged, or no SQLite database" in outcome.err


def test_a_database_that_is_away_ends_with_code_6_and_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://reporter:hunter2@127.0.0.1:1/events"
    monkeypatch.setenv("WORKBENCH_DATABASE_URL", url)
    outcome = run("events", "list")
    assert outcome.code == 6
    assert "Fix: start the database" in outcome.err
    assert "hunter2" not in outcome.err


def test_a_data_folder_that_cannot_be_made_ends_with_code_6(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("WORKBENCH_DATA_DIR", str(tmp_path / "file" / "data"))
    assert run("events", "list").code == 6


def test_json_times_are_iso_with_a_z(run: Run, store: Store) -> None:
    row = json.loads(run("events", "list", "--json", "--limit", "2").out.splitlines()[1])
    assert row["processedAt"].endswith("Z")
