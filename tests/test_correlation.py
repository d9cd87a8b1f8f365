"""The correlation id of a delivery: taken or made, answered, and in every log entry about it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from genesys_workbench.correlation import (
    ContextFilter,
    about,
    also,
    correlation_in,
    correlation_of,
    ids_of,
)
from genesys_workbench.dead import dead_message, read_dead
from genesys_workbench.deliverylog import DeliveryLog
from genesys_workbench.errors import BrokerUnreachable
from genesys_workbench.pending import Pending
from genesys_workbench.receiver import PATH, create_app
from genesys_workbench.settings import Settings
from tests.publishers import ScriptedPublisher

SEED = {"conversationId": "c-1", "timestamp": "2026-01-05T08:00:00Z"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADER = "X-Correlation-ID"


def made() -> str:
    return "made-1"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ININ-Correlation-Id": "a-1"}, "a-1"),
        ({HEADER: "a.B_c-1"}, "a.B_c-1"),
        ({"ININ-Correlation-Id": "first", HEADER: "second"}, "first"),
        ({"ININ-Correlation-Id": "not\nfit", HEADER: "second"}, "second"),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
        ({"traceparent": f"00-{TRACE}-b7ad6b7169203331-01-of-a-later-version"}, TRACE),
        ({HEADER: "mine", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}, "mine"),
        ({"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}, "made-1"),
        ({"traceparent": TRACE}, "made-1"),
        ({HEADER: "x" * 128}, "x" * 128),
        ({HEADER: "x" * 129}, "made-1"),
        ({HEADER: "person@example.com"}, "made-1"),
        ({HEADER: ""}, "made-1"),
        ({}, "made-1"),
    ],
)
def test_a_well_formed_id_of_the_sender_is_taken_and_else_one_is_made(
    headers: dict[str, str], expected: str
) -> None:
    in_lower_case = {name.lower(): value for name, value in headers.items()}
    assert correlation_of(in_lower_case, made) == expected


@pytest.mark.parametrize("given", ["two words", "x" * 129, "", 7, None, b"bytes"])
def test_a_message_of_another_program_cannot_bring_an_id_that_is_none(given: Any) -> None:
    headers = {"x-workbench-correlation-id": given, "x-workbench-event-id": "e-1"}
    assert correlation_in(headers) is None
    assert ids_of(headers) == {"event_id": "e-1"}


def records(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Captured log entries, with the ids of where they were written."""
    caplog.handler.addFilter(ContextFilter())
    caplog.set_level(logging.DEBUG)
    return caplog


def test_ids_are_known_within_and_forgotten_after(said: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("genesys_workbench.somewhere")
    with about(correlation_id="c-1"):
        log.info("a")
        also(event_id="e-1")
        log.info("b", extra={"event_id": "its own"})
        with about(event_id="e-2"):
            log.info("c")
        log.info("d")
    log.info("e")
    ids = [(one.get("correlation_id"), one.get("event_id")) for one in records(said)]
    assert ids == [
        ("c-1", None),
        ("c-1", "its own"),
        ("c-1", "e-2"),
        ("c-1", "e-1"),
        (None, None),
    ]


def test_threads_do_not_see_each_others_ids(said: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("genesys_workbench.somewhere")

    def work(number: int) -> None:
        with about(correlation_id=f"c-{number}"):
            log.info("c-%d", number)

    with about(correlation_id="outer"), ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(200)))
    mixed = [one for one in records(said) if one["correlation_id"] != one["msg"] % one["args"]]
    assert (len(said.records), mixed) == (200, [])


def deliver(
    settings: Settings,
    publisher: ScriptedPublisher,
    *requests: dict[str, Any],
    until: Callable[[], bool] = lambda: True,
    **options: Any,
) -> list[httpx.Response]:
    """Post deliveries, all at once, to a receiver that runs just for them, and until then."""

    async def run() -> list[httpx.Response]:
        app = create_app(settings, publisher=publisher, new_id=made, **options)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:
                posts = [client.post(PATH, **request) for request in requests]
                answers = await asyncio.gather(*posts)
                async with asyncio.timeout(10):
                    while not until():
                        await asyncio.sleep(0.01)
                return answers

    return asyncio.run(run())


def test_every_answer_has_the_id_whatever_its_status(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"max_body_bytes": 1000})
    requests = [
        {"json": SEED},
        {"content": b"{"},
        {"content": b"{}"},
        {"content": b"x" * 2000},
        {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    ]
    answers = deliver(own, ScriptedPublisher(), *requests)
    assert [each.status_code for each in answers] == [202, 400, 422, 413, 415]
    assert {each.headers[HEADER] for each in answers} == {"made-1"}

    broken = ScriptedPublisher()
    monkeypatch.setattr(broken, "publish", lambda _: 1 / 0)
    (failed,) = deliver(settings, broken, {"json": SEED, "headers": {HEADER: "mine"}})
    assert (failed.status_code, failed.headers[HEADER]) == (500, "mine")


def test_entries_of_deliveries_at_the_same_time_keep_their_ids_apart(
    settings: Settings, said: pytest.LogCaptureFixture
) -> None:
    requests = [
        {"json": {"conversationId": f"c-{number}"}, "headers": {HEADER: f"c-{number}"}}
        for number in range(50)
    ]
    deliver(settings, ScriptedPublisher(), *requests)
    taken = [one for one in records(said) if one.get("outcome") == "published"]
    assert len(taken) == 50
    assert [one for one in taken if one["correlation_id"] != one["conversation_id"]] == []


def test_refused_failed_spooled_and_drained_deliveries_are_logged_with_their_id(
    settings: Settings, said: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = ScriptedPublisher()
    publisher.error = BrokerUnreachable("away")
    requests = [
        {"content": b"{", "headers": {HEADER: "refused-1"}},
        {"json": SEED, "headers": {HEADER: "spooled-1"}},
    ]
    deliver(settings, publisher, *requests)
    publisher.error = None
    monkeypatch.setattr("genesys_workbench.intake.DRAIN_PAUSE", 0.01)
    # A receiver that starts drains what the last one left.
    deliver(settings, publisher, until=lambda: "was drained" in said.text)
    broken = ScriptedPublisher()
    monkeypatch.setattr(broken, "publish", lambda _: 1 / 0)
    deliver(settings, broken, {"json": SEED, "headers": {HEADER: "failed-1"}})

    told = {one.get("correlation_id"): one for one in records(said) if "correlation_id" in one}
    assert told["refused-1"]["status"] == 400
    assert told["failed-1"]["levelname"] == "ERROR"
    spooled = [one for one in records(said) if one.get("correlation_id") == "spooled-1"]
    assert [one["outcome"] for one in spooled] == ["spooled", "drained"]
    assert len({one["event_id"] for one in spooled}) == 1


def test_the_id_travels_with_the_message_into_the_dead_letter_and_back(settings: Settings) -> None:
    publisher = ScriptedPublisher()
    deliver(settings, publisher, {"json": [SEED, {"conversationId": "c-2"}]})
    assert [correlation_in(each.headers) for each in publisher.messages] == ["made-1", "made-1"]

    message = publisher.messages[0]
    letter = dead_message(
        "{}",
        headers=message.headers,
        task_id="t-1",
        job=None,
        reason="mine",
        error="",
        attempt=1,
    )
    assert correlation_in(letter.headers) == "made-1"
    assert correlation_in(read_dead(letter.body, letter.headers).message.headers) == "made-1"


def test_the_delivery_log_finds_a_delivery_by_its_id(settings: Settings) -> None:
    log = DeliveryLog()
    requests = [
        {"json": SEED, "headers": {HEADER: "one-and-only"}},
        {"json": SEED, "headers": {HEADER: "another"}},
    ]
    deliver(settings, ScriptedPublisher(), *requests, deliveries=log)
    (found,) = log.find("one-and-only")
    assert found.correlation_id == "one-and-only"


def test_a_message_that_could_not_be_published_is_named_to_who_debugs(
    settings: Settings, said: pytest.LogCaptureFixture
) -> None:
    publisher = ScriptedPublisher()
    deliver(settings, publisher, {"json": SEED})
    pending = Pending(publisher.messages[0], Future())
    pending.fail(BrokerUnreachable("RabbitMQ is away."))
    entry = records(said)[-1]
    assert (entry["levelname"], entry["correlation_id"]) == ("DEBUG", "made-1")
    assert entry["event_id"] == publisher.messages[0].event_id
