"""The receiver's OpenAPI document: the delivery route is described here, since it reads bytes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .events import MAX_EVENTS

__all__ = ["document"]

_ID = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._:~-]{0,127}$"}
_TEXT = {"type": "string", "maxLength": 512}
_TIME = {
    "description": "ISO 8601, UTC where no zone is given, or epoch milliseconds; 1970 to 9998.",
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "number", "minimum": 0, "maximum": 253370764799999},
        {"type": "null"},
    ],
}
_CONVERSATION = {"conversationId": _ID, "eventTime": _TIME}
_BODY = {
    "type": "object",
    "description": "The event itself; a conversation with `id` and `participants` also counts.",
    "anyOf": [
        {"required": ["conversationId"], "properties": _CONVERSATION},
        {"required": ["id", "participants"], "properties": {"id": _ID, "eventTime": _TIME}},
    ],
}
_ENVELOPES: dict[str, Any] = {
    "Flat": {
        "description": "The body of a Web Services data action; conversationId alone is enough.",
        "type": "object",
        "required": ["conversationId"],
        "properties": {
            **_CONVERSATION,
            "timestamp": _TIME,
            "eventId": {"anyOf": [_ID, {"type": "null"}]},
            "topicName": {"anyOf": [_TEXT, {"type": "null"}]},
        },
        "example": {"conversationId": "c-1", "timestamp": "2026-01-05T08:00:00Z"},
    },
    "Notification": {
        "description": "The envelope of the Notifications API.",
        "type": "object",
        "required": ["eventBody"],
        "properties": {"topicName": _TEXT, "eventBody": _BODY, "timestamp": _TIME},
    },
    "EventBridge": {
        "description": "The envelope of Amazon EventBridge.",
        "type": "object",
        "required": ["detail-type", "detail"],
        "properties": {
            "id": {"anyOf": [_ID, {"type": "null"}]},
            "detail-type": _TEXT,
            "detail": {
                "type": "object",
                "required": ["eventBody"],
                "properties": {"eventBody": _BODY, "timestamp": _TIME},
            },
        },
    },
}
_EVENT = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in _ENVELOPES]}
_SAFE: dict[str, Any] = {
    "type": "object",
    "required": ["status", "conversationId", "eventId"],
    "properties": {
        "status": {"enum": ["published", "spooled"]},
        "conversationId": _ID,
        "eventId": _ID,
    },
    "additionalProperties": False,
}
_ALL_SAFE: dict[str, Any] = {
    "type": "object",
    "required": ["status", "count", "events"],
    "properties": {
        "status": {"enum": ["published", "spooled"]},
        "count": {"type": "integer", "minimum": 1, "maximum": MAX_EVENTS},
        "events": {"type": "array", "items": _SAFE},
    },
    "additionalProperties": False,
}
_REFUSED = {
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "string"}, "fix": {"type": "string"}},
    "additionalProperties": False,
}
_READINESS = {
    "type": "object",
    "required": ["broker", "spool", "spooled"],
    "properties": {
        "broker": {"enum": ["ready", "away"]},
        "spool": {"enum": ["open", "closed"]},
        "spooled": {"type": "integer", "minimum": 0},
    },
}
_STATUSES = {
    "400": "The body is not JSON, or not the strict kind; or the request is not valid HTTP.",
    "401": "Secret or signature missing or wrong.",
    "403": "enrich=receiver: the API refused the conversation.",
    "404": "enrich=receiver: the API does not know the conversation.",
    "408": "Headers or body did not arrive in time.",
    "413": "The body is too large.",
    "415": "Not JSON by its content type, or compressed.",
    "422": "JSON, but not an event; or too many in one array.",
    "429": "enrich=receiver: the API's allowance is used up.",
    "431": "The headers are too many or too large.",
    "503": "The event cannot be made safe now; send it again after Retry-After seconds.",
}
_RETRY_AFTER = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}


def document(app: FastAPI, path: str) -> dict[str, Any]:
    """Return the document, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version="1", routes=app.routes)
        schema["components"] = {"schemas": _ENVELOPES}
        schema["paths"][path] = {"post": _operation()}
        schema["paths"]["/readyz"]["get"]["responses"] = {
            "200": _response("The broker confirms.", _READINESS),
            "503": _response("The broker is away; events are spooled.", _READINESS),
        }
        schema["paths"]["/metrics"]["get"]["responses"] = {
            "200": {"description": "Exposition text.", "content": {"text/plain": {}}}
        }
        app.openapi_schema = schema
    return app.openapi_schema


def _operation() -> dict[str, Any]:
    several = {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": _EVENT}
    accepted = {"oneOf": [_SAFE, _ALL_SAFE]}
    responses = {"202": _response("Each event is safe: published or spooled.", accepted)}
    responses |= {status: _response(text, _REFUSED) for status, text in _STATUSES.items()}
    for status in ("429", "503"):
        responses[status]["headers"] = _RETRY_AFTER
    return {
        "summary": "Take a delivery in",
        "operationId": "deliver",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"anyOf": [_EVENT, several]}}},
        },
        "responses": responses,
    }


def _response(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}
