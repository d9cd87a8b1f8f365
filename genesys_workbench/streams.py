"""pika on the event loop's own transports.

pika moves bytes by callbacks of its own: to send once it asks the loop to watch the socket, is
called back, sends, and asks it to watch no more. A transport of asyncio, and uvloop's more so,
sends at once and watches only what the socket does not take.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

from pika.adapters.asyncio_connection import AsyncioConnection, _AsyncioIOServicesAdapter

from .gathering import GatheringTransport

__all__ = ["StreamConnection"]


class StreamConnection(AsyncioConnection):
    """pika's connection on a running event loop, which is its `custom_ioloop`."""

    def __init__(
        self, *args: Any, custom_ioloop: asyncio.AbstractEventLoop, **callbacks: Any
    ) -> None:
        super().__init__(*args, custom_ioloop=_Streams(custom_ioloop), **callbacks)

    def pause_writing(self) -> None:
        """Hear that the socket takes no more. Who publishes bounds what waits."""

    def resume_writing(self) -> None:
        """Hear that it takes more again."""

    def _proto_connection_made(self, transport: asyncio.Transport) -> None:
        super()._proto_connection_made(GatheringTransport(transport, self.ioloop))


class _Streams(_AsyncioIOServicesAdapter):
    """What pika asks of an event loop; only streams differ from pika's own answer."""

    def create_streaming_connection(
        self,
        protocol_factory: Callable[[], Any],
        sock: socket.socket,
        on_done: Callable[[Any], None],
        ssl_context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
    ) -> Any:
        """Join protocol and connected socket: `on_done` gets (transport, protocol), or an error."""
        joined = self._loop.create_connection(
            protocol_factory,
            sock=sock,
            ssl=ssl_context,
            server_hostname=server_hostname if ssl_context else None,
        )
        return self._schedule_and_wrap_in_io_ref(joined, on_done)
