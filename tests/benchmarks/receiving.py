"""Deliveries answered 202 once they are safe, beside an endpoint that only answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr

from genesys_workbench.broker import setup_topology
from genesys_workbench.node import PrivateNode
from genesys_workbench.ports import free_port
from genesys_workbench.receiver import PATH
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.simulator.server import Simulator

from .load import CONNECTIONS, deliver
from .servers import answering, emptied, listening, process, temporary, variables
from .trial import Contestant, Goal, Scale, Trial

__all__ = ["receiver", "trials"]

RATE, SLOWEST = "requests/s", "p99 ms"
BIN = Path(sys.executable).parent


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trial."""
    many, few = scale.of(20_000, 500), scale.of(300, 30)
    with ExitStack() as stack:
        node = stack.enter_context(PrivateNode())
        folder = stack.enter_context(temporary())
        setup_topology(node.url, load_settings(broker_url=SecretStr(node.url)))
        away = f"amqp://guest:guest@127.0.0.1:{free_port()}/"
        ours = _ours(stack, node.url, f"{folder}/published")
        answering(f"http://127.0.0.1:{ours}/readyz")
        spooling = _ours(stack, away, f"{folder}/spooled")
        bare = _peer(stack, "bare", {})
        tutorial = _peer(stack, "tutorial", _tutorial(stack, node.url))
        yield [
            Trial(
                f"{many} deliveries of 200 bytes over {CONNECTIONS} connections, each answered "
                "202 once RabbitMQ has confirmed it into a quorum queue, or, with the broker away, "
                "once it is on disk; the bare FastAPI endpoint parses and answers; the tutorial's "
                f"({few}) fetches token and conversation and opens a connection to the broker "
                "for each; uvicorn, uvloop, httptools, no line in the log for all",
                {
                    "published": _served(ours, many, node.url),
                    "spooled": _served(spooling, many),
                    "bare": _served(bare, many),
                    "tutorial": _served(tutorial, few),
                },
                (
                    Goal("receiver vs bare FastAPI", "published", "bare", RATE, 0.75),
                    Goal("receiver vs bare, p99", "published", "bare", SLOWEST, 2.5, at_most=True),
                    Goal("receiver, broker away, vs bare", "spooled", "bare", RATE, 0.75),
                    Goal("the same, p99", "spooled", "bare", SLOWEST, 2.5, at_most=True),
                    Goal("receiver vs the tutorial's", "published", "tutorial", RATE, 150),
                ),
            )
        ]


def _served(port: int, count: int, broker: str | None = None) -> Contestant:
    def run() -> dict[str, float]:
        load = deliver(f"http://127.0.0.1:{port}{PATH}", count)
        assert load.statuses == {b"202": count}, load.statuses
        if broker is not None:
            assert emptied(broker) == count
        return load.figures

    return run


def _ours(stack: ExitStack, broker: str, folder: str) -> int:
    return receiver(stack, load_settings(broker_url=SecretStr(broker), data_dir=Path(folder)))


def receiver(stack: ExitStack, settings: Settings) -> int:
    """Run a receiver, as people do, for as long as the stack; return its port."""
    port = free_port()
    environment = {**variables(settings), "WORKBENCH_PORT": str(port)}
    command = [str(BIN / "genesys-workbench"), "receive"]
    stack.enter_context(process(*command, environment=environment))
    listening(port)
    return port


def _peer(stack: ExitStack, name: str, environment: dict[str, str]) -> int:
    port = free_port()
    app = f"{__package__}.peer_receivers:{name}"
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log"]
    kept = variables(load_settings())
    stack.enter_context(process(*command, "--log-level", "warning", environment=kept | environment))
    listening(port)
    return port


def _tutorial(stack: ExitStack, broker: str) -> dict[str, str]:
    api = stack.enter_context(
        Simulator(conversations=5, rate_limit=1_000_000, credentials=("client", "secret"))
    )
    return {"API": api.url, "CONVERSATION": api.world.conversations[0].id, "BROKER": broker}
