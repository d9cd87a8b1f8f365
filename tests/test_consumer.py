"""The worker's consumer: how soon it finds a broker again."""

from __future__ import annotations

from typing import Any

from kombu import Connection

from genesys_workbench.consumer import SafeConsumer
from genesys_workbench.tasks import app


def test_a_lost_broker_is_tried_again_every_few_seconds_however_long_it_was_away() -> None:
    consumer = SafeConsumer.__new__(SafeConsumer)
    consumer.app, consumer.first_connection_attempt = app, False
    pauses: dict[str, Any] = {}
    connection = Connection("memory://")
    connection.ensure_connection = lambda *_, **given: pauses.update(given) or connection
    assert consumer.ensure_connected(connection) is connection
    assert pauses["interval_start"] <= 1
    assert pauses["interval_max"] <= 5
