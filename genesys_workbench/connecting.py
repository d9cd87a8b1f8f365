"""Connecting with pika: its parameters for a URL, and its exceptions in our words."""

from __future__ import annotations

from typing import Any

import pika
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from .errors import BrokerError, BrokerRefused, BrokerUnreachable, SettingsError, TopologyError
from .tls import client_context, without_files
from .tls_errors import tls_error

__all__ = ["TROUBLE", "broker_error", "channel_closed", "connection_parameters", "other_arguments"]

HEARTBEAT = 10
TROUBLE: tuple[type[Exception], ...] = (AMQPError, AMQPConnectorException, OSError)
"""What pika raises when a broker is away, refuses, or stops to answer."""


def connection_parameters(url: str, *, name: str = "genesys-workbench") -> pika.URLParameters:
    """Return pika's parameters for a broker URL.

    Raises:
        SettingsError: The URL is malformed, the text never holds it; or a file of TLS is.
    """
    try:
        parameters = pika.URLParameters(without_files(url))
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise SettingsError(
            "WORKBENCH_BROKER_URL is not an AMQP URL.",
            fix="use amqp://user:password@host:5672/vhost (percent-encode special characters)",
        ) from exc
    context = client_context(url)
    parameters.ssl_options = pika.SSLOptions(context, parameters.host) if context else None
    if parameters.heartbeat is None:  # else it is in the URL, as ?heartbeat=
        parameters.heartbeat = HEARTBEAT
    parameters.socket_timeout = 5
    parameters.stack_timeout = 10
    parameters.connection_attempts = 1
    parameters.blocked_connection_timeout = None
    parameters.client_properties = {"connection_name": name, "product": "genesys-workbench"}
    return parameters


def broker_error(exc: BaseException | None, place: str) -> BrokerError:
    """Turn pika's exception into ours; `place` is the URL without its password."""
    if isinstance(exc, BrokerError):
        return exc
    if isinstance(exc, ProbableAuthenticationError | ProbableAccessDeniedError):
        return BrokerRefused(
            f"RabbitMQ at {place} refused user, password or virtual host.",
            fix="check WORKBENCH_BROKER_URL; rabbitmqctl list_users; rabbitmqctl list_vhosts",
        )
    if isinstance(exc, ChannelClosedByBroker):
        return channel_closed(exc, place)
    told = tls_error(exc, f"RabbitMQ at {place}")
    if told is not None:
        return told
    cause = f" ({_innermost(exc)})" if exc is not None else ""
    return BrokerUnreachable(
        f"RabbitMQ at {place} is unreachable{cause}.",
        fix="see that it runs (rabbitmqctl status) and that the port is open, or set "
        "WORKBENCH_BROKER_URL: amqp://…, local, or memory:// to do without a server",
    )


def channel_closed(exc: Any, place: str) -> TopologyError:
    """Say that the broker closed a channel; pika and py-amqp tell code and text alike."""
    return TopologyError(
        f"RabbitMQ at {place} closed the channel: {exc.reply_code} {exc.reply_text}",
        fix="run: genesys-workbench queue setup",
    )


def other_arguments(place: str, told: str) -> TopologyError:
    """Say that the broker holds our queues with other arguments, in its own words."""
    return TopologyError(
        f"RabbitMQ at {place} holds a queue or exchange of ours with other arguments: {told}",
        fix="use the WORKBENCH_QUEUE_TYPE, _DELIVERY_LIMIT and _QUEUE_MAX_LENGTH it was made "
        "with; or, once it is empty, delete it: rabbitmqctl delete_queue <name>",
    )


def _innermost(exc: BaseException) -> str:
    """Name the cause that pika wraps: AMQPConnectionError → socket error."""
    while True:
        wrapped = getattr(exc, "exceptions", None) or exc.args
        inner = wrapped[-1] if wrapped else None
        if not isinstance(inner, BaseException):
            inner = getattr(exc, "exception", None) or exc.__cause__
        if not isinstance(inner, BaseException):
            text = str(exc)
            return f"{type(exc).__name__}: {text}" if text else type(exc).__name__
        exc = inner
