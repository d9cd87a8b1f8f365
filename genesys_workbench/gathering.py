"""A transport with fewer system calls: what is written in one turn of the loop goes out together.

pika writes the three frames of a message each by itself, uvicorn the head and the body of an
answer; and a system call costs as much as all that makes such a piece.
"""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["MAX_CHUNK", "GatheringTransport"]

# What is larger is sent at once, so that no more than this is copied into one piece.
MAX_CHUNK = 64 * 1024


class GatheringTransport:
    """Stands before a transport of asyncio; all but writing is the transport's own."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send with what else is written until the loop turns."""
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)
        self._size += len(data)
        if self._size >= MAX_CHUNK:
            self._send()

    def close(self) -> None:
        """Send what was written, and close."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if not self._parts:
            return
        chunk = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if not self._transport.is_closing():  # else the connection was lost meanwhile
            self._transport.write(chunk)
