"""``/api/v2/users``: the agents, by name."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .pages import page_of
from .people import DIVISION_ID, User
from .sources import Source

__all__ = ["UsersApi"]


class UsersApi:
    """Read calls on the users of a source."""

    def __init__(self, source: Source) -> None:
        self._users = [_user(one) for one in sorted(source.users, key=lambda one: one.name)]

    async def users(self, request: Request) -> Response:
        """``GET /api/v2/users``, by name, page by page."""
        return JSONResponse(page_of(self._users, request))


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "division": {
            "id": DIVISION_ID,
            "selfUri": f"/api/v2/authorization/divisions/{DIVISION_ID}",
        },
        "email": user.email,
        "username": user.email,
        "state": "active",
        "version": 1,
        "acdAutoAnswer": False,
        "selfUri": f"/api/v2/users/{user.id}",
    }
