"""How many calls of the API a thousand conversations cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from genesys_workbench.broker import setup_topology
from genesys_workbench.events import parse_event
from genesys_workbench.messages import QUEUE, Message, encode
from genesys_workbench.node import PrivateNode
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.store import Store
from tests.integration.workers import wait_until

from .servers import store_url, temporary, variables
from .trial import Contestant, Goal, Scale, Trial
from .working import consuming, work_off

__all__ = ["trials"]

UNIT = "calls"
THREADS = ("--pool", "threads", "--concurrency", "64")


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trial."""
    count = scale.of(1_000, 100)
    with ExitStack() as stack:
        node = stack.enter_context(PrivateNode())
        folder = stack.enter_context(temporary())
        api = stack.enter_context(Simulator(conversations=count, rate_limit=1_000_000))
        goals = [
            Goal(f"enrichment, {name}", name, "tutorial", UNIT, 25 / 2000, at_most=True)
            for name in ("threads", "prefork")
        ]
        yield [
            Trial(
                f"{count} events of {count} conversations, each enriched and stored; the "
                "tutorial's way is a token and a GET for each; threads: one process with 64, "
                "prefork: two processes; the goal is 25 calls for a thousand",
                {
                    "threads": _ours(node.url, folder, api, count, *THREADS),
                    "prefork": _ours(node.url, folder, api, count),
                    "tutorial": lambda: {UNIT: 2.0 * count},
                },
                tuple(goals),
            )
        ]


def _ours(broker: str, folder: str, api: Simulator, count: int, *pool: str) -> Contestant:
    names = iter(range(1_000))

    def run() -> dict[str, float]:
        settings = load_settings(
            broker_url=SecretStr(broker),
            database_url=SecretStr(store_url(folder, f"{len(pool)}-{next(names)}")),
            data_dir=Path(folder),
            api_url_override=api.url,
            prefetch=4,
        )
        setup_topology(broker, settings)
        messages = [_message(each.id) for each in api.world.conversations]
        before = api.requests.total()
        store = Store.prepared(settings.store_url)
        with consuming("genesys_workbench.tasks", variables(settings), broker, QUEUE, *pool):
            work_off(broker, messages, QUEUE)
            wait_until(lambda: store.counts()["events"] == count, what="all rows")
        store.close()
        return {UNIT: float(api.requests.total() - before)}

    return run


def _message(conversation_id: str) -> Message:
    event = {"eventId": f"e-{conversation_id}", "conversationId": conversation_id}
    return encode(parse_event(event), received_at=datetime.now(UTC))
