"""Dead letters: written with their reason, read whatever they are."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_workbench.autopsy import preview
from genesys_workbench.dead import dead_message, read_dead, sent_back, was_sent_back_since
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
    found = read_dead(body, headers)
    assert (found.event_id, found.conversation_id) == ("e-1", "c-1")
    assert (found.reason, found.error, found.attempts) == ("forbidden", "it broke", 4)
    assert found.died_at is not None
    assert found.redriven == 0


def test_a_long_error_is_cut() -> None:
    assert len(read_dead(*letter("x" * 9999)).error) == 2000


def test_the_message_to_send_back_is_the_original_without_its_marks_of_death() -> None:
    body, headers = letter()
    marked = {**headers, "x-first-death-queue": "q", "CC": ["elsewhere"]}
    again = sent_back(read_dead(body, marked), at=NOW)
    assert (again.exchange, again.routing_key, again.body) == ("", QUEUE, body)
    assert again.headers["x-workbench-redriven"] == 1
    assert again.headers["x-workbench-replay"] == 2
    assert again.headers["retries"] == 0
    gone = {"x-workbench-reason", "x-workbench-error", "x-first-death-queue", "x-death", "CC"}
    assert gone.isdisjoint(again.headers)
    assert decode(json.loads(again.body)[0][0]).event == parse_event(SOURCE)


def test_a_letter_that_dies_again_remembers_its_earlier_deaths() -> None:
    body, headers = letter()
    for number in range(12):
        own = {"x-workbench-reason": f"reason {number}", "x-workbench-attempts": 4}
        died = {**headers, **own}
        found = read_dead(body, died)
        headers = sent_back(found, at=NOW + timedelta(hours=number)).headers
    last = read_dead(body, headers)
    assert last.redriven == 12
    assert [each["reason"] for each in last.history] == [f"reason {n}" for n in range(2, 12)]
    assert last.history[-1]["redrivenAt"] == "2026-01-05T11:00:00+00:00"
    assert last.history[-1]["attempts"] == 4


def test_a_letter_that_died_again_in_the_meantime_is_told_from_an_old_one() -> None:
    body, headers = letter()
    again = read_dead(body, sent_back(read_dead(body, headers), at=NOW).headers)
    assert was_sent_back_since(again, NOW)
    assert not was_sent_back_since(again, NOW + timedelta(seconds=1))
    assert not was_sent_back_since(read_dead(body, headers), NOW)


def test_properties_go_back_as_they_came_but_for_those_that_would_do_harm() -> None:
    harmless = {
        "content_type": b"\xff",
        "content_encoding": "utf-16",
        "priority": 7,
        "correlation_id": "c",
        "reply_to": "r",
        "message_id": "m",
        "timestamp": 2**62,
        "type": "t",
        "app_id": "a",
    }
    given = harmless | {"user_id": "other", "expiration": "1", "delivery_mode": 1}
    assert read_dead(b"\0", {"k": "v"}, given).message.amqp_properties == harmless
    assert read_dead(b"\0", {}, {}).message.amqp_properties == {}


def test_headers_that_are_no_tasks_stay_as_they_are() -> None:
    again = read_dead(b"5", {b"\xff": 1, "mine": [1]}, {}).message
    assert again.headers == {b"\xff": 1, "mine": [1], "x-workbench-redriven": 1}


GOOD = encode(parse_event(SOURCE), received_at=NOW)
OURS = [{"queue": QUEUE, "reason": "delivery_limit", "time": datetime(2026, 1, 5, 9)}]
DELAY = {"queue": "celery_delayed_0", "reason": "expired"}


TASK = {"task": TASK_NAME, "id": "t-1"}


@pytest.mark.parametrize(
    ("body", "headers", "reason"),
    [
        (GOOD.body, {**GOOD.headers, "x-death": OURS}, "delivery_limit"),
        (GOOD.body, {**GOOD.headers, "x-death": [DELAY, *OURS]}, "delivery_limit"),
        (GOOD.body, {**GOOD.headers, "x-death": [DELAY]}, "rejected"),
        (GOOD.body, {**GOOD.headers, "x-death": "nonsense"}, "rejected"),
        (GOOD.body, {**GOOD.headers, "x-death": [5]}, "rejected"),
        (GOOD.body, GOOD.headers | {"task": "other"}, "unknown_task"),
        (GOOD.body, GOOD.headers | {"id": 5}, "invalid"),
        (GOOD.body, GOOD.headers | {"id": "x" * 256}, "invalid"),
        (GOOD.body, GOOD.headers | {"retries": "many"}, "invalid"),
        (GOOD.body, GOOD.headers | {"retries": -1}, "invalid"),
        (GOOD.body, GOOD.headers | {"eta": "soon"}, "invalid"),
        (GOOD.body, GOOD.headers | {"expires": "2001-01-01T00:00:00"}, "expired"),
        (GOOD.body, GOOD.headers | {"compression": "application/x-gzip"}, "undecodable"),
        (GOOD.body, {}, "invalid"),
        (b"\xff", TASK, "undecodable"),
        (b"{", {}, "undecodable"),
        (b"[" * 200_000, {}, "undecodable"),
        (b"5", {}, "invalid"),
        (b'{"conversationId": "c"}', {}, "invalid"),
        (b"[[]]", {}, "invalid"),
        (b'[["{}"], [], null]', TASK, "invalid"),
        (b'[["{}", 1], {}, null]', TASK, "invalid"),
        (b'[["{}"], {}, null]', TASK, "schema"),
        (b"[[NaN], {}, null]", TASK, "schema"),
    ],
)
def test_what_the_broker_dead_lettered_is_explained(
    body: bytes, headers: dict[str, object], reason: str
) -> None:
    found = read_dead(body, headers, {"message_id": "m"})
    assert found.reason == reason
    assert found.error or reason == "rejected"
    assert found.event_id in ("e-1", "m")
    assert found.message.body == body


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"content_type": "application/x-python-serialize"}, "undecodable"),
        ({"content_encoding": "utf-16"}, "undecodable"),
        ({"content_encoding": "no-such"}, "undecodable"),
        ({"content_type": "application/json", "content_encoding": b"\xff"}, "rejected"),
    ],
)
def test_the_kind_of_the_body_matters_too(properties: dict[str, object], reason: str) -> None:
    assert read_dead(GOOD.body, GOOD.headers, properties).reason == reason


def test_the_event_in_the_body_counts_more_than_what_a_header_says() -> None:
    headers = GOOD.headers | {"x-workbench-event-id": "x", "x-workbench-conversation-id": b"\xff"}
    found = read_dead(GOOD.body, headers)
    assert (found.event_id, found.conversation_id, found.parsed) == ("e-1", "c-1", True)
    other = read_dead(b"{", headers)
    assert (other.event_id, other.conversation_id, other.parsed) == ("x", "\\xff", False)


@pytest.mark.parametrize(
    ("body", "looks"),
    [
        (b'{"name": "Ada", "age": 5}', "{name, age}"),
        (b'[["Ada"], {}, null]', "[list, dict, NoneType]"),
        (b'"Ada"', "str"),
        (b"\xff\xfeAda", "ff fe 41 64 61"),
        (b"x" * 20, "78 " * 15 + "78…"),
        (b'{"ada@example.com": 1}', "{<e-mail>}"),
        (json.dumps(dict.fromkeys(map(str, range(99)))).encode(), None),
    ],
)
def test_a_preview_shows_the_shape_of_a_body_and_nothing_of_its_values(
    body: bytes, looks: str | None
) -> None:
    found = preview(body)
    assert found == looks or (looks is None and len(found) == 60)


def test_the_time_of_the_brokers_own_dead_lettering_is_told() -> None:
    found = read_dead(GOOD.body, {**GOOD.headers, "x-death": OURS})
    assert found.died_at == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_a_task_that_is_no_event_keeps_its_task_id() -> None:
    dead = dead_message(
        "{}", headers={}, task_id="t-9", job=None, reason="schema", error="", attempt=1
    )
    assert (dead.event_id, dead.routing_key) == ("t-9", "conversation.other.unknown")


JUNK = st.none() | st.integers() | st.text() | st.binary() | st.lists(st.integers())
NAMES = [
    "task",
    "id",
    "x-death",
    "x-workbench-attempts",
    "x-workbench-redriven",
    "x-workbench-dead-at",
    "x-workbench-history",
    "x-workbench-event-id",
]


@given(
    st.binary() | st.builds(lambda v: json.dumps(v).encode(), st.lists(st.none() | st.text())),
    st.dictionaries(st.sampled_from(NAMES), JUNK),
    st.dictionaries(st.sampled_from(["content_type", "content_encoding", "message_id"]), JUNK),
)
def test_any_message_can_be_read_and_sent_back(
    body: bytes, headers: dict[str, object], properties: dict[str, object]
) -> None:
    found = read_dead(body, headers, properties)
    assert found.reason
    again = sent_back(found, at=NOW)
    assert again.body == body
    assert len(read_dead(body, again.headers, properties).history) == len(found.history) + 1


def test_a_job_tells_no_conversation_in_its_repr() -> None:
    assert "secret name" not in repr(
        Job(parse_event({"conversationId": "c"}), NOW, {"n": "secret name"})
    )
