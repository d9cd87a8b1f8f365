"""Samples of the platform's error bodies: shapes as recorded, ids invented."""

from __future__ import annotations

from typing import Any

from .times import make_id

__all__ = ["ERROR_BODIES"]


def _api(status: int, code: str, message: str, **more: Any) -> dict[str, Any]:
    context_id = make_id("error", status, code)
    body = {"message": message, "code": code, "status": status, "contextId": context_id}
    return {**body, "details": [], "errors": [], **more}


def _oauth(error: str, description: str) -> dict[str, Any]:
    return {"error": error, "description": description, "error_description": description}


_NO_SUCH_QUEUE = _api(
    400,
    "general.bad.request",
    "Referenced key  on 'queueId' does not exist.",
    messageWithParams="Referenced key {refEntityId} on '{fieldName}' does not exist.",
    messageParams={"refEntityId": "", "fieldName": "queueId"},
    details=[{"errorCode": "REFERENCED_KEY_DOES_NOT_EXIST", "fieldName": "queueId"}],
)
ERROR_BODIES = {
    "400-bad-request": _api(400, "bad.request", "conversationId xyz is not a valid UUID."),
    "400-invalid-value": _api(
        400,
        "invalid.value",
        "Value [] is not valid for field type [QueryFilterType]. Allowable values are: and, or",
    ),
    "400-with-params": _NO_SUCH_QUEUE,
    "401-bad-credentials": _api(401, "bad.credentials", "Invalid login credentials."),
    "403-missing-permissions": _api(
        403,
        "missing.any.permissions",
        "Unable to perform the requested action. You must have at least one of the following "
        "permissions assigned: [conversation:communication:view]",
    ),
    "404-not-found": _api(404, "not.found", "The requested resource was not found."),
    "415-unsupported-media-type": _api(
        415, "unsupported.media.type", "Content type of the request is not supported."
    ),
    "429-too-many-requests": _api(
        429,
        "too.many.requests",
        "Rate limit exceeded the maximum. Retry the request in [42] seconds",
    ),
    "500-internal-server-error": _api(
        500,
        "internal.server.error",
        "The server encountered an unexpected condition which prevented it from fulfilling the "
        "request.",
    ),
    "503-service-unavailable": _api(
        503, "service.unavailable", "Service Unavailable - The server is temporarily unavailable."
    ),
    "504-request-timeout": _api(504, "request.timeout", "The request timed out."),
    "oauth-400-unknown-client": _oauth("invalid_client", "client not found"),
    "oauth-401-wrong-secret": _oauth("invalid_client", "authentication failed"),
}
