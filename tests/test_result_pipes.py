"""A result that is half read when the event loop is reset, as it is when a connection is lost."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from celery.concurrency import asynpool
from celery.concurrency.asynpool import AsynPool
from kombu.asynchronous import Hub

from genesys_workbench import result_pipes
from genesys_workbench.result_pipes import WholeResults


class Pipe:
    """A pool process's pipe, read by Celery's event loop."""

    def __init__(self, kind: type[Any]) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.process = SimpleNamespace(outq=SimpleNamespace(_reader=self), _is_alive=lambda: True)
        self.processes = {self.reader: self.process}
        self.read: list[Any] = []
        self.handler = kind(
            *[None] * 9, fileno_to_outq=self.processes, on_process_alive=self.read.append
        )
        self.handler.on_state_change = self.read.append
        self.hub = Hub()
        self.register()

    def register(self) -> None:
        """As the pool does whenever there is a new connection."""
        self.handler.register_with_event_loop(self.hub)
        self.hub.add_reader(self.reader, self.handler.handle_event, self.reader)

    def poll(self, timeout: float) -> bool:
        return True

    def write(self, data: bytes) -> None:
        """Write some bytes, and let the loop read them."""
        os.write(self.writer, data)
        next(self.hub.create_loop())

    def close(self) -> None:
        self.hub.close()
        os.close(self.reader)
        os.close(self.writer)


def message(text: str) -> bytes:
    body = pickle.dumps(text)
    return struct.pack(">i", len(body)) + body


@pytest.fixture
def pipe(request: pytest.FixtureRequest) -> Iterator[Pipe]:
    opened = Pipe(getattr(request, "param", WholeResults))
    yield opened
    opened.close()


@pytest.mark.parametrize("cut", [4, 9])
def test_a_result_that_was_half_read_when_the_loop_was_reset_is_read_to_its_end(
    pipe: Pipe, cut: int
) -> None:
    whole = message("the first")
    pipe.write(whole[:cut])
    pipe.hub.reset()
    pipe.register()
    pipe.write(whole[cut:])
    pipe.write(message("the second"))
    assert pipe.read == ["the first", "the second"]


def test_it_is_read_to_its_end_where_the_worker_ends_before_it_has_another_connection(
    pipe: Pipe,
) -> None:
    whole = message("the first")
    pipe.write(whole[:9])
    pipe.hub.reset()
    pipe.register()
    os.write(pipe.writer, whole[9:])
    assert pipe.handler._finish_partial_read(pipe.reader, pipe.process) is False
    assert pipe.read == ["the first"]


def test_what_a_process_left_unfinished_is_not_taken_for_the_next_ones(pipe: Pipe) -> None:
    pipe.write(message("never to end")[:9])
    pipe.hub.reset()
    pipe.processes[pipe.reader] = SimpleNamespace()
    pipe.register()
    pipe.write(message("the next process's"))
    assert pipe.read == ["the next process's"]


@pytest.mark.parametrize("pipe", [asynpool.ResultHandler], indirect=True)
def test_celery_alone_still_loses_it(pipe: Pipe) -> None:
    """Once this fails, Celery does it itself, and `result_pipes` can go."""
    whole = message("the first")
    pipe.write(whole[:9])
    pipe.hub.reset()
    pipe.register()
    pipe.write(whole[9:])
    assert pipe.read == []


def test_the_pools_of_our_workers_read_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsynPool, "ResultHandler", asynpool.ResultHandler)
    result_pipes.install()
    assert AsynPool.ResultHandler is WholeResults
