"""Replaying: the same event again, its id kept, the attempt marked."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import pytest

from genesys_workbench.errors import BrokerUnreachable, PublishTimeout, WorkbenchError
from genesys_workbench.messages import Message, decode
from genesys_workbench.replay import replay_event
from genesys_workbench.store import Store
from tests.publishers import ScriptedPublisher
from tests.store_fakes import detail, ticking

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'store.db'}", clock=ticking())
    opened.prepare()
    yield opened
    opened.close()


def note(store: Store, outcome: str) -> None:
    store.note_attempt(
        event_id="e1", conversation_id="c1", event_type="acw", attempt=1, outcome=outcome
    )


def payload(message: Message) -> str:
    import json

    argument: str = json.loads(message.body)[0][0]
    return argument


def test_the_message_holds_the_event_as_it_was_stored(store: Store) -> None:
    event = detail("e1", "acw", queueId="q1")
    store.record(event)
    publisher = ScriptedPublisher()
    assert replay_event(store, publisher, "e1", clock=lambda: NOW) == 1
    (message,) = publisher.messages
    job = decode(payload(message))
    assert (job.event.source, job.event.event_id) == (event.source, "e1")
    assert (job.event.event_type, job.received_at) == ("acw", NOW)
    assert message.headers["x-workbench-replay"] == 1


def test_the_id_is_kept_even_where_the_source_itself_has_none(store: Store) -> None:
    from dataclasses import replace

    from genesys_workbench.events import parse_event

    given = parse_event({"conversationId": "c1", "timestamp": "2026-03-02T10:00:00Z"})
    store.record(replace(given, event_id="renamed"))
    publisher = ScriptedPublisher()
    replay_event(store, publisher, "renamed")
    assert decode(payload(publisher.messages[0])).event.event_id == "renamed"


def test_replays_are_counted_by_those_that_were_carried_out(store: Store) -> None:
    store.record(detail("e1", "acw"))
    note(store, "replayed")
    note(store, "duplicate")
    note(store, "replayed")
    assert replay_event(store, ScriptedPublisher(), "e1") == 3


def test_an_unknown_event_names_where_to_look(store: Store) -> None:
    with pytest.raises(WorkbenchError, match="No event e1 is stored") as raised:
        replay_event(store, ScriptedPublisher(), "e1")
    assert "events list" in raised.value.fix


def test_a_dead_letter_is_redriven_and_not_replayed(store: Store) -> None:
    note(store, "dead")
    publisher = ScriptedPublisher()
    with pytest.raises(WorkbenchError, match="is a dead letter") as raised:
        replay_event(store, publisher, "e1")
    assert raised.value.fix == "genesys-workbench queue redrive e1"
    assert publisher.messages == []


def test_an_event_that_is_still_tried_is_left_to_the_worker(store: Store) -> None:
    note(store, "retry")
    with pytest.raises(WorkbenchError, match="still being tried"):
        replay_event(store, ScriptedPublisher(), "e1")


def test_a_broker_that_refuses_is_told(store: Store) -> None:
    store.record(detail("e1"))
    publisher = ScriptedPublisher()
    publisher.error = BrokerUnreachable("away")
    with pytest.raises(BrokerUnreachable, match="away"):
        replay_event(store, publisher, "e1")


def test_a_broker_that_never_confirms_is_an_error_and_no_traceback(store: Store) -> None:
    class Silent(ScriptedPublisher):
        def publish(self, message: Message) -> Future[None]:
            return Future()

    store.record(detail("e1"))
    with pytest.raises(PublishTimeout, match=r"within 0\.01 s"):
        replay_event(store, Silent(), "e1", timeout=0.01)
