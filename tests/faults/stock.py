"""A RabbitMQ node as it comes: a broker of yours, which writes new queues out in its own time."""

from __future__ import annotations

from genesys_workbench.node import PrivateNode

__all__ = ["StockNode"]


class StockNode(PrivateNode):
    """A private node that was not told to write queues out at once, and tells nobody."""

    def _environment(self) -> dict[str, str]:
        arguments = {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noshell -noinput"}
        return super()._environment() | arguments
