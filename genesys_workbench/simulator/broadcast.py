"""Life goes on, and those who are subscribed hear of it; who does not listen misses it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from .channels import Channels
from .present import Present
from .sources import Change

__all__ = ["Broadcast"]


class Broadcast:
    """Tell every change of every conversation at its time.

    Args:
        present: Its clock says when that is; without one nothing goes on.
    """

    def __init__(
        self,
        present: Present,
        channels: Channels,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._present = present
        self._channels = channels
        self._sleep = sleep

    async def run(self) -> None:
        """Go on until the last conversation has ended.

        A clock that waits begins with the first socket: nobody is to miss a recording's start.
        """
        clock = self._present.clock
        if clock is None:
            return
        if clock.waits:
            await self._channels.read.wait()
            clock.begin()
        for change in self._present.source.changes():
            await self._sleep(clock.until(change.at))
            self._tell(change)

    def _tell(self, change: Change) -> None:
        for frame in change.frames(lambda topic: bool(self._channels.hearing(topic))):
            text = json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
            for channel in self._channels.hearing(frame["topicName"]):
                if channel.socket is not None:
                    channel.socket.tell(text)
