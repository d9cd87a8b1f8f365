"""The calls that read conversations: the REST form and the analytics form."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .bodies import ApiError, json_object, valid_uuid
from .present import Present
from .queries import parse_query, run_query

__all__ = ["ConversationsApi"]


class ConversationsApi:
    """Read calls on the conversations, as they stand."""

    def __init__(self, present: Present) -> None:
        self._present = present

    async def conversation(self, request: Request) -> Response:
        """``GET /api/v2/conversations/{conversationId}``."""
        conversation_id = valid_uuid(request.path_params["conversation_id"], "conversationId")
        return JSONResponse(_known(self._present.rest(conversation_id)))

    async def details_of_one(self, request: Request) -> Response:
        """``GET /api/v2/analytics/conversations/{conversationId}/details``."""
        conversation_id = valid_uuid(request.path_params["conversation_id"], "conversationId")
        return JSONResponse(_known(self._present.analytics(conversation_id)))

    async def details_of_some(self, request: Request) -> Response:
        """``GET /api/v2/analytics/conversations/details?id=a,b``; unknown ids are left out."""
        given = ",".join(request.query_params.getlist("id")).split(",")
        ids = dict.fromkeys(valid_uuid(text.strip(), "id") for text in given if text.strip())
        if not ids:
            raise ApiError(400, message="id must name at least one conversation.", field="id")
        found = [self._present.analytics(conversation_id) for conversation_id in ids]
        return JSONResponse({"conversations": [body for body in found if body is not None]})

    async def details_query(self, request: Request) -> Response:
        """``POST /api/v2/analytics/conversations/details/query``."""
        query = parse_query(await json_object(request))
        return JSONResponse(run_query(query, self._present))


def _known(body: dict[str, Any] | None) -> dict[str, Any]:
    if body is None:
        raise ApiError(404)
    return body
