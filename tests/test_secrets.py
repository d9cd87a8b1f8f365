"""Whatever fails, no secret is seen in objects, errors, logs and what commands print."""

from __future__ import annotations

import base64
import io
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from genesys_workbench.authenticity import Verifier
from genesys_workbench.broker import locate, setup_topology
from genesys_workbench.cli import main
from genesys_workbench.client import GenesysClient
from genesys_workbench.doctor import check_all
from genesys_workbench.errors import WorkbenchError
from genesys_workbench.events import parse_event
from genesys_workbench.logs import configure
from genesys_workbench.messages import encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.publisher import Publisher
from genesys_workbench.queues import states
from genesys_workbench.receiver import Receiver
from genesys_workbench.runtime import Runtime
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.plans import DeliveryPlan
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.simulator.signing import Signer
from genesys_workbench.store import Store
from genesys_workbench.workbench import Workbench
from genesys_workbench.worker import EmbeddedWorker, WorkerProcess
from tests.canaries import (
    BROKER_URL,
    CLIENT,
    CLIENT_ID,
    DATABASE_URL,
    ENVIRONMENT,
    PLAIN,
    WEBHOOK,
    printed,
    seen,
)
from tests.log_state import own_logging

pytestmark = pytest.mark.usefixtures("canary_environment")


def all_objects(settings: Settings) -> Iterator[object]:
    """Yield one of each that holds a secret, or something that does."""
    client = GenesysClient.from_settings(settings)
    publisher = Publisher(BROKER_URL)
    store = Store(settings.store_url)
    signer = Signer(WEBHOOK, "header", "X-Webhook-Secret")
    simulator = Simulator(credentials=(CLIENT_ID, CLIENT))
    yield from (settings, settings.credentials, locate(settings), Verifier.from_settings(settings))
    yield from (client, client._http, client._http.auth, publisher, publisher._link)
    yield from (store, store.database, store.database.engine, Runtime(settings), PrivateNode())
    yield from (Workbench(settings), Receiver(settings))
    yield from (EmbeddedWorker(settings), WorkerProcess(ENVIRONMENT))
    yield from (signer, DeliveryPlan(events=1, signer=signer))
    yield from (simulator, simulator._state, simulator.describe())
    client.close()
    publisher.close()


def test_no_object_shows_a_secret() -> None:
    for each in all_objects(load_settings()):
        assert seen(f"{each!r} {each} {[each]}") == [], type(each).__name__


def test_settings_show_no_secret_however_they_are_written() -> None:
    settings = load_settings()
    shown = f"{settings.model_dump()} {settings.model_dump_json()} {settings.model_fields_set}"
    assert seen(shown) == []
    assert len(seen(str(settings.environment()))) >= len(PLAIN)


def publish() -> None:
    message = encode(parse_event({"conversationId": "c1"}), received_at=datetime.now(UTC))
    with Publisher(BROKER_URL, timeout=0.2) as publisher:
        publisher.publish(message).result(5)


def call_the_api() -> None:
    with GenesysClient.from_settings(load_settings(), attempts=1) as client:
        client.get_conversation("c1")


EXPECTED: dict[str, Callable[[], Any]] = {
    "no platform": call_the_api,
    "no broker to publish to": publish,
    "no broker to set up": lambda: setup_topology(BROKER_URL, load_settings()),
    "no broker to look into": lambda: states(BROKER_URL),
    "a broker's port that is none": lambda: Publisher(BROKER_URL.replace(":1/", ":port/")),
    "a broker of another kind": lambda: locate(load_settings(broker_url=f"ftp{BROKER_URL[4:]}")),
    "no database": lambda: Store(load_settings().store_url).prepare(),
    "a database's port that is none": lambda: Store(DATABASE_URL.replace(":1/", ":port/")),
    "another database": lambda: Store(f"mysql{DATABASE_URL[10:]}"),
    "a secret in the wrong setting": lambda: load_settings(port=WEBHOOK, enrich=CLIENT),
    "one of two credentials": lambda: load_settings(client_id=None),
}
# Their frames hold the URL or the value that they were called with.
BARE = ("no platform", "no broker to publish to")


@pytest.mark.parametrize("name", EXPECTED)
def test_no_expected_error_tells_a_secret(name: str, whole_log: io.StringIO) -> None:
    with pytest.raises(WorkbenchError) as caught:
        EXPECTED[name]()
    assert seen(printed(caught.value, with_locals=False)) == []
    assert seen(whole_log.getvalue()) == []


@pytest.mark.parametrize("name", BARE)
def test_the_frames_of_an_error_hold_no_secret(name: str) -> None:
    with pytest.raises(WorkbenchError) as caught:
        EXPECTED[name]()
    assert seen(printed(caught.value, with_locals=True)) == []


def test_the_doctor_finds_everything_wrong_and_tells_no_secret() -> None:
    checks = check_all(load_settings())
    assert {check.name for check in checks if check.state == "fail"} >= {"broker", "database"}
    assert seen(str(checks)) == []


COMMANDS = {
    "queue show": 4,
    "queue setup": 4,
    f"queue dead --broker {BROKER_URL}": 4,
    "events list": 6,
    "events replay e-1": 6,
    "webhooks list": 5,
    "trigger voice-inbound": 1,
    "doctor": 1,
    "doctor --json": 1,
    "receive --broker ftp://x:y@z": 3,
    "demo --events 1 --broker memory://": 6,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_failing_command_prints_a_secret(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["genesys-workbench", *command.split()])
    if command.startswith("demo"):
        for name in ("CLIENT_ID", "CLIENT_SECRET", "API_URL"):
            monkeypatch.delenv(f"GENESYS_CLOUD_{name}")
    with own_logging(), pytest.raises(SystemExit) as ended:
        main()
    shown = "".join(capsys.readouterr())
    assert ended.value.code == COMMANDS[command]
    assert shown.strip()
    assert "Traceback" not in shown
    assert seen(shown) == []


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_log_format_shows_a_secret_that_a_library_told(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT}".encode()).decode()
    with own_logging():
        configure(load_settings(log_format=log_format, log_level="DEBUG"))
        speaker = logging.getLogger("somebody.else")
        speaker.error("cannot reach %s", BROKER_URL)
        speaker.warning("headers: {'Authorization': 'Basic %s'}", basic)
        speaker.info("client_secret=%s&grant_type=client_credentials", CLIENT)
        try:
            raise OSError(f"{DATABASE_URL} is away, X-Webhook-Secret: {WEBHOOK}")
        except OSError:
            speaker.exception("failed")
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) >= 4
    assert "bench:***@" in shown
    assert seen(shown) == []
