"""Runs of deliveries: who gets them, and what has become of each run."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from random import Random
from typing import Any, Literal

import httpx

from ..errors import SettingsError, WorkbenchError
from .drawing import CREATED, UPDATED
from .ledger import Ledger
from .plans import DeliveryPlan
from .present import Present
from .sending import Sender
from .webhooks_api import Webhooks

__all__ = ["Deliveries", "DeliveryRun"]

_ALL = frozenset({CREATED, UPDATED})


@dataclass(slots=True)
class DeliveryRun:
    """A run, from its plan to its ledger."""

    id: str
    plan: DeliveryPlan
    routes: dict[frozenset[str], list[str]]
    ledger: Ledger = field(default_factory=Ledger)
    state: Literal["running", "done", "failed", "cancelled"] = "running"
    problem: str | None = None

    def progress(self) -> dict[str, Any]:
        """Return where the run stands, fit for JSON."""
        progress = {"id": self.id, "state": self.state, "events": self.plan.events}
        return {**progress, **self.ledger.summary, "problem": self.problem}


class Deliveries:
    """All runs since the start of the simulator."""

    def __init__(
        self,
        present: Present,
        webhooks: Webhooks | None,
        *,
        new_id: Callable[[str], str],
        local_tls: ssl.SSLContext | None = None,
    ) -> None:
        self._present = present
        self._webhooks = webhooks
        self._new_id = new_id
        self._local_tls = local_tls
        self._runs: dict[str, DeliveryRun] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    def prepare(self, plan: DeliveryPlan) -> DeliveryRun:
        """Decide who gets the events.

        Raises:
            SettingsError: No target was given and no webhook is enabled.
        """
        return DeliveryRun(self._new_id("delivery"), plan, self._routes(plan))

    def get(self, run_id: str) -> DeliveryRun | None:
        """Return a run by its id."""
        return self._runs.get(run_id)

    def lines(self) -> Iterator[str]:
        """Yield the ledger of all runs as lines of JSON."""
        return chain.from_iterable(run.ledger.lines() for run in list(self._runs.values()))

    def launch(self, run: DeliveryRun) -> None:
        """Carry out a run in the background of the running loop."""
        self._runs[run.id] = run
        self._keep(asyncio.create_task(self._background(run)))

    async def carry_out(self, run: DeliveryRun) -> Ledger:
        """Send all of a run, and return its ledger.

        Raises:
            WorkbenchError: The events ran out.
        """
        self._runs[run.id] = run
        self._present.begin()
        task = asyncio.current_task()
        if task is not None:
            self._keep(task)
        try:
            await self._send(run)
            run.state = "done"
        except asyncio.CancelledError:
            run.state = "cancelled"
            raise
        except Exception as exc:
            run.state, run.problem = "failed", str(exc)
            raise
        return run.ledger

    async def close(self) -> None:
        """Cancel what is still under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _background(self, run: DeliveryRun) -> None:
        try:
            await self.carry_out(run)
        except WorkbenchError:
            return  # kept as the run's problem, where its reader finds it

    async def _send(self, run: DeliveryRun) -> None:
        async with AsyncExitStack() as stack:
            clients = await _clients(run.plan, stack, self._local_tls)
            for kinds, targets in run.routes.items():
                sender = Sender(
                    run.plan, clients, run.ledger, rng=Random(self._present.source.seed)
                )
                await sender.send(self._present.source.drawn(run.plan, kinds), targets)

    def _routes(self, plan: DeliveryPlan) -> dict[frozenset[str], list[str]]:
        if plan.targets is not None:
            return {_ALL: list(plan.targets)}
        routes: dict[frozenset[str], list[str]] = {}
        for hook in self._webhooks or ():
            if hook.enabled:
                routes.setdefault(hook.kinds, []).append(hook.address)
        if not routes:
            raise SettingsError(
                "There is no enabled webhook to deliver to.",
                fix="register one with POST /api/v2/webhooks, or give targets=[url]",
            )
        return routes

    def _keep(self, task: asyncio.Task[Any]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # reading the certificates takes 20 ms: once for all


async def _clients(
    plan: DeliveryPlan, stack: AsyncExitStack, local_tls: ssl.SSLContext | None
) -> list[httpx.AsyncClient]:
    clients = [
        httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=plan.timeout,
            verify=_tls(),
            mounts=_local(local_tls),
        )
        for _ in range(plan.concurrency)
    ]
    for client in clients:
        await stack.enter_async_context(client)
    return clients


def _local(tls: ssl.SSLContext | None) -> dict[str, httpx.AsyncBaseTransport | None]:
    if tls is None:
        return {}
    places = [f"https://{host}" for host in ("127.0.0.1", "[::1]", "localhost")]
    return {place: httpx.AsyncHTTPTransport(verify=tls) for place in places}
