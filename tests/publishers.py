"""A publisher for tests: the broker is ready, away, or refuses, as the test says."""

from __future__ import annotations

from concurrent.futures import Future

from genesys_workbench.errors import BrokerError
from genesys_workbench.messages import Message


class ScriptedPublisher:
    """Confirms at once while `error` is None; else fails with it. Keeps what it was given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.ready = True
        self.error: BrokerError | None = None
        self.closed = False

    def publish(self, message: Message) -> Future[None]:
        future: Future[None] = Future()
        if self.error is not None:
            future.set_exception(self.error)
        else:
            self.messages.append(message)
            future.set_result(None)
        return future

    def close(self) -> None:
        self.closed = True
