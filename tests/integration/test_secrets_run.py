"""A whole run with canaries for secrets and people: each place where they could be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from genesys_workbench.cli import app
from tests.canaries import CANARIES, PEOPLE, in_files, seen
from tests.integration.full_run import FORMATS, FullRun, command
from tests.integration.shells import children_of
from tests.notebooks.personal import revealed

# Each with the code that it ends with; those that print what was kept are told apart.
COMMANDS = {
    "queue show": 0,
    "queue show --json": 0,
    "queue setup": 0,
    "queue dead": 0,
    "queue peek": 0,
    "queue redrive nothing": 1,
    "events list": 0,
    "events list --json": 0,
    "events show nothing": 1,
    "events replay nothing": 1,
    "audit --json": 0,
    "audit --ledger /nowhere": 2,
    "doctor": 0,
    "doctor --json": 0,
    "webhooks list": 0,
    "webhooks ensure": 0,
    "webhooks delete nothing": 5,
    "trigger": 0,
    "trigger voice-inbound --json": 0,
    "trigger voice-inbound --to http://127.0.0.1:1/": 1,
    "receive --port 1 --host nowhere.invalid": 3,
    "run 06 -p nothing 1": 2,
}
KEPT = ("queue dead --json", "queue peek --json")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullRun]:
    with FullRun(tmp_path_factory.mktemp("run")) as running:
        running.fail_in_every_way()
        yield running


@pytest.fixture
def hidden(run: FullRun) -> list[str]:
    """All secrets: also the tokens that the platform has handed out meanwhile."""
    assert run.tokens
    return [*CANARIES, *run.tokens]


def told(text: str, run: FullRun) -> list[str]:
    """Return the secrets that a text tells, and the people: ours, and those of the platform."""
    return [*seen(text, *run.tokens, *PEOPLE), *revealed(text)]


@pytest.mark.parametrize("part", ["receiver", "worker"])
@pytest.mark.parametrize("form", FORMATS)
def test_no_log_tells_a_secret_or_a_person(run: FullRun, part: str, form: str) -> None:
    log = run.logs()[f"{part}-{form}"]
    assert "DEBUG" in log
    assert ("202 published" if part == "receiver" else "processed, attempt 1") in log
    assert told(log, run) == []


def test_failures_are_in_the_logs_though_nothing_of_them_is_told(run: FullRun) -> None:
    logs = run.logs()
    for form in FORMATS:
        assert "delivery answered 401" in logs[f"receiver-{form}"]
    worked = logs["worker-text"] + logs["worker-json"]
    for word in (
        "processor_failed",
        "forbidden",
        "message rejected",
        "unknown task rejected",
        "***",
    ):
        assert word in worked


def test_dead_letters_have_their_reasons_and_tell_nothing_but_in_their_bodies(run: FullRun) -> None:
    letters = run.letters
    assert {"processor_failed", "forbidden", "undecodable"} <= {each.reason for each in letters}
    for each in letters:
        ours = {k: v for k, v in each.message.headers.items() if k.startswith("x-workbench")}
        assert told(f"{each!r} {each.error} {each.reason} {ours}", run) == []
    assert seen("".join(map(repr, (each.message for each in letters)))) == []


def test_records_tell_no_secret_and_no_person_but_in_what_was_delivered(run: FullRun) -> None:
    rows = list(run.store.events())
    assert {row["status"] for row in rows} == {"processed", "dead"}
    assert told(str(rows), run) == []
    events = [run.store.event(row["eventId"]) for row in rows]
    attempts = str([event["attempts"] for event in events if event])
    assert "leaky:" in attempts
    assert told(attempts, run) == []


def test_no_page_of_the_receiver_tells_a_secret_or_a_person(run: FullRun) -> None:
    pages = run.pages()
    assert 'workbench_deliveries_total{status="401"}' in pages["/metrics"]
    assert {path: found for path, page in pages.items() if (found := told(page, run))} == {}


@pytest.mark.parametrize("line", COMMANDS)
def test_no_command_prints_a_secret_or_a_person(run: FullRun, line: str) -> None:
    code, shown = command(run.variables, *line.split())
    assert (code, bool(shown)) == (COMMANDS[line], True), shown
    assert told(shown, run) == []


@pytest.mark.parametrize("line", KEPT)
def test_a_command_that_prints_what_is_kept_prints_no_secret(
    run: FullRun, line: str, hidden: list[str]
) -> None:
    code, shown = command(run.variables, *line.split())
    assert (code, [each for each in hidden if each in shown]) == (0, [])


def test_a_stored_event_is_shown_as_it_was_delivered_and_without_a_secret(run: FullRun) -> None:
    (row, *_) = run.store.events(event_type="created", status="processed")
    code, shown = command(run.variables, "events", "show", row["eventId"])
    assert (code, json.loads(shown)["eventId"]) == (0, row["eventId"])
    assert seen(shown, *run.tokens) == []
    assert PEOPLE[0] in shown


def paths(command: Any, *names: str) -> Iterator[tuple[str, ...]]:
    yield names
    for name, each in getattr(command, "commands", {}).items():
        yield from paths(each, *names, name)


def test_no_help_tells_a_setting(run: FullRun) -> None:
    group = typer.main.get_command(app)
    pages = {names: command(run.variables, *names, "--help") for names in paths(group)}
    assert len(pages) > 20
    assert {code for code, _ in pages.values()} == {0}
    assert {names: found for names, (_, page) in pages.items() if (found := told(page, run))} == {}


def test_no_command_line_of_a_process_holds_a_secret(run: FullRun, hidden: list[str]) -> None:
    lines = children_of(run.folder)
    for program in ("receive", "celery", "work", "beam.smp"):
        assert any(program in line for line in lines), program
    assert [line for line in lines if any(each in line for each in hidden)] == []


def test_the_files_of_the_broker_and_of_the_database_hold_no_secret(
    run: FullRun, hidden: list[str]
) -> None:
    rabbitmq, postgresql = run.folder / "rabbitmq", run.database._data
    assert in_files(rabbitmq, *hidden, but=".erlang.cookie") == {}
    assert in_files(postgresql, *hidden) == {}
    assert in_files(rabbitmq, PEOPLE[0]) != {}  # the messages themselves
    assert run.store.counts()["events"] > 0


def test_what_this_user_keeps_is_for_this_user_only(run: FullRun) -> None:
    kept = [path for path in (run.folder / "data").rglob("*") if path.is_file()]
    kept += [run.folder / "rabbitmq" / name for name in ("node.json", ".erlang.cookie")]
    assert "spool.db" in {path.name for path in kept}
    assert [str(path) for path in kept if path.stat().st_mode & 0o077] == []
    assert Path(run.folder / "rabbitmq").stat().st_mode & 0o077 == 0
