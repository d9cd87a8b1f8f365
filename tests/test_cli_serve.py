"""``receive`` and ``work``: what they say, how they stop, and why they do not start."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
from types import SimpleNamespace
from typing import Any

import pytest
from celery import signals
from celery.worker import state
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from genesys_workbench import receiver as receiver_module
from genesys_workbench import tasks
from genesys_workbench.cli import serve
from genesys_workbench.cli.watched import Watched
from genesys_workbench.errors import SpoolError
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures

PATH = "/hook"
AWAY = "amqp://bench:hunter2@127.0.0.1:1/"
ANSWER = {"status": "published", "conversationId": "c1", "eventId": "e1"}


def post(watched: Watched, path: str = PATH) -> None:
    """Send one request through the app."""
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None: ...

    asyncio.run(watched(scope, receive, send))


def app(status: int, answer: Any, *, refusals: bool = True) -> Watched:
    async def respond(_: object) -> JSONResponse:
        return JSONResponse(answer, status)

    routes = [Route(path, respond, methods=["POST"]) for path in (PATH, "/other")]
    return Watched(Starlette(routes=routes), PATH, refusals=refusals)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture, logging_restored: None) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "genesys_workbench.delivery")
    return caplog


def test_a_person_who_watches_sees_each_refusal(told: pytest.LogCaptureFixture) -> None:
    watched = app(422, {"detail": "no conversationId"})
    post(watched)
    post(watched)
    assert [record.levelname for record in told.records] == ["WARNING", "WARNING"]
    assert told.messages[0].startswith("422 refused: no conversationId (")
    # and not once more from the receiver itself, which still tells what it accepts
    endpoint = logging.getLogger("genesys_workbench.refusals")
    levels = (logging.INFO, logging.WARNING)
    records = [logging.makeLogRecord({"levelno": level}) for level in levels]
    assert [bool(endpoint.filter(record)) for record in records] == [True, False]
    endpoint.filters.clear()


def test_a_log_file_cannot_be_filled_by_refused_deliveries(told: pytest.LogCaptureFixture) -> None:
    post(app(401, {"detail": "no proof"}, refusals=False))
    assert told.messages == []
    assert logging.getLogger("genesys_workbench.refusals").filters == []


def test_what_is_accepted_is_told_by_the_receiver_alone(told: pytest.LogCaptureFixture) -> None:
    post(app(202, ANSWER))
    logging.getLogger("genesys_workbench.refusals").filters.clear()
    assert told.messages == []


@pytest.fixture
def stops_when_ready(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Press Ctrl-C as soon as a command says that it is ready; give what it said."""
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text.startswith("Ready"):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(serve, "say", say)
    return said


def test_receive_tells_its_url_and_the_next_command_and_stops_with_0(
    run: Run, stops_when_ready: list[str]
) -> None:
    outcome = run("receive", "--port", "0", "--broker", AWAY)
    assert (outcome.code, outcome.out) == (0, "")
    broker, ready, stopped = stops_when_ready
    assert broker == "Broker: your RabbitMQ at 127.0.0.1"
    url = ready.split()[2]
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/webhook/genesys/conversation")
    work = f"genesys-workbench work --broker {AWAY.replace('hunter2', '***')}"
    assert ready.splitlines()[1] == (
        f"Next: {work}    and then    genesys-workbench trigger voice-inbound --to {url}"
    )
    assert stopped == "The receiver has stopped."
    assert "events are spooled until the broker takes them" in outcome.err
    assert "uvicorn" not in outcome.err


def test_receive_ends_with_0_at_sigterm_too(
    run: Run, stops_when_ready: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "SIGINT", signal.SIGTERM)
    assert run("receive", "--port", "0", "--broker", AWAY).code == 0


def test_a_receiver_whose_app_fails_ends_with_the_cause_and_no_traceback(
    run: Run, stops_when_ready: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_SPOOL_PATH", "/dev/null/spool.db")
    outcome = run("receive", "--port", "0", "--broker", AWAY)
    assert outcome.code == 6
    assert "Error: The spool at /dev/null/spool.db cannot be used" in outcome.err
    assert "startup failed" not in outcome.err
    assert not any(text.startswith("Ready") for text in stops_when_ready)


def test_an_unexpected_failure_of_the_app_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch, logging_restored: None
) -> None:
    from contextlib import asynccontextmanager

    from genesys_workbench.cli import main

    @asynccontextmanager
    async def lifespan(_: object) -> Any:
        raise ZeroDivisionError
        yield

    monkeypatch.setattr(receiver_module, "create_app", lambda _: Starlette(lifespan=lifespan))
    with pytest.raises(ZeroDivisionError):
        main(["receive", "--port", "0", "--broker", AWAY])


def test_a_busy_port_ends_with_code_3_before_anything_is_started(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        outcome = run("receive", "--port", str(port), "--broker", AWAY)
    assert outcome.code == 3
    assert f"Error: 127.0.0.1:{port} cannot be used: address already in use." in outcome.err
    assert f"export WORKBENCH_PORT={port + 1}" in outcome.err


def test_an_address_of_another_computer_ends_with_code_3(run: Run) -> None:
    assert run("receive", "--host", "192.0.2.1", "--port", "0", "--broker", AWAY).code == 3


def test_an_open_receiver_without_a_secret_is_a_warning(
    run: Run, stops_when_ready: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["receive", "--host", "0.0.0.0", "--port", "0", "--broker", AWAY]
    run(*arguments)
    assert stops_when_ready[0].startswith("WARNING: open to the network")
    assert "POST http://127.0.0.1:" in stops_when_ready[2]
    stops_when_ready.clear()
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET", "a secret for this test alone")
    run(*arguments)
    assert not stops_when_ready[0].startswith("WARNING")


def test_addresses_are_shown_as_others_can_use_them() -> None:
    assert serve._url("::", 80, "/x") == "http://[::1]:80/x"
    assert serve._url("receiver.example.com", 80, "/x") == "http://receiver.example.com:80/x"


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Take the place of Celery's own main function."""
    seen = SimpleNamespace(calls=[], worker=SimpleNamespace(exitcode=None))

    def worker_main(arguments: list[str]) -> None:
        seen.calls.append(arguments)
        # celeryd_init has a receiver of the package, which reads settings: call ours alone
        for _, receiver in list(signals.celeryd_init.receivers):
            if getattr(receiver(), "__name__", "") == "keep":
                receiver()(instance=seen.worker)
        signals.worker_ready.send(sender=None)

    for name, value in list(os.environ.items()):
        monkeypatch.setenv(name, value)  # so that what the command sets is undone
    monkeypatch.setenv("WORKBENCH_BROKER_URL", "amqp://unused/")
    monkeypatch.setattr(tasks.app, "worker_main", worker_main)
    monkeypatch.setattr(state, "should_stop", None)
    ready = signals.worker_ready
    monkeypatch.setattr(ready, "receivers", list(ready.receivers))
    return seen


def test_work_becomes_the_stock_worker(run: Run, celery: SimpleNamespace) -> None:
    outcome = run("work", "--pool", "solo", "--concurrency", "3", "--broker", AWAY)
    assert outcome.code == 0
    (arguments,) = celery.calls
    assert " ".join(arguments).startswith("--quiet worker --pool solo --concurrency 3 --loglevel")
    assert os.environ["WORKBENCH_BROKER_URL"] == AWAY
    assert "Broker: your RabbitMQ at 127.0.0.1" in outcome.err
    assert "Ready: the worker waits for events." in outcome.err
    assert "hunter2" not in outcome.err


@pytest.mark.parametrize(("asked", "code"), [(None, 1), (1, 0), (0, 0)])
def test_a_worker_that_fails_ends_with_its_code_and_one_that_is_stopped_with_0(
    run: Run,
    celery: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    asked: int | None,
    code: int,
) -> None:
    celery.worker.exitcode = 1
    monkeypatch.setattr(state, "should_stop", asked)
    assert run("work", "--broker", AWAY).code == code


def test_a_worker_of_its_own_cannot_see_the_memory_of_another_process(
    run: Run, celery: SimpleNamespace
) -> None:
    outcome = run("work", "--broker", "memory://")
    assert outcome.code == 3
    assert "genesys-workbench receive runs the worker too" in outcome.err
    assert celery.calls == []


def test_the_cause_of_a_failed_start_is_kept_for_the_command() -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "Traceback …"})
        raise SpoolError("full")

    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    watched = Watched(failing, PATH, refusals=False)
    with pytest.raises(SpoolError):
        asyncio.run(watched({"type": "lifespan"}, None, send))  # type: ignore[arg-type]
    assert isinstance(watched.failure, SpoolError)
    assert sent == [{"type": "lifespan.startup.failed"}]
    assert "Traceback" not in json.dumps(sent)
