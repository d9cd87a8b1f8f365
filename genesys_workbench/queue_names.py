"""The names of an organisation's queues, which analytics does not tell."""

from __future__ import annotations

from .client import GenesysClient
from .errors import GenesysError

__all__ = ["queue_names"]

QUEUES = "/api/v2/routing/queues"


def queue_names(client: GenesysClient) -> dict[str, str]:
    """Return the names of an organisation's queues by id, as frames take them.

    They need the permission ``routing:queue:view``; without it, or without an answer, there are
    none, and ids have to do.
    """
    try:
        queues = list(client.pages(QUEUES, params={"pageSize": 100}))
    except GenesysError:
        return {}
    return {str(one["id"]): str(one["name"]) for one in queues if one.keys() >= {"id", "name"}}
