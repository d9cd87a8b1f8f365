"""A broker for a command that works on its queues; whatever takes time is said."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from .output import say

if TYPE_CHECKING:
    from pathlib import Path

    from ..broker import Broker
    from ..settings import Settings

__all__ = ["opened", "queues_url", "writable_folder"]


@contextmanager
def opened(settings: Settings) -> Iterator[Broker]:
    """Give a broker that runs; a private node that does not is started for so long.

    Raises:
        SettingsError: The private node has no folder to live in.
        BrokerError: It does not come up.
    """
    from ..broker import locate, node_dir, running_broker

    broker = locate(settings)
    if broker.kind == "local" and broker.url is None:
        writable_folder(node_dir(settings))
        say("Starting a private RabbitMQ node (about 5 s) …")
    with running_broker(settings) as running:
        yield running


@contextmanager
def queues_url(settings: Settings, *, why: str, must_exist: bool = True) -> Iterator[str]:
    """Give the URL of a broker that other processes see too.

    Args:
        settings: Tell which one.
        why: What cannot be done with ``memory://``, ending the sentence.
        must_exist: Whether a private node that has never run is an error.

    Raises:
        SettingsError: The broker is ``memory://``.
        BrokerError: It cannot be reached, or has never run.
    """
    from ..broker import locate, node_dir, url_of
    from ..errors import BrokerError, SettingsError

    kind = locate(settings).kind
    if kind == "memory":
        raise SettingsError(
            f"memory:// lives inside another process: {why}.",
            fix="install rabbitmq-server, or set WORKBENCH_BROKER_URL=amqp://…",
        )
    if kind == "local" and must_exist and not (node_dir(settings) / "mnesia").exists():
        raise BrokerError(
            "The private RabbitMQ node has never run, so there are no queues yet.",
            fix="genesys-workbench receive",
        )
    # One sentence says it when the broker is away; the tries on the way there are not news.
    logging.getLogger("genesys_workbench.link").setLevel(logging.CRITICAL)
    with opened(settings) as broker:
        yield url_of(broker)


def writable_folder(folder: Path) -> Path:
    """Return the folder, made if need be, and proven.

    Raises:
        SettingsError: Nothing can be written there.
    """
    from ..errors import SettingsError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as exc:
        raise SettingsError(
            f"The folder {folder} cannot be used: {(exc.strerror or str(exc)).lower()}.",
            fix="set WORKBENCH_DATA_DIR to a folder that you may write to",
        ) from exc
    return folder
