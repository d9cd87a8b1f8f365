"""The Celery worker's consumer, hardened: no message of any shape kills it or vanishes."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from amqp.exceptions import AMQPError, PreconditionFailed
from celery import bootsteps
from celery.exceptions import WorkerShutdown
from celery.worker.consumer.connection import Connection
from celery.worker.consumer.consumer import Consumer
from celery.worker.consumer.mingle import Mingle
from celery.worker.state import maybe_shutdown
from kombu.exceptions import OperationalError

from . import runtime
from .autopsy import is_expired, wrong_header
from .connecting import other_arguments
from .kombu_queues import kombu_queue
from .messages import topology

__all__ = ["DeclareTopology", "SafeConsumer", "WakeAtSignals"]

log = logging.getLogger(__name__)

EXIT_TOPOLOGY = 4
# Headers by which a sender could have a task dropped, or the worker ended or stuck: malformed ones
# raise when the task has its place in the pool already, which then is never free again.
HARMLESS = {"expires": None, "timelimit": [None, None], "stamped_headers": None, "stamps": None}
# Seconds between two tries: the first, what each adds, the most.
RECONNECT = {"interval_start": 1.0, "interval_step": 0.25, "interval_max": 5.0}
# The same for a node that was started together with the worker, and when it should be up.
BOOTING = {"interval_start": 0.1, "interval_step": 0.0, "interval_max": 0.1, "timeout": 10.0}


class SafeConsumer(Consumer):
    """Reject what stock Celery would ack unread (lost) or die of.

    Rejected messages reach the dead letters through the queue's dead-letter exchange. See
    celery issues 7975 and 4308 for the crash of a worker on a malformed message.
    """

    def ensure_connected(self, conn: Any) -> Any:
        """Connect; try again at a pace that finds a broker soon after it is back.

        Stock Celery waits 2 s more after each try, up to 30 s.
        """
        if self.first_connection_attempt:
            _await_boot(conn)
        conn.ensure_connection = partial(conn.ensure_connection, **RECONNECT)
        return super().ensure_connected(conn)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Reject a body that cannot be decoded; stock Celery acks it."""
        log.error("undecodable message rejected: %s", type(exc).__name__)
        message.reject_log_error(log, self.connection_errors)

    def on_unknown_message(self, _: Any, message: Any) -> None:
        """Reject what is no task; stock Celery logs its contents, which may be people's data."""
        self._refuse(message, "message that is no task")

    def on_unknown_task(self, _: Any, message: Any, __: Exception) -> None:
        """Reject a task of another program, and log nothing that it holds."""
        self._refuse(message, "unknown task")

    def on_invalid_task(self, _: Any, message: Any, __: Exception) -> None:
        """Reject a task whose headers contradict each other, and log nothing that it holds."""
        self._refuse(message, "invalid task")

    def _refuse(self, message: Any, what: str) -> None:
        log.error("%s rejected", what)
        message.reject_log_error(log, self.connection_errors)

    def create_task_handler(self, *args: Any, **kwargs: Any) -> Any:
        """Wrap the handler: whatever a message makes it raise, the message is rejected."""
        handle = super().create_task_handler(*args, **kwargs)
        passed_on = (*self.connection_errors, *self.channel_errors)
        late = {} if self._delays_here() else {"eta": None}

        def on_task_received(message: Any) -> Any:
            try:
                if "task" in message.headers:
                    _check_headers(message.headers)
                    message.headers = message.headers | HARMLESS | late
                    _check_body(message.payload)
                return handle(message)
            except passed_on:
                raise
            except Exception as exc:  # noqa: BLE001 - any shape of message may come
                log.error("malformed message rejected: %s", type(exc).__name__)
                message.reject_log_error(log, self.connection_errors)
                return None

        return on_task_received

    def _delays_here(self) -> bool:
        """Tell whether the worker itself holds a message until its time, not the broker.

        With quorum queues RabbitMQ does; held here it would keep others out.
        """
        in_memory = self.connection.transport.driver_type == "memory"
        return in_memory or runtime.settings().queue_type == "classic"


def _await_boot(conn: Any) -> None:
    """Look often and quietly for a broker that boots beside us; all else is Celery's to tell."""

    def go_on(exc: Exception, _: float) -> None:
        if not isinstance(exc, ConnectionRefusedError):
            raise exc

    with suppress(OperationalError, AMQPError, OSError):
        conn.ensure_connection(go_on, callback=maybe_shutdown, **BOOTING)


def _check_headers(headers: Mapping[str, Any]) -> None:
    wrong = wrong_header(headers)
    if wrong:
        raise ValueError(f"the header {wrong} is malformed")
    if is_expired(headers, now=datetime.now(UTC)):  # Celery would ack it
        raise ValueError("the sender's time for the task is up")


def _check_body(payload: Any) -> None:
    """Refuse what Celery would ack as an internal error."""
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
