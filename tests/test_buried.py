"""An event that lies among the dead letters is known, and none but that one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from genesys_workbench import buried, runtime
from genesys_workbench.buried import is_buried
from genesys_workbench.dead import dead_message
from genesys_workbench.errors import BrokerUnreachable, StoreUnavailable
from genesys_workbench.events import ConversationEvent, parse_event
from genesys_workbench.memory import MemoryPublisher, clear, setup
from genesys_workbench.messages import Job, payload_of
from genesys_workbench.settings import load_settings

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _embedded(tmp_path: Path) -> Iterator[None]:
    url = SecretStr(f"sqlite:///{tmp_path / 'store.db'}")
    runtime.use(load_settings(broker_url=SecretStr("memory://"), database_url=url))
    setup()
    clear()
    yield
    clear()
    runtime.use(None)


def event(name: str, **more: str) -> ConversationEvent:
    return parse_event({"conversationId": "c", "eventId": name, **more})


def note_death(name: str) -> None:
    runtime.current().store.note_attempt(
        event_id=name, conversation_id="c", event_type="created", attempt=1, outcome="dead"
    )


def bury(dead: ConversationEvent) -> None:
    letter = dead_message(
        payload_of(dead, received_at=NOW),
        headers={},
        task_id="t",
        job=Job(dead),
        reason="bury",
        error="",
        attempt=1,
    )
    publisher = MemoryPublisher()
    publisher.publish(letter).result()
    publisher.close()


def test_only_the_very_event_that_died_is_buried() -> None:
    bury(event("e1", text="first"))
    for name in ("e1", "e2"):
        note_death(name)
    assert is_buried(event("e1", text="first"))
    assert not is_buried(event("e1", text="second"))
    assert not is_buried(event("e2", text="first"))


def test_an_event_whose_letter_was_not_published_is_not_buried() -> None:
    note_death("e3")
    assert not is_buried(event("e3"))


def test_without_a_note_nothing_is_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buried, "dead_letters", None)
    assert not is_buried(event("e4"))


def test_while_the_store_is_away_the_letters_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise StoreUnavailable("away")

    bury(event("e5"))
    monkeypatch.setattr(runtime.current().store, "event", away)
    assert is_buried(event("e5"))
    assert not is_buried(event("e6"))


def test_letters_that_cannot_be_seen_hinder_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any) -> None:
        raise BrokerUnreachable("away")

    note_death("e7")
    monkeypatch.setattr(buried, "dead_letters", away)
    assert not is_buried(event("e7"))
