"""A notebook whose workbench is ready, beside a bare kernel and a bare RabbitMQ node."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from jupyter_client.manager import KernelManager

from genesys_workbench.node import PrivateNode

from .trial import Goal, Scale, Trial

__all__ = ["trials"]

OPEN = """
from pydantic import SecretStr
from genesys_workbench import Workbench, load_settings
bench = Workbench(load_settings(broker_url=SecretStr({url!r}), port=0){more}).start()
"""
CLOSE = "bench.close()"
THROWAWAY = ", throwaway_node=True"


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Give the trial."""
    kernel = "a kernel that answers a first cell"
    yield [
        Trial(
            f"memory: {kernel}, and one whose first cell opens a Workbench on memory://; RabbitMQ: "
            "the same with a private node, beside the kernel and the node each by itself",
            {
                "memory": lambda: _kernel(OPEN.format(url="memory://", more=""), CLOSE),
                "local": lambda: _kernel(OPEN.format(url="local", more=THROWAWAY), CLOSE),
                "kernel": lambda: _kernel("1"),
                "kernel and node": _kernel_and_node,
            },
            (
                Goal("Workbench on memory://", "memory", "kernel", "s", 1.0, True, added=True),
                Goal(
                    "Workbench on RabbitMQ", "local", "kernel and node", "s", 1.5, True, added=True
                ),
            ),
        )
    ]


def _kernel(code: str, afterwards: str = "") -> dict[str, float]:
    started = time.perf_counter()
    manager = KernelManager()
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        reply = client.execute_interactive(code, timeout=120, output_hook=lambda _: None)
        seconds = time.perf_counter() - started
        assert reply["content"]["status"] == "ok", reply["content"]
        if afterwards:
            client.execute_interactive(afterwards, timeout=60, output_hook=lambda _: None)
        return {"s": seconds}
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def _kernel_and_node() -> dict[str, float]:
    started = time.perf_counter()
    with PrivateNode():
        seconds = time.perf_counter() - started
    return {"s": _kernel("1")["s"] + seconds}
