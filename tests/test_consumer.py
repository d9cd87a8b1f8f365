"""The worker's consumer: how soon it finds a broker again."""

from __future__ import annotations

import socket
from threading import Thread
from typing import Any

import pytest
from kombu import Connection

from genesys_workbench import consumer
from genesys_workbench.consumer import SafeConsumer
from genesys_workbench.ports import free_port
from genesys_workbench.tasks import app


def test_a_lost_broker_is_tried_again_every_few_seconds_however_long_it_was_away() -> None:
    safe = SafeConsumer.__new__(SafeConsumer)
    safe.app, safe.first_connection_attempt = app, False
    pauses: dict[str, Any] = {}
    connection = Connection("memory://")
    connection.ensure_connection = lambda *_, **given: pauses.update(given) or connection
    assert safe.ensure_connected(connection) is connection
    assert pauses["interval_start"] <= 1
    assert pauses["interval_max"] <= 5


def test_a_broker_that_boots_is_looked_for_often_and_quietly(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(consumer.BOOTING, "timeout", 0.5)
    looks: list[float] = []
    connection = Connection(f"amqp://127.0.0.1:{free_port()}")
    monkeypatch.setattr(consumer, "maybe_shutdown", lambda: looks.append(0))
    consumer._await_boot(connection)
    assert len(looks) >= 3
    assert caplog.text == ""


def test_a_broker_that_answers_otherwise_is_left_to_celery_after_one_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=lambda: server.accept()[0].close())
        thread.start()
        consumer._await_boot(Connection(f"amqp://127.0.0.1:{server.getsockname()[1]}"))
        thread.join()
        server.settimeout(0.3)
        with pytest.raises(TimeoutError):
            server.accept()
