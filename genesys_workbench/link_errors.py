"""What may become of a message that the publisher sends, in our words. No I/O."""

from __future__ import annotations

from .errors import (
    BrokerError,
    BrokerUnreachable,
    Nacked,
    Overloaded,
    PublishTimeout,
    Unroutable,
)

__all__ = ["alarmed", "overloaded", "refused", "silent", "unconfirmed", "unroutable", "unwritable"]


def alarmed(place: str) -> BrokerUnreachable:
    """Say that the broker blocks its publishers."""
    return BrokerUnreachable(
        f"RabbitMQ at {place} takes no messages: memory or disk alarm.",
        fix="free memory or disk there: rabbitmqctl status",
    )


def silent(place: str) -> BrokerUnreachable:
    """Say that the broker holds the connection and does not answer on it."""
    return BrokerUnreachable(
        f"RabbitMQ at {place} is connected, but does not answer.",
        fix="see whether it hangs, or the network does: rabbitmqctl status",
    )


def refused(place: str) -> Nacked:
    """Say that the broker refused one message."""
    return Nacked(
        f"RabbitMQ at {place} refused the message: the queue is full, or failed.",
        fix="let the workers catch up: genesys-workbench queue show",
    )


def unroutable(place: str, routing_key: str) -> Unroutable:
    """Say that one message came back."""
    return Unroutable(
        f"No queue at {place} is bound for {routing_key!r}.",
        fix="run: genesys-workbench queue setup",
    )


def unconfirmed(place: str, timeout: float) -> PublishTimeout:
    """Say that nobody knows what became of one message."""
    return PublishTimeout(
        f"RabbitMQ at {place} did not confirm within {timeout:g} s; the message may be stored "
        "or not.",
        fix="publish it again with the same id; consumers dedupe",
    )


def overloaded(place: str, waiting: int) -> Overloaded:
    """Say that the publisher takes no more."""
    return Overloaded(
        f"{waiting} messages wait for RabbitMQ at {place}.",
        fix="send slower, or see why the broker confirms slowly",
    )


def unwritable(place: str, why: Exception) -> BrokerError:
    """Say that one message cannot be sent: AMQP has no such header, or no room for it."""
    return BrokerError(
        f"The message cannot be written for RabbitMQ at {place} ({type(why).__name__}).",
        fix="its headers and ids are not AMQP's: genesys-workbench queue dead --json",
    )
