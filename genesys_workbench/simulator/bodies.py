"""Error bodies in the platform's shape, and the reading of request bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

__all__ = ["ApiError", "error_response", "json_list", "json_object", "json_value", "valid_uuid"]

# Codes and texts of the platform's API description, one that fits each status. The code of 405
# is not documented.
_STANDARD = {
    400: (
        "bad.request",
        "The request could not be understood by the server due to malformed syntax.",
    ),
    401: ("bad.credentials", "Invalid login credentials."),
    403: ("not.authorized", "You are not authorized to perform the requested action."),
    404: ("not.found", "The requested resource was not found."),
    405: ("method.not.allowed", "The request method is not allowed for this resource."),
    415: (
        "unsupported.media.type",
        "Unsupported Media Type - Unsupported or incorrect media type, such as an incorrect "
        "Content-Type value in the header.",
    ),
    429: ("too.many.requests", "Rate limit exceeded the maximum. Retry the request in [1] seconds"),
    500: (
        "internal.server.error",
        "The server encountered an unexpected condition which prevented it from fulfilling the "
        "request.",
    ),
    503: (
        "service.unavailable",
        "Service Unavailable - The server is currently unavailable (because it is overloaded or "
        "down for maintenance).",
    ),
    504: ("request.timeout", "The request timed out."),
}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ApiError(Exception):
    """An error answer of the API.

    Args:
        status: HTTP status; code and message default to what the platform sends with it.
        template: Message with named gaps, filled from `params`; both travel in the body.
        field: Name of the field at fault, put into ``details`` with `detail_code`.
    """

    def __init__(
        self,
        status: int,
        code: str | None = None,
        message: str | None = None,
        *,
        template: str | None = None,
        params: Mapping[str, str] | None = None,
        field: str | None = None,
        detail_code: str = "INVALID_VALUE",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        usual_code, usual_message = _STANDARD.get(status, (f"http.{status}", "Error."))
        if template is not None:
            message = template.format_map(params or {})
        self.status = status
        self.code = code or usual_code
        self.message = message or usual_message
        self.template = template
        self.params = dict(params or {})
        self.details: Sequence[dict[str, str]] = ()
        if field is not None:
            self.details = [{"errorCode": detail_code, "fieldName": field}]
        self.headers = dict(headers or {})
        super().__init__(self.message)


def error_response(error: ApiError, context_id: str) -> Response:
    """Return the answer for an error; its ``contextId`` is the call's correlation id."""
    body: dict[str, Any] = {"message": error.message, "code": error.code, "status": error.status}
    if error.template is not None:
        body |= {"messageWithParams": error.template, "messageParams": error.params}
    body |= {"contextId": context_id, "details": list(error.details), "errors": []}
    return JSONResponse(body, error.status, headers=error.headers)


async def json_object(request: Request) -> dict[str, Any]:
    """Read a JSON object from the body.

    Raises:
        ApiError: 415 without a JSON content type, 400 when the body is not a JSON object.
    """
    value = await json_value(request)
    if not isinstance(value, dict):
        raise ApiError(400)
    return value


async def json_list(request: Request) -> list[Any]:
    """Read a JSON array from the body.

    Raises:
        ApiError: 415 without a JSON content type, 400 when the body is not a JSON array.
    """
    value = await json_value(request)
    if not isinstance(value, list):
        raise ApiError(400)
    return value


async def json_value(request: Request) -> Any:
    """Read whatever JSON the body is.

    Raises:
        ApiError: 415 without a JSON content type, 400 when the body is not JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ApiError(415)
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as exc:
        raise ApiError(400) from exc


def valid_uuid(value: str, name: str) -> str:
    """Return a UUID in lower case.

    Raises:
        ApiError: 400, with the platform's sentence.
    """
    if not _UUID.fullmatch(value):
        raise ApiError(400, message=f"{name} {value} is not a valid UUID.")
    return value.lower()
