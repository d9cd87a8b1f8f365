"""The report's numbers, by papermill, are those of the simulator's own truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from genesys_workbench import frames
from genesys_workbench.events import parse_event
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.drawing import timeline
from genesys_workbench.simulator.envelopes import render
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.truth import SimConversation
from genesys_workbench.simulator.world import World
from genesys_workbench.store import Store
from tests import truths
from tests.integration.shells import BENCH, Shell
from tests.notebooks.personal import revealed

MATRIX = Path(__file__).parents[2] / "notebooks" / "report_matrix.yaml"
EVERYTHING = World(42, conversations=500).conversations[:]
Wanted = Callable[[SimConversation], bool]


def _media(one: SimConversation) -> set[str]:
    return {session.media for _, session in one.sessions()}


def _queues(one: SimConversation) -> set[str]:
    return {person.queue.name for person in one.participants if person.queue}


SETS: dict[str, Wanted] = {
    "the whole day": lambda _: True,
    "the first two hours": lambda one: one.start < datetime(2026, 1, 5, 10, tzinfo=UTC),
    "calls": lambda one: "voice" in _media(one),
    "billing, calls and e-mail": lambda one: (
        bool(_media(one) & {"voice", "email"}) and "Billing" in _queues(one)
    ),
}


def expected(conversations: Iterable[SimConversation]) -> dict[str, Any]:
    """Return the figures as the truth has them, without any reader of ours."""
    chosen = list(conversations)
    given_up, waited = truths.abandoned(chosen)
    return {
        "conversations": len(chosen),
        "abandoned": given_up,
        "waited": waited,
        "transfers": sum(truths.transfers(chosen).values()),
        "without_contact": truths.without_contact(chosen),
        "rejected": 0,
        "channels": truths.channels(chosen),
        "busiest_hours": truths.busiest_hours(chosen),
        "median_waits": {
            name: pytest.approx(seconds, abs=0.001)
            for name, seconds in truths.median_waits(chosen).items()
        },
        "transfers_of_agents": truths.transfers(chosen),
    }


def told(figures: dict[str, Any]) -> dict[str, Any]:
    """Return a run's figures in the form of `expected`."""
    channels, agents = figures["channels"].items(), figures["agents"].items()
    plain = "conversations abandoned waited transfers without_contact rejected".split()
    return {name: figures[name] for name in plain} | {
        "channels": {name: row["conversations"] for name, row in channels},
        "busiest_hours": {
            name: (row["busiest_hour"], row["in_that_hour"]) for name, row in channels
        },
        "median_waits": {name: row["wait_median_s"] for name, row in figures["queues"].items()},
        "transfers_of_agents": {name: row["transfers"] for name, row in agents if row["transfers"]},
    }


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_every_set_of_the_matrix_agrees_with_the_truth_and_reveals_nobody(shell: Shell) -> None:
    rows = shell.rows("run", "--matrix", str(MATRIX), "--html", "--out", "kept")
    assert {row["name"]: told(row["figures"]) for row in rows} == {
        name: expected(filter(wanted, EVERYTHING)) for name, wanted in SETS.items()
    }
    shell.run(BENCH, "gallery", "kept")
    made = [path for path in (shell.folder / "kept").rglob("*") if path.is_file()]
    assert {path.suffix for path in made} == {".ipynb", ".html", ".xml"}
    assert len(made) == 2 * len(SETS) + 2
    assert {path.name: revealed(path.read_text("utf-8")) for path in made} == {
        path.name: [] for path in made
    }


def test_database_and_export_file_give_the_same_figures_as_the_truth(shell: Shell) -> None:
    chosen = EVERYTHING[:120]
    _fill(shell.folder / "store.db", chosen)
    _export(shell.folder / "export", chosen)
    shell.environment["WORKBENCH_DATABASE_URL"] = f"sqlite:///{shell.folder / 'store.db'}"
    (database,) = shell.rows("run", "06", "-p", "source", "database")
    file = str(shell.folder / "export" / "raw.jsonl")
    (export,) = shell.rows("run", "06", "-p", "source", "file", "-p", "file", file, "--out", "b")
    assert told(database["figures"]) == expected(chosen)
    assert told(export["figures"]) == expected(chosen)


def _fill(path: Path, chosen: Iterable[SimConversation]) -> None:
    chosen = list(chosen)
    store = Store(load_settings(database_url=SecretStr(f"sqlite:///{path}")).store_url)
    store.prepare()
    for moment in timeline(chosen):
        one = moment.conversation
        if moment.kind == "conversation:created":
            body = render(moment.event, "eventbridge", conversation=one)
            store.record(parse_event(body), conversation=rest_conversation(one))
    store.close()


def _export(folder: Path, chosen: Iterable[SimConversation]) -> None:
    folder.mkdir()
    lines = (json.dumps(analytics_conversation(one)) for one in chosen)
    (folder / "raw.jsonl").write_text("\n".join(lines), "utf-8")
    assert len(frames.from_file(folder / "raw.jsonl").conversations) == len(list(chosen))
