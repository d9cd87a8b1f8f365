"""What is written in one turn of the loop reaches the socket together, in its order, all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from genesys_workbench.gathering import MAX_CHUNK, GatheringTransport


class Transport:
    """Takes what is written."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.chunks.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def gathering(loop: asyncio.AbstractEventLoop, transport: Any) -> GatheringTransport:
    return GatheringTransport(transport, loop)


def turn(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(loop.stop)
    loop.run_forever()


def write(gathering: GatheringTransport, *parts: bytes) -> None:
    for part in parts:
        gathering.write(part)


def test_parts_of_one_turn_are_one_chunk(
    loop: asyncio.AbstractEventLoop, gathering: GatheringTransport, transport: Transport
) -> None:
    write(gathering, b"method", b"header", b"body")
    assert transport.chunks == []
    turn(loop)
    write(gathering, b"next")
    turn(loop)
    assert transport.chunks == [b"methodheaderbody", b"next"]


def test_much_is_sent_before_the_turn_ends(
    loop: asyncio.AbstractEventLoop, gathering: GatheringTransport, transport: Transport
) -> None:
    write(gathering, b"x" * MAX_CHUNK, b"rest")
    assert transport.chunks == [b"x" * MAX_CHUNK]
    turn(loop)
    assert transport.chunks == [b"x" * MAX_CHUNK, b"rest"]


def test_what_was_written_goes_out_before_the_end(
    loop: asyncio.AbstractEventLoop, gathering: GatheringTransport, transport: Transport
) -> None:
    write(gathering, b"last")
    gathering.close()
    turn(loop)
    assert (transport.chunks, transport.closed) == ([b"last"], True)


def test_what_is_left_when_the_connection_is_lost_is_dropped(
    loop: asyncio.AbstractEventLoop, gathering: GatheringTransport, transport: Transport
) -> None:
    write(gathering, b"method")
    gathering.abort()
    turn(loop)
    assert (transport.chunks, transport.closed) == ([], True)
