"""The Celery worker's consumer, hardened: no message of any shape kills it or vanishes."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from functools import partial
from typing import Any

from amqp.exceptions import PreconditionFailed
from celery import bootsteps
from celery.exceptions import WorkerShutdown
from celery.worker.consumer.connection import Connection
from celery.worker.consumer.consumer import Consumer
from celery.worker.consumer.mingle import Mingle

from . import runtime
from .broker import other_arguments
from .kombu_queues import kombu_queue
from .messages import topology

__all__ = ["DeclareTopology", "SafeConsumer", "WakeAtSignals"]

log = logging.getLogger(__name__)

EXIT_TOPOLOGY = 4
# Seconds between two tries: the first, what each adds, the most.
RECONNECT = {"interval_start": 1.0, "interval_step": 0.25, "interval_max": 5.0}


class SafeConsumer(Consumer):
    """Reject what stock Celery would ack unread (lost) or die of.

    Rejected messages reach the dead letters through the queue's dead-letter exchange. See
    celery issues 7975 and 4308 for the crash of a worker on a malformed message.
    """

    def ensure_connected(self, conn: Any) -> Any:
        """Connect; try again at a pace that finds a broker soon after it is back.

        Stock Celery waits 2 s more after each try, up to 30 s.
        """
        conn.ensure_connection = partial(conn.ensure_connection, **RECONNECT)
        return super().ensure_connected(conn)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Reject a body that cannot be decoded; stock Celery acks it."""
        log.error("undecodable message rejected: %s", type(exc).__name__)
        message.reject_log_error(log, self.connection_errors)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Any:
        """Wrap the handler: whatever a message makes it raise, the message is rejected."""
        handle = super().create_task_handler(*args, **kwargs)
        passed_on = (*self.connection_errors, *self.channel_errors)

        def on_task_received(message: Any) -> Any:
            try:
                _check_shape(message)
                return handle(message)
            except passed_on:
                raise
            except Exception as exc:  # noqa: BLE001 - any shape of message may come
                log.error("malformed message rejected: %s", type(exc).__name__)
                message.reject_log_error(log, self.connection_errors)
                return None

        return on_task_received


def _check_shape(message: Any) -> None:
    """Refuse a protocol 2 body that Celery would ack as an internal error."""
    if "task" not in (message.headers or {}):
        return
    payload = message.payload
    if not isinstance(payload, list) or len(payload) != 3:
        raise TypeError("the body is not [args, kwargs, embed]")
    if not isinstance(payload[0], list) or not isinstance(payload[1], dict):
        raise TypeError("args must be a list and kwargs an object")


class DeclareTopology(bootsteps.StartStopStep):
    """Declare exchanges and queues at each (re)connect, before anything is consumed.

    A dead-letter queue that is missing would make rejected messages pile up.
    """

    requires = (Connection,)
    last = False

    def start(self, consumer: Any) -> None:
        """Declare all, on RabbitMQ and in memory alike; end the worker if it cannot be."""
        channel = consumer.connection.default_channel
        try:
            for spec in topology(runtime.settings()).queues:
                kombu_queue(spec)(channel).declare()
        except PreconditionFailed as exc:
            log.critical("%s", other_arguments(consumer.connection.as_uri(), exc.reply_text))
            raise WorkerShutdown(EXIT_TOPOLOGY) from exc


class WakeAtSignals(bootsteps.StartStopStep):
    """Let a signal end the wait for the next event, so that a stop begins at once.

    The event loop sleeps on after Celery's handler has noted the signal, for 2 s and more
    (https://peps.python.org/pep-0475/).
    """

    requires = (Connection,)

    def include_if(self, consumer: Any) -> bool:
        """Tell whether there is such a loop, in the thread that signals reach."""
        in_main_thread = threading.current_thread() is threading.main_thread()
        return consumer.hub is not None and in_main_thread

    def start(self, consumer: Any) -> None:
        """Make each signal write into a socket that the loop reads."""
        self._sockets = reader, writer = socket.socketpair()
        for each in self._sockets:
            each.setblocking(False)
        consumer.hub.add_reader(reader, reader.recv, 64)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def stop(self, consumer: Any) -> None:
        """Take the socket away."""
        signal.set_wakeup_fd(-1)
        consumer.hub.remove_reader(self._sockets[0])
        for each in self._sockets:
            each.close()


Mingle.requires = (*Mingle.requires, DeclareTopology)
