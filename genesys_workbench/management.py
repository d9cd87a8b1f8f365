"""Figures that AMQP does not tell: unacked messages and rates, from RabbitMQ's management plugin.

https://www.rabbitmq.com/docs/management#http-api
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx

from .connecting import connection_parameters
from .errors import BrokerError, BrokerRefused, BrokerUnreachable, SettingsError
from .tls import client_context
from .tls_errors import tls_error

__all__ = ["Management", "QueueFigures"]

_RATES = ("publish", "deliver_get", "ack")
_COLUMNS = ",".join(
    [
        "name",
        "messages",
        "messages_ready",
        "messages_unacknowledged",
        *(f"message_stats.{name}_details.rate" for name in _RATES),
    ]
)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """What the plugin knew of a queue a moment ago: a second on a private node, else about five.

    Attributes:
        ready: Messages that wait for a consumer.
        unacked: Messages that a consumer holds and has not acknowledged.
        publish_rate: Messages per second that came in; None where the plugin keeps no statistics,
            as on a private node.
        deliver_rate: Messages per second that went to consumers, repetitions included, or None.
        ack_rate: Messages per second that were done with, or None.
        stuck: Messages that are to become dead letters, and whose queue is missing or full.
    """

    name: str
    ready: int
    unacked: int
    publish_rate: float | None
    deliver_rate: float | None
    ack_rate: float | None
    stuck: int = 0


class Management:
    """The HTTP API of one broker's management plugin.

    Args:
        url: ``http(s)://[user:password@]host:port/``.
        broker_url: The same broker's; tells the virtual host, the files for TLS, and the user
            where `url` has none.
        timeout: Seconds to wait for an answer.
        transport: Instead of the network.

    Raises:
        SettingsError: One of the URLs is malformed.
    """

    def __init__(
        self,
        url: str,
        *,
        broker_url: str,
        timeout: float = 2.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        parts = _checked(url)
        broker = connection_parameters(broker_url)
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._path = f"{self.url.rstrip('/')}/api/queues/{quote(broker.virtual_host, safe='')}"
        own = broker.credentials
        self.user = unquote(parts.username) if parts.username else own.username
        password = unquote(parts.password or "") if parts.username else own.password
        self._http = httpx.Client(
            auth=(self.user, password),
            timeout=timeout,
            transport=transport,
            trust_env=False,
            verify=client_context(broker_url) or True,
        )

    def __repr__(self) -> str:
        return f"Management({self.__dict__.get('url')!r})"

    def figures(self) -> dict[str, QueueFigures]:
        """Return the figures of all queues of the virtual host, by name.

        Raises:
            BrokerUnreachable: No answer in time.
            BrokerRefused: The user may not use the plugin.
            BrokerError: An answer that is not the plugin's.
        """
        try:
            answer = self._http.get(self._path, params={"columns": _COLUMNS})
        except httpx.TransportError as exc:
            told = tls_error(exc, f"RabbitMQ's management plugin at {self.url}")
            raise told or BrokerUnreachable(
                f"The management plugin at {self.url} does not answer ({type(exc).__name__}).",
                fix="rabbitmq-plugins enable rabbitmq_management; check WORKBENCH_MANAGEMENT_URL",
            ) from exc
        if answer.status_code in (401, 403):
            raise BrokerRefused(
                f"The management plugin at {self.url} refused the user.",
                fix="rabbitmqctl set_user_tags USER monitoring; or another user in "
                "WORKBENCH_MANAGEMENT_URL",
            )
        try:
            return {item["name"]: _figures(item) for item in answer.raise_for_status().json()}
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise BrokerError(
                f"What answers at {self.url} is not RabbitMQ's management plugin, or does not "
                f"know the virtual host: status {answer.status_code}.",
                fix="check WORKBENCH_MANAGEMENT_URL and the end of WORKBENCH_BROKER_URL",
            ) from exc

    def close(self) -> None:
        """Disconnect."""
        self._http.close()

    def __enter__(self) -> Management:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _checked(url: str) -> Any:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise SettingsError(
        "WORKBENCH_MANAGEMENT_URL is not an http or https URL.",
        fix="such as http://127.0.0.1:15672/",
    )


def _figures(item: dict[str, Any]) -> QueueFigures:
    rates = [(item.get("message_stats") or {}).get(f"{name}_details") for name in _RATES]
    publish, deliver, ack = (float(each["rate"]) if each else None for each in rates)
    ready, unacked = (int(item.get(f"messages_{kind}", 0)) for kind in ("ready", "unacknowledged"))
    # RabbitMQ counts messages that its dead-letter worker holds in the sum only.
    stuck = max(0, int(item.get("messages", 0)) - ready - unacked)
    return QueueFigures(item["name"], ready, unacked, publish, deliver, ack, stuck)
