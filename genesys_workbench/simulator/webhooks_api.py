"""``/api/v2/webhooks``: a registration that exists in the simulator only.

No organisation of Genesys Cloud has this endpoint. Every answer says so in a header; with
``webhooks=False`` the simulator answers 404 like the platform.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .bodies import ApiError, json_object, valid_uuid
from .pages import page_of

__all__ = ["KINDS", "Webhook", "Webhooks", "WebhooksApi"]

PATH = "/api/v2/webhooks"
KINDS = ("conversation:created", "conversation:updated")
_CHOICES = {"method": ("POST",), "deliveryMode": ("PUSH",), "protocolVersion": ("v2",)}


@dataclass(frozen=True, slots=True)
class Webhook:
    """A registration.

    Attributes:
        kinds: The events of `KINDS` that its filters ask for.
        body: As it is answered.
    """

    id: str
    address: str
    enabled: bool
    kinds: frozenset[str]
    body: Mapping[str, Any]


class Webhooks:
    """The registrations, in order of creation."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._by_id: dict[str, Webhook] = {}

    def __iter__(self) -> Iterator[Webhook]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def create(self, fields: dict[str, Any]) -> Webhook:
        """Register; the same address may be registered twice.

        Raises:
            ApiError: 400, naming the field.
        """
        return self._put(_checked(fields), self._new_id("webhook"))

    def replace(self, webhook_id: str, fields: dict[str, Any]) -> Webhook:
        """Replace all fields but the id.

        Raises:
            ApiError: 404 or 400.
        """
        self.get(webhook_id)
        return self._put(_checked(fields), webhook_id)

    def get(self, webhook_id: str) -> Webhook:
        """Return one registration.

        Raises:
            ApiError: 404.
        """
        try:
            return self._by_id[webhook_id]
        except KeyError as exc:
            raise ApiError(404) from exc

    def delete(self, webhook_id: str) -> None:
        """Remove one registration.

        Raises:
            ApiError: 404.
        """
        self.get(webhook_id)
        del self._by_id[webhook_id]

    def _put(self, fields: dict[str, Any], webhook_id: str) -> Webhook:
        body = {"id": webhook_id, **fields, "selfUri": f"{PATH}/{webhook_id}"}
        kinds = frozenset(wanted["event"] for wanted in fields["eventFilters"])
        hook = Webhook(webhook_id, fields["address"], fields["enabled"], kinds, body)
        self._by_id[webhook_id] = hook
        return hook


class WebhooksApi:
    """The endpoint's calls."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    async def create(self, request: Request) -> Response:
        """``POST /api/v2/webhooks``."""
        hook = self._webhooks.create(await json_object(request))
        return JSONResponse(hook.body, 201)

    async def listing(self, request: Request) -> Response:
        """``GET /api/v2/webhooks``, page by page."""
        return JSONResponse(page_of([hook.body for hook in self._webhooks], request))

    async def read(self, request: Request) -> Response:
        """``GET /api/v2/webhooks/{id}``."""
        return JSONResponse(self._webhooks.get(_id(request)).body)

    async def replace(self, request: Request) -> Response:
        """``PUT /api/v2/webhooks/{id}``."""
        hook = self._webhooks.replace(_id(request), await json_object(request))
        return JSONResponse(hook.body)

    async def delete(self, request: Request) -> Response:
        """``DELETE /api/v2/webhooks/{id}``."""
        self._webhooks.delete(_id(request))
        return Response(status_code=204)


def _id(request: Request) -> str:
    return valid_uuid(request.path_params["webhook_id"], "webhookId")


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": _name(fields.get("name")),
        "address": _address(fields.get("address")),
        "enabled": _enabled(fields.get("enabled", True)),
        "method": _choice(fields, "method"),
        "eventFilters": _filters(fields.get("eventFilters")),
        "deliveryMode": _choice(fields, "deliveryMode"),
        "protocolVersion": _choice(fields, "protocolVersion"),
    }


def _wrong(name: str, must: str) -> ApiError:
    return ApiError(400, "invalid.value", f"{name} must be {must}.", field=name)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 256:
        raise _wrong("name", "a text of 1 to 256 characters")
    return value


def _address(value: Any) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
        good = parts and parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = None
    if not good:
        raise _wrong("address", "an absolute http or https URL")
    return str(value)


def _enabled(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong("enabled", "true or false")
    return value


def _choice(fields: dict[str, Any], name: str) -> str:
    allowed = _CHOICES[name]
    value = fields.get(name, allowed[0])
    if value not in allowed:
        raise _wrong(name, "one of: " + ", ".join(allowed))
    return str(value)


def _filters(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not value:
        raise _wrong("eventFilters", "a list with at least one filter")
    for item in value:
        if not isinstance(item, dict) or item.get("entityType") != "conversation":
            raise _wrong("eventFilters", "objects with entityType conversation")
        if item.get("event") not in KINDS:
            raise _wrong("eventFilters", "objects with an event of: " + ", ".join(KINDS))
    return [{"event": item["event"], "entityType": "conversation"} for item in value]
