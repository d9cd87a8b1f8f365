"""A message on its way: its AMQP properties, and the future of its sender."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Future

import pika

from .amqp_fields import TaskProperties
from .correlation import ids_of
from .errors import BrokerError
from .messages import Message

__all__ = ["Pending", "properties_of"]

log = logging.getLogger(__name__)


class Pending:
    """A message on its way, and the future of its sender."""

    __slots__ = ("deadline", "future", "message", "sent")

    def __init__(self, message: Message, future: Future[None] | asyncio.Future[None]) -> None:
        self.message = message
        self.future = future
        self.deadline = 0.0
        self.sent = False

    def succeed(self) -> None:
        """End the future well, unless it has ended."""
        if not self.future.done():
            self.future.set_result(None)

    def fail(self, error: BrokerError) -> None:
        """End the future with an error, unless it has ended."""
        if not self.future.done():
            extra = {**ids_of(self.message.headers), "reason": type(error).__name__}
            log.debug("message %s failed: %s", self.message.event_id, error.what, extra=extra)
            self.future.set_exception(error)


def properties_of(message: Message) -> pika.BasicProperties:
    """Return the AMQP properties that a message is published with."""
    if message.properties is None:
        return TaskProperties(**message.amqp_properties, headers=message.headers)
    return pika.BasicProperties(**message.properties, headers=message.headers, delivery_mode=2)
