"""Three RabbitMQ nodes that form a cluster, and one address in front of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from genesys_workbench.messages import QUEUE
from genesys_workbench.node import PrivateNode
from genesys_workbench.ports import free_port
from genesys_workbench.watchdog import Watchdog
from tests.faults.proxy import FaultProxy

__all__ = ["Cluster", "Member"]

SIZE = 3
COOKIE = "of-a-test"
JOIN = """
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.classic_config.nodes.1 = n1@localhost
"""


class Member(PrivateNode):
    """A node of a cluster: shares the cookie and the port mapper, and joins the first one.

    Args:
        number: Of the node; the first is there before the others start.
        folder: For the data of all.
        epmd_port: Of the port mapper, which is not the node's own.
    """

    def __init__(self, number: int, folder: Path, epmd_port: int) -> None:
        super().__init__(folder / f"n{number}")
        self.name = f"n{number}@localhost"
        self._first = number == 1
        self._epmd_port = epmd_port

    def _prepare_files(self, *, with_management: bool) -> None:
        super()._prepare_files(with_management=False)
        cookie = self.data_dir / ".erlang.cookie"
        if not cookie.exists():
            cookie.write_text(COOKIE)
            cookie.chmod(0o400)
        if not self._first:
            with (self.data_dir / "rabbitmq.conf").open("a") as config:
                config.write(JOIN)

    def _start_epmd(self, env: dict[str, str]) -> subprocess.Popen[bytes] | None:
        return None


class Cluster:
    """Three nodes behind a proxy that leads to the first that accepts.

    Args:
        folder: For the data of all.
    """

    # What is unacked is not known: the last look of a test is one without workers.
    management_url = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        epmd_port = free_port()
        self.members = [Member(number + 1, folder, epmd_port) for number in range(SIZE)]
        self._closing = ExitStack()

    @property
    def url(self) -> str:
        """AMQP URL of the proxy."""
        return f"amqp://guest:guest@127.0.0.1:{self.proxy.port}/"

    @property
    def leader(self) -> Member:
        """The node that leads the queue of the events, as a node that runs tells."""
        told = self._running.control("list_queues", "name", "leader")
        leaders = dict(line.split("\t") for line in told.splitlines())
        return next(each for each in self.members if each.name == leaders[QUEUE])

    def followers(self, leader: Member) -> list[Member]:
        """The other two."""
        return [each for each in self.members if each is not leader]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(_port_mapper(self.members[0]))
            for member in self.members:
                stack.enter_context(member)
            ports = [int(urlsplit(each.url).port or 0) for each in self.members]
            self.proxy = stack.enter_context(FaultProxy(*ports))
            self._closing = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, _: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def _running(self) -> Member:
        return next(each for each in self.members if each.answers())


@contextmanager
def _port_mapper(member: Member) -> Iterator[None]:
    """Run the port mapper that Erlang's nodes find each other by."""
    member.data_dir.mkdir(parents=True)
    process = PrivateNode._start_epmd(member, member._environment())
    assert process is not None, "epmd is part of Erlang"
    watchdog = Watchdog([process])
    try:
        yield
    finally:
        process.terminate()
        process.wait(5)
        watchdog.end()
