"""Connecting to what is no broker, or to one that stops to answer, ends in an error of ours."""

from __future__ import annotations

import socket
from typing import Any

import pika
import pytest

from genesys_workbench import broker
from genesys_workbench.connecting import connection_parameters
from genesys_workbench.errors import BrokerUnreachable


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    def parameters(url: str, **more: Any) -> pika.URLParameters:
        made = connection_parameters(url, **more)
        made.stack_timeout = 0.2
        return made

    monkeypatch.setattr(broker, "connection_parameters", parameters)


@pytest.mark.usefixtures("impatient")
def test_a_broker_that_hangs_while_one_connects_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/"
        connecting = broker.open_channel(url)
        with pytest.raises(BrokerUnreachable, match="AMQPConnectorStackTimeout") as caught:
            connecting.__enter__()
    assert "guest:guest" not in str(caught.value)
