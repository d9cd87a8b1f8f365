"""The receiver's OpenAPI document: the delivery route is described here, since it reads bytes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

__all__ = ["document"]

_ID = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$"}
_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "EventBridge envelope, notification envelope, flat data-action body, or "
    '{"conversationId", "timestamp"}.',
    "properties": {"conversationId": _ID, "timestamp": {"type": "string", "format": "date-time"}},
    "additionalProperties": True,
}
_ACCEPTED = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {"enum": ["published", "spooled"]},
        "conversationId": _ID,
        "eventId": {"type": "string"},
        "count": {"type": "integer"},
        "events": {"type": "array", "items": {"type": "object"}},
    },
}
_REFUSED = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "string"}, "fix": {"type": "string"}},
}
_STATUSES = {
    "400": "The body is not JSON, or not the strict kind.",
    "401": "Secret or signature missing or wrong.",
    "403": "enrich=receiver: the API refused the conversation.",
    "404": "enrich=receiver: the API does not know the conversation.",
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "Not JSON by its content type, or compressed.",
    "422": "JSON, but not an event.",
    "429": "enrich=receiver: the API's allowance is used up.",
    "503": "The event cannot be made safe now; send it again after Retry-After seconds.",
}


def document(app: FastAPI, path: str) -> dict[str, Any]:
    """Return the document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version="1", routes=app.routes)
        schema["paths"][path] = {"post": _operation()}
        app.openapi_schema = schema
    return app.openapi_schema


def _operation() -> dict[str, Any]:
    body = {"oneOf": [_EVENT, {"type": "array", "minItems": 1, "items": _EVENT}]}
    responses = {"202": _response("The event is safe: published or spooled.", _ACCEPTED)}
    responses |= {status: _response(text, _REFUSED) for status, text in _STATUSES.items()}
    return {
        "summary": "Take a delivery in",
        "operationId": "deliver",
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": responses,
    }


def _response(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}
