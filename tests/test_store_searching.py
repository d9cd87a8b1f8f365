"""Reading of the store by ids and by text, as the panels do it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from genesys_workbench.store import Store
from tests.store_fakes import detail, ticking


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'store.db'}", clock=ticking())
    opened.prepare()
    yield opened
    opened.close()


def note(store: Store, event_id: str, outcome: str, attempt: int = 1) -> None:
    store.note_attempt(
        event_id=event_id,
        conversation_id="c9",
        event_type="wrapup",
        attempt=attempt,
        outcome=outcome,
    )


def test_events_are_read_by_their_ids_with_their_replays(store: Store) -> None:
    store.record(detail("e1"))
    store.record(detail("e2"), attempt=2)
    note(store, "e2", "replayed")
    note(store, "e2", "replayed")
    note(store, "e3", "retry")
    note(store, "e3", "retry", 2)
    note(store, "e4", "dead")
    found = store.events_by_id(["e4", "e3", "e2", "nobody"])
    told = {key: (each["status"], each["attempts"], each["replays"]) for key, each in found.items()}
    assert told == {"e2": ("processed", 2, 2), "e3": ("retrying", 2, 0), "e4": ("dead", 1, 0)}


def test_more_ids_than_fit_one_statement_are_read(store: Store) -> None:
    store.record(detail("e1"))
    ids = [f"x{number}" for number in range(1200)]
    assert set(store.events_by_id([*ids, "e1"])) == {"e1"}


def test_no_ids_are_no_events(store: Store) -> None:
    assert store.events_by_id([]) == {}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["e3", "e2", "e1"]),
        ("E2", ["e2"]),
        ("c9", ["e3"]),
        ("CUSTOMER.start", ["e1"]),
        ("wrapup", ["e3", "e2"]),
        ("support-queue", ["e2"]),
        ("wrapup support", ["e2"]),
        ("wrapup nowhere", []),
        ("100%_", []),
        ("%", []),
    ],
)
def test_a_text_is_sought_in_ids_type_and_source(store: Store, text: str, ids: list[str]) -> None:
    store.record(detail("e1"))
    store.record(detail("e2", "wrapup", queueName="Support-Queue"))
    note(store, "e3", "retry")
    assert [each["eventId"] for each in store.events(text=text)] == ids
