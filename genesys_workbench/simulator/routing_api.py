"""``/api/v2/routing/queues``: the queues, which analytics names by id only."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .pages import page_of
from .people import DIVISION_ID, Queue
from .sources import Source

__all__ = ["RoutingApi"]


class RoutingApi:
    """Read calls on the queues of a source."""

    def __init__(self, source: Source) -> None:
        self._queues = [_queue(one) for one in sorted(source.queues, key=lambda one: one.name)]

    async def queues(self, request: Request) -> Response:
        """``GET /api/v2/routing/queues``, by name, page by page."""
        return JSONResponse(page_of(self._queues, request))


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "id": queue.id,
        "name": queue.name,
        "division": {
            "id": DIVISION_ID,
            "selfUri": f"/api/v2/authorization/divisions/{DIVISION_ID}",
        },
        "selfUri": f"/api/v2/routing/queues/{queue.id}",
    }
