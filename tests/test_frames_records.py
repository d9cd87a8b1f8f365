from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from genesys_workbench import frames, memory
from genesys_workbench.frames.catalogue import CATALOGUE
from genesys_workbench.messages import DEAD_QUEUE, Message, encode
from genesys_workbench.store import Store
from tests.frames_fakes import analytics, rest
from tests.store_fakes import detail, second, snapshot, ticking

URL = "memory://"
KEY = "a key of the tests"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path / 'store.db'}", clock=ticking(second(100)))
    opened.prepare()
    yield opened
    opened.close()


def dtypes(frame: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in frame.dtypes.items()}


def documented(name: str) -> dict[str, str]:
    return {column.name: column.dtype for column in CATALOGUE[name]}


def test_an_empty_store_gives_frames_with_all_columns(store: Store) -> None:
    assert dtypes(frames.events(store)) == documented("events")
    assert dtypes(frames.attempts(store)) == documented("attempts")
    assert dtypes(frames.from_store(store).segments) == documented("segments")


def test_snapshots_give_the_frames_of_their_conversations(store: Store) -> None:
    bodies = [*analytics()[:4], *rest()[4:8]]
    for number, body in enumerate(bodies):
        given = body.get("conversationId") or body["id"]
        event = detail(f"e-{number}", c=given, mediaType="UNKNOWN")
        store.record(event, conversation=body, fetched_at=second(50))
    found = frames.from_store(store, key=KEY)
    expected = frames.from_conversations(bodies, key=KEY)
    for name in ("conversations", "participants", "sessions", "segments", "metrics"):
        assert_frame_equal(getattr(found, name), getattr(expected, name))


def test_a_conversation_of_which_only_events_are_known_has_a_row(store: Store) -> None:
    store.record(detail("e-1", c="c1", ani="tel:+12025550143", callbackUserName="Imogen Sample"))
    store.record(detail("e-2", c="c2"), conversation=snapshot(c="c2", end=60))
    found = frames.from_store(store).conversations.set_index("conversation_id")
    assert found.told_by.to_dict() == {"c1": "events", "c2": "rest"}
    assert found.media_type["c1"] == "voice"
    assert found.participants.isna()["c1"]
    assert found.started_at["c1"] == second(0)
    assert found.customer_name["c1"].startswith("masked-")
    assert found.ended_at["c2"] == second(60)


def test_a_period_is_selected_by_the_start(store: Store) -> None:
    for n in range(4):
        store.record(detail(f"e-{n}", c=f"c{n}", at=60 * n))
    found = frames.from_store(store, since=second(60), until=second(180))
    assert list(found.conversations.conversation_id) == ["c1", "c2"]


def test_events_have_their_times_latency_and_state(store: Store) -> None:
    store.record(detail("e-1"), received_at=second(90))
    store.note_attempt(
        event_id="e-2", conversation_id="c1", event_type="acw", attempt=1, outcome="dead",
        reason="not_found",
    )  # fmt: skip
    found = frames.events(store)
    assert dtypes(found) == documented("events")
    found = found.set_index("event_id")
    assert list(found.index) == ["e-2", "e-1"]
    assert found.latency_s["e-1"] == pytest.approx(10)
    assert found.status.to_dict() == {"e-1": "processed", "e-2": "dead"}
    assert found.reason["e-2"] == "not_found"
    assert found.processed_at["e-1"] == second(100)


def test_events_can_be_selected(store: Store) -> None:
    for n in range(3):
        store.record(detail(f"e-{n}", "acw" if n else "customer.start", c=f"c{n}"))
    assert len(frames.events(store, limit=2)) == 2
    assert list(frames.events(store, event_type="customer.start").event_id) == ["e-0"]
    assert list(frames.events(store, conversation_id="c2").event_id) == ["e-2"]
    assert len(frames.events(store, status="dead")) == 0
    assert list(frames.events(store, since=second(102)).event_id) == ["e-2"]


def test_attempts_are_listed_the_newest_first(store: Store) -> None:
    for n, outcome in enumerate(("retry", "retry", "dead"), 1):
        store.note_attempt(
            event_id="e-1", conversation_id="c1", event_type="acw", attempt=n, outcome=outcome,
            reason="upstream_5xx", error="Bearer abcdefghijk", runtime_s=0.5, traceback="there",
        )  # fmt: skip
    found = frames.attempts(store)
    assert dtypes(found) == documented("attempts")
    assert found.attempt.tolist() == [3, 2, 1]
    assert found.outcome.tolist() == ["dead", "retry", "retry"]
    assert found["at"].tolist() == [second(102), second(101), second(100)]
    assert "abcdefghijk" not in found.to_csv()
    assert (found.runtime_s[0], found.traceback[0]) == (0.5, "there")
    assert frames.attempts(store, limit=1).attempt.tolist() == [3]


@pytest.fixture
def publisher() -> Iterator[memory.MemoryPublisher]:
    memory.setup()
    memory.clear()
    opened = memory.MemoryPublisher()
    yield opened
    opened.close()
    memory.clear()


def test_messages_of_a_queue_are_read_and_stay(publisher: memory.MemoryPublisher) -> None:
    event = detail("e-1", c="c1")
    sent = encode(event, received_at=second(0) + timedelta(seconds=1))
    headers = sent.headers | {"retries": 2}
    publisher.publish(Message("e-1", sent.routing_key, sent.body, headers)).result(5)
    for body in (b"{", b"[[]]", b'[["{}"], {}, null]'):
        publisher.publish(Message("raw", "conversation.other.unknown", body, {})).result(5)
    found = frames.messages(URL)
    assert dtypes(found) == documented("messages")
    first = found.iloc[0]
    assert (first.message_id, first.event_id, first.conversation_id) == ("e-1", "e-1", "c1")
    assert (first.event_type, first.media_type, first.attempt) == ("customer.start", "voice", 3)
    assert first.routing_key == "conversation.customer-start.voice"
    assert first.size_bytes == len(sent.body)
    assert pd.isna(first.undecodable)
    assert found.undecodable[1] == "The body is not JSON."
    assert found.undecodable[2].startswith("The body is no task")
    assert found.undecodable[3].startswith("The message holds no event")
    assert len(frames.messages(URL)) == 4
    assert len(frames.messages(URL, limit=2)) == 2


def test_an_empty_queue_gives_an_empty_frame(publisher: memory.MemoryPublisher) -> None:
    assert dtypes(frames.messages(URL, queue=DEAD_QUEUE)) == documented("messages")
