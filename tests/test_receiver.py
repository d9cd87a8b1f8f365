"""The receiver's answers, over real HTTP semantics (ASGI), with a scripted broker."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from genesys_workbench import endpoint, samples
from genesys_workbench.errors import (
    BrokerUnreachable,
    Forbidden,
    NotFound,
    RateLimited,
    Unauthorized,
    Unreachable,
    Unroutable,
)
from genesys_workbench.receiver import PATH, Receiver, create_app
from genesys_workbench.settings import Settings, load_settings
from tests.publishers import ScriptedPublisher

SEED = {"conversationId": "c-1", "timestamp": "2026-01-05T08:00:00Z"}
AWAY = BrokerUnreachable("RabbitMQ at amqp://x/ is unreachable.", fix="start it")


@pytest.fixture
def publisher() -> ScriptedPublisher:
    return ScriptedPublisher()


@asynccontextmanager
async def running(
    settings: Settings, publisher: ScriptedPublisher, **options: Any
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, publisher=publisher, **options)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            yield client


def deliver(
    settings: Settings, publisher: ScriptedPublisher, *args: Any, **kwargs: Any
) -> httpx.Response:
    """Post one delivery to a receiver that runs just for it."""
    options = kwargs.pop("options", {})

    async def run() -> httpx.Response:
        async with running(settings, publisher, **options) as client:
            return await client.post(PATH, *args, **kwargs)

    return asyncio.run(run())


def test_a_published_event_is_answered_202_with_its_ids(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    answer = deliver(settings, publisher, json=SEED)
    assert answer.status_code == 202
    body = answer.json()
    assert (body["status"], body["conversationId"]) == ("published", "c-1")
    assert [message.event_id for message in publisher.messages] == [body["eventId"]]


@pytest.mark.parametrize("envelope", ["eventbridge", "notification", "data-action", "seed"])
def test_each_envelope_is_taken(
    settings: Settings, publisher: ScriptedPublisher, envelope: str
) -> None:
    event = samples.event("voice-inbound", envelope=envelope)
    assert deliver(settings, publisher, json=event).status_code == 202


def test_a_batch_is_answered_event_by_event(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    body = deliver(settings, publisher, json=[SEED, {"conversationId": "c-2"}]).json()
    assert (body["status"], body["count"]) == ("published", 2)
    assert [each["conversationId"] for each in body["events"]] == ["c-1", "c-2"]


def test_a_batch_with_a_bad_event_publishes_none(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    answer = deliver(settings, publisher, json=[SEED, {}])
    assert (answer.status_code, publisher.messages) == (422, [])
    assert "Event 1" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"{", {}, 400, "not JSON"),
        (b'{"conversationId":"c","x":NaN}', {}, 400, "NaN"),
        (b'{"conversationId":"c","conversationId":"d"}', {}, 400, "same key twice"),
        (b"\xff", {}, 400, "UTF-8"),
        (b"{}", {}, 422, "no conversationId"),
        (b"[]", {}, 422, "no event"),
        (
            b"conversationId=c",
            {"Content-Type": "application/x-www-form-urlencoded"},
            415,
            "not JSON",
        ),
        (b"{}", {"Content-Type": "application/json; charset=latin-1"}, 415, "UTF-8"),
        (b"{}", {"Content-Type": "application/json; a=b; charset=utf-16"}, 415, "UTF-8"),
        (b"{}", {"Content-Type": "application/a+jsonb"}, 415, "not JSON"),
        (b"{}", {"Content-Encoding": "gzip"}, 415, "Compressed"),
        (b"{}", {"Transfer-Encoding": "gzip, chunked"}, 415, "Compressed"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(
    settings: Settings,
    publisher: ScriptedPublisher,
    body: bytes,
    headers: dict[str, str],
    status: int,
    words: str,
) -> None:
    answer = deliver(
        settings, publisher, content=body, headers={"Content-Type": "application/json"} | headers
    )
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert publisher.messages == []


def test_json_by_another_name_and_no_name_are_taken(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    body = json.dumps(SEED).encode()
    cloud = {"Content-Type": "application/cloudevents+json; charset=UTF-8; a=b"}
    assert deliver(settings, publisher, content=body, headers=cloud).status_code == 202
    assert deliver(settings, publisher, content=body).status_code == 202


def test_a_body_of_the_limit_passes_and_one_byte_more_is_413(publisher: ScriptedPublisher) -> None:
    settings = load_settings(max_body_bytes=2000)
    body = json.dumps(SEED | {"pad": ""}).encode()
    full = body.replace(b'"pad": ""', b'"pad": "' + b"x" * (2000 - len(body)) + b'"')
    assert len(full) == 2000
    assert deliver(settings, publisher, content=full).status_code == 202
    assert deliver(settings, publisher, content=full + b" ").status_code == 413


def test_a_large_body_is_parsed_beside_the_event_loop(
    settings: Settings, publisher: ScriptedPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def parse(body: bytes) -> Any:
        threads.append(threading.current_thread())
        return original(body)

    original = endpoint._parse
    monkeypatch.setattr(endpoint, "_parse", parse)
    body = json.dumps(SEED).encode()
    for size in (0, endpoint.PARSED_AT_ONCE, endpoint.PARSED_AT_ONCE + 1):
        assert deliver(settings, publisher, content=body.ljust(size)).status_code == 202
    here = threading.current_thread()
    assert [thread is here for thread in threads] == [True, True, False]


def test_a_path_that_is_nearly_right_is_not_redirected(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    async def run() -> int:
        async with running(settings, publisher) as client:
            return (await client.post(f"{PATH}/", json=SEED)).status_code

    assert asyncio.run(run()) == 404


def test_a_chunked_body_is_cut_off_at_the_limit(publisher: ScriptedPublisher) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 1000

    settings = load_settings(max_body_bytes=5000)

    async def run() -> int:
        messages = endless()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(messages), "more_body": True}

        return await _raw(settings, publisher, receive)

    assert asyncio.run(run()) == 413
    assert sent <= 7


def test_a_body_that_does_not_end_is_408(publisher: ScriptedPublisher) -> None:
    settings = load_settings(body_timeout=0.05)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    assert asyncio.run(_raw(settings, publisher, receive)) == 408


def test_a_sender_that_hangs_up_costs_nothing(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert asyncio.run(_raw(settings, publisher, receive)) == 400
    assert publisher.messages == []


async def _raw(settings: Settings, publisher: ScriptedPublisher, receive: Any) -> int:
    """Speak ASGI by hand and return the status."""
    app = create_app(settings, publisher=publisher)
    statuses: list[int] = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "app": app,
    }
    async with app.router.lifespan_context(app):
        await app(scope, receive, send)
    return statuses[0]


def test_a_wrong_or_missing_secret_is_401_before_the_body_is_parsed(
    publisher: ScriptedPublisher,
) -> None:
    settings = load_settings(webhook_secret="right")
    assert deliver(settings, publisher, content=b"{").status_code == 401
    wrong = deliver(settings, publisher, json=SEED, headers={"X-Webhook-Secret": "wrong"})
    assert wrong.status_code == 401
    assert "X-Webhook-Secret" in wrong.json()["fix"]
    right = deliver(settings, publisher, json=SEED, headers={"X-Webhook-Secret": "right"})
    assert right.status_code == 202


def test_other_methods_are_405(settings: Settings, publisher: ScriptedPublisher) -> None:
    async def run() -> int:
        async with running(settings, publisher) as client:
            return (await client.get(PATH)).status_code

    assert asyncio.run(run()) == 405


def test_with_the_broker_away_an_event_is_spooled_and_drained_when_it_is_back(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    async def run() -> list[str]:
        publisher.ready, publisher.error = False, AWAY
        async with running(settings, publisher) as client:
            answers = [await client.post(PATH, json={"conversationId": f"c{n}"}) for n in range(3)]
            assert {answer.status_code for answer in answers} == {202}
            assert {answer.json()["status"] for answer in answers} == {"spooled"}
            assert (await client.get("/readyz")).json()["spooled"] == 3
            publisher.ready, publisher.error = True, None
            await _until(lambda: len(publisher.messages) == 3)
            await _until_spooled(client, 0)
            return [answer.json()["eventId"] for answer in answers]

    sent = asyncio.run(run())
    assert [message.event_id for message in publisher.messages] == sent


def test_an_unconfirmed_publish_falls_back_to_the_spool(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    publisher.error = Unroutable("no queue")
    assert deliver(settings, publisher, json=SEED).json()["status"] == "spooled"


def test_what_an_earlier_run_left_in_the_spool_is_drained(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    publisher.ready, publisher.error = False, AWAY
    left = deliver(settings, publisher, json=SEED).json()
    publisher.ready, publisher.error = True, None

    async def run() -> None:
        async with running(settings, publisher):
            await _until(lambda: bool(publisher.messages))

    asyncio.run(run())
    assert [message.event_id for message in publisher.messages] == [left["eventId"]]


def test_without_a_spool_an_outage_is_503_with_retry_after(publisher: ScriptedPublisher) -> None:
    publisher.ready, publisher.error = False, AWAY
    answer = deliver(load_settings(spool_max_events=0), publisher, json=SEED)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "unreachable" in answer.json()["detail"]


def test_a_full_spool_is_503_with_retry_after(publisher: ScriptedPublisher) -> None:
    publisher.ready, publisher.error = False, AWAY
    settings = load_settings(spool_max_events=1)
    assert deliver(settings, publisher, json={"conversationId": "a"}).status_code == 202
    answer = deliver(settings, publisher, json={"conversationId": "b"})
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


def test_missing_queues_are_declared_again(publisher: ScriptedPublisher) -> None:
    from genesys_workbench.intake import Intake
    from genesys_workbench.metrics import Metrics
    from genesys_workbench.proof import Proof
    from genesys_workbench.spool import Spool

    settings = load_settings()

    async def run() -> None:
        spool = Spool(settings.spool_file, max_events=10)
        publisher.error = Unroutable("no queue")

        async def prove() -> None:
            publisher.error = None

        from datetime import UTC, datetime

        from genesys_workbench.events import parse_event

        intake = Intake(
            publisher,
            spool,
            metrics=Metrics(),
            clock=lambda: datetime.now(UTC),
            proof=Proof(prove, error=None),
        )
        intake.start()
        assert await intake.keep([parse_event(SEED)]) == ["spooled"]
        await _until(lambda: len(publisher.messages) == 1)
        await intake.stop()
        spool.close()

    asyncio.run(run())


def test_enrichment_in_the_receiver_sends_the_conversation_along(
    publisher: ScriptedPublisher,
) -> None:
    settings = load_settings(enrich="receiver")
    answer = deliver(
        settings,
        publisher,
        json=SEED,
        options={"fetch": lambda cid: {"id": cid, "participants": []}},
    )
    assert answer.status_code == 202
    payload = json.loads(json.loads(publisher.messages[0].body)[0][0])
    assert payload["metadata"] == {"id": "c-1", "participants": []}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("no such", status=404), 404),
        (Forbidden("may not", status=403), 403),
        (Unauthorized("who", status=401), 403),
        (RateLimited("too many", status=429, retry_after=7), 429),
        (Unreachable("nobody there"), 503),
    ],
)
def test_enrichment_in_the_receiver_relays_the_apis_refusal(
    publisher: ScriptedPublisher, error: Exception, status: int
) -> None:
    def fetch(_: str) -> dict[str, Any]:
        raise error

    settings = load_settings(enrich="receiver")
    answer = deliver(settings, publisher, json=SEED, options={"fetch": fetch})
    assert (answer.status_code, publisher.messages) == (status, [])
    if status == 429:
        assert int(answer.headers["Retry-After"]) >= 7


def test_health_tells_life_and_readiness_tells_the_broker(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    async def run() -> None:
        async with running(settings, publisher) as client:
            assert (await client.get("/healthz")).json() == {"status": "ok"}
            assert (await client.get("/readyz")).status_code == 200
            publisher.ready = False
            answer = await client.get("/readyz")
            assert answer.status_code == 503
            assert answer.json() == {"broker": "away", "spool": "open", "spooled": 0}

    asyncio.run(run())


def test_metrics_count_deliveries_by_status_and_events_by_way(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    async def run() -> str:
        async with running(settings, publisher) as client:
            await client.post(PATH, json=SEED)
            await client.post(PATH, content=b"{")
            return (await client.get("/metrics")).text

    text = asyncio.run(run())
    assert 'workbench_deliveries_total{status="202"} 1.0' in text
    assert 'workbench_deliveries_total{status="400"} 1.0' in text
    assert 'workbench_events_total{way="published"} 1.0' in text
    assert "workbench_broker_ready 1.0" in text


def test_the_openapi_document_describes_the_delivery_route(
    settings: Settings, publisher: ScriptedPublisher
) -> None:
    document = create_app(settings, publisher=publisher).openapi()
    responses = document["paths"][PATH]["post"]["responses"]
    assert {"202", "400", "401", "408", "413", "415", "422", "503"} <= responses.keys()


def test_each_accepted_event_is_a_log_line_with_its_ids(
    settings: Settings, publisher: ScriptedPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "genesys_workbench"):
        deliver(settings, publisher, json=[{"conversationId": "c-1", "eventId": "e-1"}, SEED])
    first, second = caplog.records
    assert first.getMessage() == "202 published created, conversation c-1, event e-1"
    assert (first.event_id, first.conversation_id) == ("e-1", "c-1")  # type: ignore[attr-defined]
    assert second.outcome == "published"  # type: ignore[attr-defined]


def test_refusals_are_logged_once_in_a_while_and_without_the_body(
    publisher: ScriptedPublisher, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load_settings(webhook_secret="right")

    async def run() -> None:
        async with running(settings, publisher) as client:
            for _ in range(50):
                await client.post(PATH, json=SEED, headers={"X-Webhook-Secret": "my-guess"})

    with caplog.at_level(logging.INFO, "genesys_workbench"):
        asyncio.run(run())
    assert caplog.text.count("delivery answered 401") == 1
    assert "my-guess" not in caplog.text


@pytest.fixture
def receiver(publisher: ScriptedPublisher, tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(load_settings(port=0), publisher=publisher) as running_receiver:
        yield running_receiver


def test_the_receiver_runs_in_a_thread_and_can_be_restarted(
    receiver: Receiver, publisher: ScriptedPublisher
) -> None:
    assert httpx.post(str(receiver.url), json=SEED).status_code == 202
    receiver.stop()
    assert receiver.url is None
    receiver.start()
    assert httpx.post(str(receiver.url), json=SEED).status_code == 202
    assert len(publisher.messages) == 2


def test_a_busy_port_gives_a_free_one_and_says_so(
    receiver: Receiver, publisher: ScriptedPublisher
) -> None:
    port = int(str(receiver.url).split(":")[2].split("/")[0])
    settings = load_settings(port=port, spool_path=Path(receiver._settings.data_dir) / "two.db")
    with Receiver(settings, publisher=publisher) as second:
        assert second.url != receiver.url
        assert f"port {port} is busy" in str(second.note)
        assert httpx.post(str(second.url), json=SEED).status_code == 202


async def _until(condition: Any, *, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


async def _until_spooled(client: httpx.AsyncClient, count: int) -> None:
    deadline = time.monotonic() + 5
    while (await client.get("/readyz")).json()["spooled"] != count:
        assert time.monotonic() < deadline, "the spool was not drained in time"
        await asyncio.sleep(0.01)
