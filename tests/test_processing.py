"""What happens to one event: fetched, shown to the steps of one's own, stored once."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from genesys_workbench import processing
from genesys_workbench.errors import NotFound, PermanentError, SettingsError
from genesys_workbench.events import ConversationEvent
from genesys_workbench.messages import Job
from genesys_workbench.processing import Processing, load_processors
from genesys_workbench.settings import Settings
from genesys_workbench.store import Store
from tests.store_fakes import detail, second, snapshot


class Api:
    """Gives every conversation, and remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None

    def fetch(self, conversation_id: str) -> Mapping[str, Any]:
        self.asked.append(conversation_id)
        if self.error is not None:
            raise self.error
        return snapshot(c=conversation_id)


class Seen:
    """A step of one's own that remembers what it was shown."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.error: Exception | None = None

    def __call__(self, event: ConversationEvent, conversation: Mapping[str, Any] | None) -> None:
        self.calls.append((event.event_id, conversation and conversation["id"]))
        if self.error is not None:
            raise self.error


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'store.db'}", clock=lambda: second(60))
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def steps(store: Store, api: Api, seen: Seen) -> Processing:
    return Processing(store, api.fetch, (seen,), clock=lambda: second(30))


def job(event_id: str = "e-1", **more: Any) -> Job:
    received: datetime | None = more.pop("received_at", second(1))
    metadata = more.pop("metadata", None)
    return Job(detail(event_id, **more), received, metadata)


def test_a_new_event_is_fetched_shown_and_stored(
    steps: Processing, store: Store, api: Api, seen: Seen
) -> None:
    assert steps.run(job(), attempt=2) == "processed"
    assert api.asked == ["c1"]
    assert seen.calls == [("e-1", "c1")]
    (row,) = store.events()
    assert (row["enriched"], row["receivedAt"], row["attempts"]) == (True, second(1), 2)
    assert store.snapshot_at("c1") == second(30)


def test_an_event_that_comes_again_is_counted_and_nothing_else(
    steps: Processing, store: Store, api: Api, seen: Seen
) -> None:
    steps.run(job(), attempt=1)
    assert steps.run(job(), attempt=1) == "duplicate"
    assert (len(api.asked), len(seen.calls)) == (1, 1)
    assert (store.event("e-1") or {})["deliveries"] == 2


def test_a_replay_runs_all_steps_again_with_a_fresh_conversation(
    store: Store, api: Api, seen: Seen
) -> None:
    steps = Processing(store, api.fetch, (seen,), clock=lambda: second(2))
    steps.run(job(), attempt=1)
    assert steps.run(job(), attempt=1, replay=1) == "replayed"
    assert (len(api.asked), len(seen.calls)) == (2, 2)
    assert store.counts()["events"] == 1


def test_the_runtime_counts_from_the_start_of_the_try(store: Store, api: Api) -> None:
    steps = Processing(store, api.fetch, monotonic=lambda: 107.5)
    steps.run(job("e-1"), attempt=1, started=100.0)
    steps.run(job("e-2"), attempt=1)
    assert (store.event("e-1") or {})["runtimeS"] == 7.5
    assert (store.event("e-2") or {})["runtimeS"] == 0.0


def test_the_same_id_with_another_body_changes_nothing_and_cannot_be_retried(
    steps: Processing, store: Store, seen: Seen
) -> None:
    steps.run(job(dnis="first"), attempt=1)
    with pytest.raises(PermanentError, match="with other content; the first stays") as caught:
        steps.run(job(dnis="second"), attempt=1)
    assert caught.value.reason == "id_conflict"
    source = (store.event("e-1") or {})["source"]
    assert source["detail"]["eventBody"]["dnis"] == "first"
    assert len(seen.calls) == 1


def test_a_conversation_that_came_with_the_message_is_not_fetched(
    steps: Processing, store: Store, api: Api, seen: Seen
) -> None:
    steps.run(job(metadata=snapshot()), attempt=1)
    assert (api.asked, seen.calls) == ([], [("e-1", "c1")])
    assert store.snapshot_at("c1") == second(1)


def test_a_conversation_that_came_without_a_time_counts_as_fetched_now(
    steps: Processing, store: Store
) -> None:
    steps.run(job(metadata=snapshot(), received_at=None), attempt=1)
    assert store.snapshot_at("c1") == second(30)


def test_without_enrichment_steps_see_none_and_the_event_is_stored(
    store: Store, seen: Seen
) -> None:
    assert Processing(store, None, (seen,)).run(job(), attempt=1) == "processed"
    assert seen.calls == [("e-1", None)]
    assert (store.event("e-1") or {})["enriched"] is False
    assert store.snapshot_at("c1") is None


@pytest.mark.parametrize(("at", "fetches"), [(25.0, 1), (25.1, 2), (40.0, 2)])
def test_a_snapshot_that_surely_knows_the_event_saves_a_call(
    steps: Processing, api: Api, seen: Seen, at: float, fetches: int
) -> None:
    """The snapshot is of second 30; an event shows in the API five seconds later at most."""
    steps.run(job("e-1"), attempt=1)
    steps.run(job("e-2", what="customer.end", at=at), attempt=1)
    assert len(api.asked) == fetches
    (_, first), (_, second_time) = seen.calls
    assert first == second_time is not None  # a step sees the conversation either way


def test_what_the_api_raises_leaves_nothing_stored(
    steps: Processing, store: Store, api: Api, seen: Seen
) -> None:
    api.error = NotFound("not there yet", status=404)
    with pytest.raises(NotFound):
        steps.run(job(), attempt=1)
    assert (store.counts()["events"], seen.calls) == (0, [])


def test_what_a_step_raises_leaves_nothing_stored_and_the_next_try_runs_it_again(
    steps: Processing, store: Store, seen: Seen
) -> None:
    seen.error = ValueError("cannot do it")
    with pytest.raises(ValueError, match="cannot do it"):
        steps.run(job(), attempt=1)
    assert store.counts()["events"] == 0
    seen.error = None
    assert steps.run(job(), attempt=2) == "processed"
    assert len(seen.calls) == 2


def test_steps_run_in_their_order_and_the_first_failure_ends_them(store: Store, api: Api) -> None:
    first, second_, third = Seen(), Seen(), Seen()
    second_.error = PermanentError("not mine", reason="mine")
    steps = Processing(store, api.fetch, (first, second_, third))
    with pytest.raises(PermanentError):
        steps.run(job(), attempt=1)
    assert [len(each.calls) for each in (first, second_, third)] == [1, 1, 0]


def test_the_conversation_of_another_id_is_never_stored(store: Store) -> None:
    steps = Processing(store, lambda _: snapshot(c="c2"))
    with pytest.raises(PermanentError, match="is another one"):
        steps.run(job(), attempt=1)
    assert store.counts()["events"] == 0


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("mine")
    module.look = Seen()  # type: ignore[attr-defined]
    module.number = 5  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "mine", module)
    return module


def named(settings: Settings, processor: str | None) -> Settings:
    return settings.model_copy(update={"processor": processor})


def test_without_a_setting_there_is_no_step(settings: Settings) -> None:
    assert load_processors(settings) == ()


def test_a_step_is_found_by_module_and_function(settings: Settings, mine: ModuleType) -> None:
    assert load_processors(named(settings, "mine:look")) == (mine.look,)


def test_installed_steps_come_before_the_one_of_the_setting(
    settings: Settings, mine: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Seen()
    mine.installed = installed  # type: ignore[attr-defined]

    def entry_points(group: str) -> list[EntryPoint]:
        assert group == "genesys_workbench.processors"
        return [EntryPoint("theirs", "mine:installed", group)]

    monkeypatch.setattr(processing, "entry_points", entry_points)
    assert load_processors(named(settings, "mine:look")) == (installed, mine.look)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("nobody_has_this:look", "'nobody_has_this:look' cannot be imported: ModuleNotFoundError"),
        ("mine:missing", "'mine:missing' cannot be imported: AttributeError"),
        ("mine", "'mine' cannot be imported: AttributeError"),
        ("mine:number", "'mine:number' is not a function"),
    ],
)
def test_a_step_that_is_not_there_is_named(
    settings: Settings, mine: ModuleType, path: str, told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        load_processors(named(settings, path))
