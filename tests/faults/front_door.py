"""The receiver's app without sockets: thousands of deliveries a second, on one event loop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from genesys_workbench.messages import Message
from genesys_workbench.receiver import PATH, create_app
from genesys_workbench.settings import Settings
from tests.publishers import ScriptedPublisher

__all__ = ["Answer", "FrontDoor"]


@dataclass(frozen=True)
class Answer:
    """What came back, what was published meanwhile, and the processor time that it took.

    The time by the clock would be that of the machine's other work too.
    """

    status: int
    headers: dict[str, str]
    text: str
    seconds: float
    messages: list[Message]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class FrontDoor:
    """An app that runs while the block lasts; deliveries are posted one after another."""

    def __init__(self, settings: Settings) -> None:
        self._publisher = ScriptedPublisher()
        self._app = create_app(settings, publisher=self._publisher)
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    def __enter__(self) -> FrontDoor:
        lifespan = self._app.router.lifespan_context(self._app)
        self._runner.run(self._stack.enter_async_context(lifespan))
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def post(self, body: bytes, headers: Mapping[str, str] = {}) -> Answer:
        return self._runner.run(self._post(body, headers))

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        chunks = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return chunks.pop() if chunks else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        self._publisher.messages.clear()
        started = time.process_time()
        await self._app(_scope(headers), receive, send)
        seconds = time.process_time() - started
        start, *rest = sent
        text = b"".join(part.get("body", b"") for part in rest).decode()
        names = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], names, text, seconds, list(self._publisher.messages))


def _scope(headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }
