"""Frames of one turn of the event loop reach the socket together, in their order, all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pika
import pytest

from genesys_workbench.gathering import MAX_CHUNK, GatheringConnection


class Transport:
    """Takes what pika writes."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.chunks.append(data)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def connection(loop: asyncio.AbstractEventLoop) -> GatheringConnection:
    return GatheringConnection(
        pika.URLParameters("amqp://127.0.0.1/"),
        custom_ioloop=loop,
        internal_connection_workflow=False,
    )


def turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


def emit(connection: Any, *frames: bytes) -> None:
    for frame in frames:
        connection._adapter_emit_data(frame)


def test_frames_of_one_turn_are_one_chunk(loop: asyncio.AbstractEventLoop, connection: Any) -> None:
    transport = connection._transport = Transport()
    emit(connection, b"method", b"header", b"body")
    assert transport.chunks == []
    turn(loop)
    emit(connection, b"next")
    turn(loop)
    assert transport.chunks == [b"methodheaderbody", b"next"]


def test_much_is_sent_before_the_turn_ends(
    loop: asyncio.AbstractEventLoop, connection: Any
) -> None:
    transport = connection._transport = Transport()
    emit(connection, b"x" * MAX_CHUNK, b"rest")
    assert transport.chunks == [b"x" * MAX_CHUNK]
    turn(loop)
    assert transport.chunks == [b"x" * MAX_CHUNK, b"rest"]


def test_what_is_left_when_the_connection_is_lost_is_dropped(
    loop: asyncio.AbstractEventLoop, connection: Any
) -> None:
    connection._transport = Transport()
    emit(connection, b"method")
    connection._transport = None
    turn(loop)
    transport = connection._transport = Transport()
    emit(connection, b"new")
    turn(loop)
    assert transport.chunks == [b"new"]
