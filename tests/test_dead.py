"""Dead letters: written with their reason, read whatever they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_workbench.dead import dead_message, read_dead
from genesys_workbench.events import parse_event
from genesys_workbench.messages import QUEUE, TASK_NAME, Job, decode, encode

NOW = datetime(2026, 1, 5, tzinfo=UTC)
SOURCE = {"conversationId": "c-1", "eventId": "e-1", "mediaType": "CHAT", "eventType": "acw"}


def letter(error: str = "it broke") -> tuple[bytes, dict[str, object]]:
    message = encode(parse_event(SOURCE), received_at=NOW)
    payload = json.loads(message.body)[0][0]
    dead = dead_message(
        payload,
        headers={**message.headers, "x-workbench-replay": 2, "x-death": []},
        task_id="t-1",
        job=decode(payload),
        reason="forbidden",
        error=error,
        attempt=4,
    )
    assert (dead.exchange, dead.routing_key) == (
        "genesys.conversations.dead",
        "conversation.acw.chat",
    )
    return dead.body, dead.headers


def test_what_the_worker_wrote_is_read_back() -> None:
    body, headers = letter()
    found = read_dead(body, headers, message_id="e-1")
    assert (found.event_id, found.conversation_id) == ("e-1", "c-1")
    assert (found.reason, found.error, found.attempts) == ("forbidden", "it broke", 4)
    assert found.died_at is not None
    assert found.redriven == 0


def test_a_long_error_is_cut() -> None:
    assert len(read_dead(*letter("x" * 9999), message_id=None).error) == 2000


def test_the_message_to_send_back_is_the_original_without_its_history() -> None:
    body, headers = letter()
    again = read_dead(body, {**headers, "x-first-death-queue": "q"}, message_id="e-1").message
    assert (again.exchange, again.routing_key, again.body) == ("", QUEUE, body)
    assert again.headers["x-workbench-redriven"] == 1
    assert again.headers["x-workbench-replay"] == 2
    assert again.headers["retries"] == 0
    gone = {"x-workbench-reason", "x-workbench-error", "x-first-death-queue", "x-death"}
    assert gone.isdisjoint(again.headers)
    assert decode(json.loads(again.body)[0][0]).event == parse_event(SOURCE)


def test_sent_back_twice_is_counted() -> None:
    body, headers = letter()
    assert read_dead(body, {**headers, "x-workbench-redriven": 1}, message_id=None).redriven == 1


GOOD = encode(parse_event(SOURCE), received_at=NOW)
OURS = [{"queue": QUEUE, "reason": "delivery_limit", "time": datetime(2026, 1, 5, 9)}]
DELAY = {"queue": "celery_delayed_0", "reason": "expired"}


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (GOOD.body, {**GOOD.headers, "x-death": OURS}, "delivery_limit"),
        (GOOD.body, {**GOOD.headers, "x-death": [DELAY, *OURS]}, "delivery_limit"),
        (GOOD.body, {**GOOD.headers, "x-death": [DELAY]}, "rejected"),
        (GOOD.body, GOOD.headers | {"task": "other"}, "unknown_task"),
        (b"\xff", {"task": TASK_NAME}, "undecodable"),
        (b"{", {}, "undecodable"),
        (b"[" * 200_000, {}, "undecodable"),
        (b"5", {}, "invalid"),
        (b'{"conversationId": "c"}', {}, "invalid"),
        (b"[[]]", {}, "invalid"),
        (b'[["{}"], {}, null]', {"task": TASK_NAME}, "schema"),
    ],
)
def test_what_the_broker_dead_lettered_is_explained(
    body: bytes, headers: dict[str, object], reason: str
) -> None:
    found = read_dead(body, headers, message_id="m")
    assert found.reason == reason
    assert found.event_id in ("e-1", "m")
    assert found.message.body == body


def test_the_time_of_the_brokers_own_dead_lettering_is_told() -> None:
    found = read_dead(GOOD.body, {**GOOD.headers, "x-death": OURS}, message_id=None)
    assert found.died_at == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_a_task_that_is_no_event_keeps_its_task_id() -> None:
    dead = dead_message(
        "{}", headers={}, task_id="t-9", job=None, reason="schema", error="", attempt=1
    )
    assert (dead.event_id, dead.routing_key) == ("t-9", "conversation.other.unknown")


@given(
    st.binary() | st.builds(lambda v: json.dumps(v).encode(), st.lists(st.none() | st.text())),
    st.dictionaries(
        st.sampled_from(
            ["task", "x-workbench-attempts", "x-workbench-redriven", "x-workbench-dead-at"]
        ),
        st.none() | st.integers() | st.text(),
    ),
)
def test_any_message_can_be_read(body: bytes, headers: dict[str, object]) -> None:
    found = read_dead(body, headers, message_id=None)
    assert found.reason
    assert found.message.body == body


def test_a_job_tells_no_conversation_in_its_repr() -> None:
    assert "secret name" not in repr(
        Job(parse_event({"conversationId": "c"}), NOW, {"n": "secret name"})
    )
