"""``wss://streaming…/channels/{channelId}``: the socket of a channel."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from .bodies import ApiError
from .channels import Channels

__all__ = ["CLOSING", "HEARTBEAT", "Streaming", "closing", "metadata"]

HEARTBEAT = 30.0
CLOSING = "v2.system.socket_closing"
_METADATA = "channel.metadata"


def metadata(message: str) -> str:
    """Return a frame that speaks of the channel itself."""
    return json.dumps({"topicName": _METADATA, "eventBody": {"message": message}})


def closing() -> str:
    """Return the frame that announces the end of a socket."""
    return json.dumps({"topicName": CLOSING, "eventBody": {"message": "Socket will be closed"}})


class Streaming:
    """The sockets of channels.

    Args:
        heartbeat: Seconds between two signs of life.
    """

    def __init__(self, channels: Channels, *, heartbeat: float = HEARTBEAT) -> None:
        self._channels = channels
        self._heartbeat = heartbeat

    async def serve(self, socket: WebSocket) -> None:
        """Serve one socket until either side ends it; a channel has one, the newest."""
        try:
            channel = self._channels.get(socket.path_params["channel_id"])
        except ApiError:
            await socket.close(1008)  # before it is accepted: the handshake is answered 403
            return
        await socket.accept()
        line = _Line()
        if channel.socket is not None:
            channel.socket.end(1001)
        channel.socket = line
        self._channels.read.set()
        writing = asyncio.create_task(self._write(socket, line))
        try:
            await self._read(socket, line, channel.id)
        finally:
            writing.cancel()
            if channel.socket is line:
                channel.socket = None

    async def _write(self, socket: WebSocket, line: _Line) -> None:
        with suppress(WebSocketDisconnect):
            while True:
                try:
                    item = await asyncio.wait_for(line.outbox.get(), self._heartbeat)
                except TimeoutError:
                    item = metadata("WebSocket Heartbeat")
                if isinstance(item, int):
                    await socket.close(item)
                    return
                await socket.send_text(item)

    async def _read(self, socket: WebSocket, line: _Line, channel_id: str) -> None:
        while True:
            try:
                said = json.loads(await socket.receive_text())
            except WebSocketDisconnect:
                return
            except (ValueError, KeyError):
                continue
            if isinstance(said, dict):
                self._answer(said, line, channel_id)

    def _answer(self, said: dict[str, Any], line: _Line, channel_id: str) -> None:
        if said.get("message") == "ping":
            line.tell(metadata("pong"))
        elif said.get("message") == "subscribe" and isinstance(said.get("topics"), list):
            topics = [str(topic) for topic in said["topics"]]
            channel = self._channels.get(channel_id)
            self._channels.subscribe(channel, topics, anew=False, ignore_errors=True)


class _Line:
    """What is to be sent over a socket; a whole number ends it."""

    def __init__(self) -> None:
        self.outbox: asyncio.Queue[str | int] = asyncio.Queue()

    def tell(self, text: str) -> None:
        self.outbox.put_nowait(text)

    def end(self, code: int) -> None:
        self.outbox.put_nowait(code)
