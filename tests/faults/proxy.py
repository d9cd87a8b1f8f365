"""A TCP proxy that does harm: swallows, delays, slices, cuts, refuses. In a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

__all__ = ["FaultProxy"]

_RESET = struct.pack("ii", 1, 0)


class FaultProxy:
    """Forwards from a free loopback port to another, as badly as it is told to.

    Args:
        targets: The ports; the first that accepts is taken, as a load balancer would.

    Attributes:
        swallow: Bytes vanish in both directions while the connections stay open.
        deaf: Answers vanish; what is sent arrives.
        delay: Seconds by which each chunk is late.
        slices: Bytes are forwarded in pieces of at most so many; 0 for as they come.
        refuse: New connections are closed at once.
        passed: Bytes that were forwarded, in both directions.
    """

    def __init__(self, *targets: int) -> None:
        self.swallow = False
        self.deaf = False
        self.delay = 0.0
        self.slices = 0
        self.refuse = False
        self.passed = 0
        self._targets = targets
        self._writers: set[asyncio.StreamWriter] = set()
        self._answers: set[asyncio.StreamWriter] = set()
        self._dead: set[asyncio.StreamWriter] = set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self._thread.start()

    def cut(self, *, reset: bool = False) -> int:
        """Close all connections, by FIN or by RST; return how many."""
        return self._call(lambda: self._cut(reset=reset))

    def forget(self) -> None:
        """Make black holes of the connections that are open now; new ones are all right."""
        self._dead |= self._writers

    def close(self) -> None:
        """Cut all and listen no more."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._stopped = asyncio.Event()
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._socket)
        await self._stopped.wait()
        server.close()
        self._cut(reset=False)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connected(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.refuse:
            back.close()
            return
        found = await self._open()
        if found is None:
            back.close()
            return
        there, forth = found
        self._writers |= {back, forth}
        self._answers.add(back)
        with suppress(asyncio.CancelledError):  # at the end of all
            await asyncio.gather(self._pump(here, forth), self._pump(there, back))
        for known in (self._writers, self._answers, self._dead):
            known -= {back, forth}

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self._targets:
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._forward(data, writer)
        # A black hole tells nothing of an end either.
        while self._vanishes(writer) and not writer.is_closing():
            await asyncio.sleep(0.05)
        writer.close()

    async def _forward(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        if self._vanishes(writer):
            return
        self.passed += len(data)
        size = self.slices or len(data)
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
            await writer.drain()
            if self.slices:
                await asyncio.sleep(0)

    def _vanishes(self, writer: asyncio.StreamWriter) -> bool:
        gone = writer in self._dead or (self.deaf and writer in self._answers)
        return self.swallow or gone

    def _cut(self, *, reset: bool) -> int:
        cut = len(self._writers) // 2
        for writer in self._writers:
            if reset:
                with suppress(OSError):  # closed already, and not yet forgotten
                    sock = writer.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort() if reset else writer.close()
        return cut

    def _call(self, function: Callable[[], int]) -> int:
        async def call() -> int:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(10)
