"""Where the broker is, and its set-up: declare the topology, prove it with a canary."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pika
from amqp.exceptions import ChannelError as AMQPChannelError
from amqp.exceptions import ConnectionError as AMQPConnectionError
from kombu.transport.native_delayed_delivery import (
    declare_native_delayed_delivery_exchanges_and_queues,
)
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from .canary import check_topology, impatient
from .connecting import TROUBLE, broker_error, connection_parameters, other_arguments
from .errors import BrokerError, SettingsError
from .messages import Topology, topology
from .node import PrivateNode, find_server
from .node_files import running_node
from .settings import HiddenUrl, Settings, hide_password
from .settling import settle
from .tls import secured

__all__ = [
    "Broker",
    "declare_topology",
    "locate",
    "locate_for_worker",
    "node_dir",
    "open_channel",
    "setup_topology",
]

MEMORY_URL = "memory://"


@dataclass(frozen=True, slots=True)
class Broker:
    """Which of the three ways is taken, and what that means.

    Attributes:
        kind: ``amqp`` a RabbitMQ that you run, ``local`` a private node, ``memory`` embedded.
        url: For amqp and memory; None for a private node that does not run yet.
        why: One line for people.
        management_url: Of its management plugin, as far as known.
    """

    kind: Literal["amqp", "local", "memory"]
    url: str | None
    why: str
    management_url: str | None = None

    def __repr__(self) -> str:
        return f"Broker({self.kind!r}, {hide_password(self.url or '')!r})"


def locate(settings: Settings) -> Broker:
    """Read ``WORKBENCH_BROKER_URL``; unset means ``local`` where rabbitmq-server is installed.

    Raises:
        SettingsError: The value is none of the three forms.
    """
    secret = settings.broker_url
    given = HiddenUrl(secret.get_secret_value().strip() if secret is not None else "")
    if not given:
        if find_server() is not None:
            return _local(settings, "rabbitmq-server is installed: a private node is used")
        return Broker("memory", MEMORY_URL, _MEMORY_WHY + ", since no rabbitmq-server is installed")
    if given == "local":
        return _local(settings, "a private RabbitMQ node, started and stopped by the workbench")
    if given in ("memory", "memory:", "memory:/", MEMORY_URL):
        return Broker("memory", MEMORY_URL, _MEMORY_WHY)
    scheme = given.partition("://")[0]
    if scheme not in ("amqp", "amqps"):
        raise SettingsError(
            f"WORKBENCH_BROKER_URL starts with {scheme[:12]!r}, which is no broker known here.",
            fix="use amqp://user:password@host:5672/, amqps://…, local, or memory://",
        )
    connection_parameters(given)
    host = urlsplit(given).hostname or "localhost"
    management = settings.management_url
    return Broker(
        "amqp",
        secured(given, settings),
        f"your RabbitMQ at {host}",
        HiddenUrl(management.get_secret_value()) if management is not None else None,
    )


_MEMORY_WHY = (
    "embedded in this process (memory://): for a look; what is under way is lost if it is killed"
)


def _local(settings: Settings, why: str) -> Broker:
    node = running_node(node_dir(settings))
    return (
        Broker("local", node.url, why, node.management_url) if node else Broker("local", None, why)
    )


def locate_for_worker(settings: Settings) -> Broker:
    """Find the broker from which a worker process of its own can take tasks.

    Raises:
        SettingsError: It is embedded in another process, or its URL is malformed.
    """
    broker = locate(settings)
    if broker.kind == "memory":
        raise SettingsError(
            "memory:// lives inside one process, so a worker of its own would see nothing.",
            fix="genesys-workbench receive runs the worker too with memory://; or install "
            "rabbitmq-server; or set WORKBENCH_BROKER_URL=amqp://…",
        )
    return broker


def node_dir(settings: Settings) -> Path:
    """Where the private node that commands share keeps its data."""
    return settings.data_dir / "rabbitmq"


@contextmanager
def running_broker(settings: Settings) -> Iterator[Broker]:
    """Give a broker that runs: start the private node where it is wanted and none runs yet."""
    broker = locate(settings)
    if broker.kind != "local" or broker.url is not None:
        yield broker
        return
    with PrivateNode(node_dir(settings)) as node:
        yield Broker("local", node.url, broker.why, node.management_url)


@contextmanager
def open_channel(url: str, *, name: str = "genesys-workbench") -> Iterator[BlockingChannel]:
    """Connect for a few calls; errors come out as ours.

    Raises:
        BrokerError: Unreachable, refused, or the channel was closed by the broker.
    """
    place = hide_password(url)
    try:
        connection = pika.BlockingConnection(connection_parameters(url, name=name))
    except TROUBLE as exc:
        raise broker_error(exc, place) from exc
    try:
        yield connection.channel()
    except TROUBLE as exc:
        raise broker_error(exc, place) from exc
    finally:
        if connection.is_open:
            with suppress(*TROUBLE):
                connection.close()


def setup_topology(
    url: str, settings: Settings, *, sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Declare exchanges and queues and prove them with a canary message.

    Returns:
        Whether anything was new; then it has also waited until it is safe on disk.

    Raises:
        TopologyError: They exist with other arguments, or the canary did not come back.
        BrokerError: The broker is unreachable or refuses.
    """
    plan = topology(settings)
    fresh = not _complete(url, plan)
    declare_topology(url, settings)
    if settings.queue_type == "quorum":
        _declare_delays(url)
    settle(url, sleep, fresh=fresh)
    check_topology(url, plan)
    return fresh


def declare_topology(url: str, settings: Settings) -> None:
    """Declare exchanges and queues; what is there already stays as it is.

    Raises:
        TopologyError: They exist with other arguments.
        BrokerError: The broker is unreachable or refuses.
    """
    with open_channel(url, name="genesys-workbench setup") as channel:
        _declare(channel, topology(settings), hide_password(url))


def _complete(url: str, plan: Topology) -> bool:
    with open_channel(url) as channel:
        try:
            for queue in plan.queues:
                channel.queue_declare(queue.name, passive=True)
        except ChannelClosedByBroker as exc:
            if exc.reply_code == 404:
                return False
            raise
    return True


def _declare(channel: BlockingChannel, plan: Topology, place: str) -> None:
    try:
        for exchange, kind in plan.exchanges.items():
            channel.exchange_declare(exchange, kind, durable=True)
        for queue in plan.queues:
            channel.queue_declare(queue.name, durable=True, arguments=queue.arguments)
            for exchange, key in queue.bindings:
                channel.queue_bind(queue.name, exchange, key)
    except ChannelClosedByBroker as exc:
        raise other_arguments(place, exc.reply_text) from exc


def _declare_delays(url: str) -> None:
    """Declare the queues in which Celery's retries wait, so that they too are old enough."""
    place = hide_password(url)
    try:
        with impatient(url) as connection:
            declare_native_delayed_delivery_exchanges_and_queues(connection, "quorum")
    except (AMQPChannelError, AMQPConnectionError, OSError) as exc:
        raise broker_error(exc, place) from exc


def url_of(broker: Broker) -> str:
    """Return the URL of a broker that runs.

    Raises:
        BrokerError: It is a private node that does not run.
    """
    if broker.url is None:
        raise BrokerError(
            "The private RabbitMQ node does not run.",
            fix="start it with: genesys-workbench receive (or work), or set WORKBENCH_BROKER_URL",
        )
    return broker.url
