"""What a worker process holds open: made when it is needed, in each process its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from genesys_workbench import runtime
from genesys_workbench.memory import MemoryPublisher
from genesys_workbench.publisher import Publisher
from genesys_workbench.settings import Settings


@pytest.fixture(autouse=True)
def none_left() -> Iterator[None]:
    yield
    runtime.use(None)


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    changes = {
        "broker_url": SecretStr("memory://"),
        "database_url": SecretStr(f"sqlite:///{tmp_path / 'store.db'}"),
    }
    return settings.model_copy(update=changes)


def test_without_a_word_the_settings_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKBENCH_PREFETCH", "7")
    assert runtime.settings().prefetch == 7
    assert runtime.current().settings.prefetch == 7


def test_settings_that_are_to_be_used_win_until_they_are_taken_back(own: Settings) -> None:
    runtime.use(own)
    assert runtime.settings() is own
    assert runtime.current().settings is own
    runtime.use(None)
    assert runtime.settings() is not own


def test_a_process_has_one_runtime_until_it_is_closed(own: Settings) -> None:
    runtime.use(own)
    first = runtime.current()
    assert runtime.current() is first
    runtime.close()
    assert runtime.current() is not first


def test_the_store_is_ready_for_use_and_made_once(own: Settings) -> None:
    runtime.use(own)
    store = runtime.current().store
    assert store.counts()["events"] == 0
    assert runtime.current().store is store


def test_nothing_is_opened_before_it_is_needed(own: Settings, tmp_path: Path) -> None:
    runtime.use(own)
    opened = runtime.current()
    opened.close()
    assert not (tmp_path / "store.db").exists()
    assert vars(opened).keys() == {"settings", "pid", "lock", "metrics"}


def test_closing_gives_up_all_that_was_opened(own: Settings) -> None:
    runtime.use(own)
    held = runtime.current()
    assert held.processing.store is held.store
    assert isinstance(held.publisher, MemoryPublisher)
    held.close()
    assert vars(held).keys() == {"settings", "pid", "lock", "metrics"}


def test_conversations_are_fetched_unless_that_is_off(own: Settings) -> None:
    on = runtime.Runtime(own)
    assert on.processing.fetch is not None
    on.close()
    off = runtime.Runtime(own.model_copy(update={"enrich": "off"}))
    assert off.processing.fetch is None
    assert "client" not in vars(off)
    off.close()


def test_the_client_leaves_long_waits_to_the_broker(own: Settings) -> None:
    held = runtime.Runtime(own)
    assert held.client.max_wait == 1.0
    held.close()


def test_the_publisher_goes_to_the_broker_of_the_settings(own: Settings) -> None:
    url = SecretStr("amqp://user:pass-word@127.0.0.1:1/")
    held = runtime.Runtime(own.model_copy(update={"broker_url": url}))
    publisher = held.publisher
    assert isinstance(publisher, Publisher)
    assert "127.0.0.1:1" in repr(publisher)
    held.close()


def test_a_forked_process_makes_its_own_runtime_and_leaves_its_parents_alone(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.use(own)
    parents = runtime.current()
    store = parents.store
    monkeypatch.setattr(runtime.os, "getpid", lambda: -1)
    childs = runtime.current()
    assert childs is not parents
    assert childs.pid == -1
    runtime.close()
    monkeypatch.undo()
    assert parents.pid == os.getpid()
    assert vars(parents)["store"] is store
    parents.close()


def test_a_child_that_never_worked_closes_nothing_of_its_parent(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.use(own)
    parents = runtime.current()
    store = parents.store
    monkeypatch.setattr(runtime.os, "getpid", lambda: -1)
    runtime.close()
    assert vars(parents)["store"] is store
    monkeypatch.undo()
    parents.close()
