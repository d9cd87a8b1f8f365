"""``/api/v2/processautomation/triggers``: the platform's own registration, of a workflow.

https://developer.genesys.cloud/routing/process-automation/
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..events import DETAIL_EVENTS
from .bodies import ApiError, json_object, json_value, valid_uuid
from .criteria import check_criteria, tested

__all__ = ["PATH", "TOPICS", "TriggersApi"]

PATH = "/api/v2/processautomation/triggers"
TOPICS = tuple(f"v2.detail.events.conversation.{{id}}.{what}" for what in sorted(DETAIL_EVENTS))
_FORMATS = ("TopLevelPrimitives", "Json")
_SIZE, _LARGEST = 25, 200


class TriggersApi:
    """The triggers of the organisation, in order of creation, and the calls on them."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._by_id: dict[str, dict[str, Any]] = {}

    async def listing(self, request: Request) -> Response:
        """``GET …/triggers``: by cursor; ``topicName`` and ``enabled`` choose."""
        topics = request.query_params.get("topicName")
        enabled = request.query_params.get("enabled")
        found = [
            one
            for one in self._by_id.values()
            if (topics is None or one["topicName"] in topics.split(","))
            and (enabled is None or one["enabled"] == (enabled.lower() == "true"))
        ]
        return JSONResponse(_cursor_page(found, request))

    async def topics(self, request: Request) -> Response:
        """``GET …/triggers/topics``."""
        return JSONResponse(_cursor_page([{"id": name} for name in TOPICS], request))

    async def create(self, request: Request) -> Response:
        """``POST …/triggers``."""
        fields = await json_object(request)
        trigger_id = self._new_id("trigger")
        return JSONResponse(self._put(trigger_id, 1, _checked(fields)), 201)

    async def read(self, request: Request) -> Response:
        """``GET …/triggers/{triggerId}``."""
        return JSONResponse(self._get(request))

    async def replace(self, request: Request) -> Response:
        """``PUT …/triggers/{triggerId}``: takes the version that is to be replaced."""
        kept, fields = self._get(request), await json_object(request)
        version = fields.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            raise _wrong("version", "the version of the trigger that is to be updated")
        if version != kept["version"]:
            message = f"The trigger has version {kept['version']}, not {version}."
            raise ApiError(409, "general.conflict", message, field="version")
        if fields.get("topicName", kept["topicName"]) != kept["topicName"]:
            raise _wrong("topicName", "left as it is; create another trigger for another topic")
        checked = _checked(fields | {"topicName": kept["topicName"]})
        return JSONResponse(self._put(kept["id"], version + 1, checked))

    async def delete(self, request: Request) -> Response:
        """``DELETE …/triggers/{triggerId}``."""
        del self._by_id[self._get(request)["id"]]
        return Response(status_code=204)

    async def test(self, request: Request) -> Response:
        """``POST …/triggers/{triggerId}/test``: whether an event would start it."""
        trigger, event = self._get(request), await _event(request)
        criteria = [tested(one, event) for one in trigger.get("matchCriteria", [])]
        fits = isinstance(event, dict) and "conversationId" in event
        matches = fits and trigger["enabled"] and all(one["matches"] for one in criteria)
        return JSONResponse(
            {
                "schemaValidation": _step("Schema validation", 1, fits, []),
                "targetValidation": _step("Target validation", 2, True, []),
                "jsonPathValidation": _step(
                    "Match criteria", 3, all(one["matches"] for one in criteria), criteria
                ),
                "triggerMatches": matches,
            }
        )

    def _get(self, request: Request) -> dict[str, Any]:
        trigger_id = valid_uuid(request.path_params["trigger_id"], "triggerId")
        if trigger_id not in self._by_id:
            raise ApiError(404)
        return self._by_id[trigger_id]

    def _put(self, trigger_id: str, version: int, fields: dict[str, Any]) -> dict[str, Any]:
        uri = f"{PATH}/{trigger_id}"
        body = {"id": trigger_id, **fields, "version": version, "selfUri": uri}
        self._by_id[trigger_id] = body
        return body


async def _event(request: Request) -> Any:
    value = await json_value(request)
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError) as exc:
        raise ApiError(400) from exc


def _step(name: str, step: int, matches: bool, details: Sequence[Any]) -> dict[str, Any]:
    return {"name": name, "step": step, "matches": matches, "details": list(details)}


def _cursor_page(found: Sequence[dict[str, Any]], request: Request) -> dict[str, Any]:
    size = _page_size(request.query_params.get("pageSize"))
    first = _place(request.query_params.get("after"))
    page: dict[str, Any] = {"entities": list(found[first : first + size])}
    kept = [
        f"{name}={value}"
        for name, value in request.query_params.items()
        if name not in ("after", "before")
    ]
    uri = request.url.path + "?" + "&".join([*kept, f"after={_cursor(first)}"])
    page["selfUri"] = uri
    if first + size < len(found):
        page["nextUri"] = uri.replace(_cursor(first), _cursor(first + size))
    return page


def _page_size(text: str | None) -> int:
    if text is None:
        return _SIZE
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _LARGEST:
        raise _wrong("pageSize", f"1 to {_LARGEST}")
    return int(text)


def _cursor(place: int) -> str:
    return base64.urlsafe_b64encode(f"place:{place}".encode()).decode().rstrip("=")


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return int(text.removeprefix("place:"))
    except (binascii.Error, ValueError) as exc:
        raise _wrong("after", "a cursor of an answer") from exc


def _wrong(name: str, must: str) -> ApiError:
    return ApiError(400, "invalid.value", f"{name} must be {must}.", field=name)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    topic = fields.get("topicName")
    if topic not in TOPICS:
        raise _wrong("topicName", "a topic with the literal {id}, such as " + TOPICS[0])
    checked = {
        "name": _text(fields, "name", 256),
        "topicName": topic,
        "enabled": _flag(fields.get("enabled", True)),
        "target": _target(fields.get("target")),
        "matchCriteria": check_criteria(fields.get("matchCriteria", [])),
    }
    if fields.get("description") is not None:
        checked["description"] = _text(fields, "description", 512)
    return checked | _timing(fields)


def _text(fields: dict[str, Any], name: str, longest: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise _wrong(name, f"a text of 1 to {longest} characters")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong("enabled", "true or false")
    return value


def _target(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("type") != "Workflow":
        raise _wrong("target", "an object of type Workflow")
    settings = value.get("workflowTargetSettings") or {"dataFormat": _FORMATS[0]}
    if not isinstance(settings, dict) or settings.get("dataFormat") not in _FORMATS:
        raise _wrong("workflowTargetSettings", "of dataFormat " + " or ".join(_FORMATS))
    workflow = valid_uuid(str(value.get("id")), "target.id")
    return {"type": "Workflow", "id": workflow, "workflowTargetSettings": settings}


def _timing(fields: dict[str, Any]) -> dict[str, int]:
    limits = {"eventTTLSeconds": (10, 86_400), "delayBySeconds": (60, 900)}
    given = {name: fields[name] for name in limits if fields.get(name) is not None}
    if len(given) == 2:
        raise _wrong("delayBySeconds", "left out where eventTTLSeconds is given")
    for name, value in given.items():
        low, high = limits[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong(name, f"{low} to {high}")
    return given
