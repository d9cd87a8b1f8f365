"""What the tests of the simulator share: a clock to turn, calls in short, a receiver."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from genesys_workbench.events import parse_event
from genesys_workbench.serving import ServerThread
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.simulator.times import iso

UNKNOWN = "00000000-0000-4000-8000-000000000000"
DETAILS = "/api/v2/analytics/conversations/details"
HOOKS = "/api/v2/webhooks"
QUERY = f"{DETAILS}/query"


class Clock:
    """Monotonic seconds that a test turns."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def running_api() -> Iterator[SimpleNamespace]:
    """Run a simulator with 60 conversations, with a client and a clock of its own."""
    clock = Clock()
    with (
        Simulator(conversations=60, clock=clock) as sim,
        httpx.Client(base_url=sim.url, trust_env=False) as client,
    ):
        yield SimpleNamespace(sim=sim, client=client, clock=clock)


def ask_token(
    client: httpx.Client,
    auth: tuple[str, str] | None = ("demo", "demo"),
    path: str = "/oauth/token",
    **form: str,
) -> httpx.Response:
    """Call the token endpoint."""
    request = client.build_request("POST", path, data={"grant_type": "client_credentials"} | form)
    request.headers.pop("Authorization", None)
    return client.send(request, auth=auth)


def authorize(client: httpx.Client) -> None:
    """Give the client a fresh token."""
    client.headers["Authorization"] = f"Bearer {ask_token(client).json()['access_token']}"


def week(sim: Simulator, days: int = 7) -> str:
    """Return the interval of a world's first days."""
    start = sim.world.start
    return f"{iso(start)}/{iso(start + timedelta(days=days))}"


def query(client: httpx.Client, sim: Simulator, **fields: Any) -> httpx.Response:
    """Send a detail query about the world's first week."""
    return client.post(QUERY, json={"interval": week(sim)} | fields)


class Receiver:
    """A receiver that remembers all it got, and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes, dict[str, str]]] = []
        self.reset()
        paths = ("/hook", "/other")
        routes = [Route(path, self._hook, methods=["POST"]) for path in paths]
        self.server = ServerThread(Starlette(routes=routes))

    def reset(self) -> None:
        """Forget everything, and answer 202 with the event's id."""
        self.got.clear()
        self.answer: Any = lambda body: JSONResponse({"eventId": parse_event(body).event_id}, 202)

    async def _hook(self, request: Request) -> Response:
        raw = await request.body()
        self.got.append((request.url.path, raw, dict(request.headers)))
        answer = self.answer(json.loads(raw))
        return await answer if asyncio.iscoroutine(answer) else answer

    @property
    def ids(self) -> list[str]:
        """Ids of the events it got, in order."""
        return [parse_event(json.loads(raw)).event_id for _, raw, _ in self.got]

    @property
    def url(self) -> str:
        """Where to deliver."""
        return f"{self.server.url}/hook"
