"""``/api/v2/notifications``: channels, their subscriptions, and the topics that there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .bodies import ApiError, json_list
from .channels import TOPICS, Channel, Channels
from .times import iso

__all__ = ["PATH", "NotificationsApi"]

PATH = "/api/v2/notifications"
_EXPAND = ("description", "requiresPermissions", "schema", "transports", "visibility")


class NotificationsApi:
    """The calls on channels; their events come by `streaming`."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    async def create(self, request: Request) -> Response:
        """``POST …/channels``."""
        return JSONResponse(self._body(self._channels.create(), request))

    async def listing(self, request: Request) -> Response:
        """``GET …/channels``."""
        return JSONResponse({"entities": [self._body(one, request) for one in self._channels]})

    async def check(self, request: Request) -> Response:
        """``HEAD …/channels/{channelId}``: whether the channel still exists."""
        self._channel(request)
        return Response()

    async def subscriptions(self, request: Request) -> Response:
        """``GET …/channels/{channelId}/subscriptions``."""
        topics = self._channel(request).topics
        return JSONResponse({"entities": [{"id": name, "state": "Permitted"} for name in topics]})

    async def add(self, request: Request) -> Response:
        """``POST …/subscriptions``: more topics."""
        return await self._subscribe(request, anew=False)

    async def replace(self, request: Request) -> Response:
        """``PUT …/subscriptions``: these topics and no others."""
        return await self._subscribe(request, anew=True)

    async def clear(self, request: Request) -> Response:
        """``DELETE …/subscriptions``."""
        self._channel(request).topics = {}
        return Response(status_code=204)

    async def topics(self, request: Request) -> Response:
        """``GET …/availabletopics?expand=…``."""
        named = ",".join(request.query_params.getlist("expand")).split(",")
        wanted = {name.strip() for name in named} & set(_EXPAND)
        entities = [
            {"id": name, **{key: told[key] for key in wanted if key in told}}
            for name, told in _AVAILABLE.items()
        ]
        return JSONResponse({"entities": entities})

    async def _subscribe(self, request: Request, *, anew: bool) -> Response:
        channel = self._channel(request)
        topics = [_topic(item) for item in await json_list(request)]
        ignore = request.query_params.get("ignoreErrors", "").lower() == "true"
        told = self._channels.subscribe(channel, topics, anew=anew, ignore_errors=ignore)
        uri = f"{PATH}/channels/{channel.id}/subscriptions"
        return JSONResponse({"entities": [one | {"selfUri": uri} for one in told]})

    def _channel(self, request: Request) -> Channel:
        return self._channels.get(request.path_params["channel_id"])

    def _body(self, channel: Channel, request: Request) -> dict[str, Any]:
        host = request.headers.get("host", "127.0.0.1")
        ends = datetime.now(UTC) + timedelta(seconds=self._channels.left(channel))
        return {
            "connectUri": f"ws://{host}/channels/{channel.id}",
            "id": channel.id,
            "expires": iso(ends),
        }


def _topic(item: Any) -> str:
    if isinstance(item, dict) and isinstance(item.get("id"), str):
        return str(item["id"])
    raise ApiError(400, message="Each topic must be an object with an id.", field="id")


_AVAILABLE: dict[str, dict[str, Any]] = {
    name: {
        "description": f"Changes of {name}",
        "requiresPermissions": list(permissions),
        "transports": ["All"],
        "visibility": "Public",
        "schema": {"type": "object"},
    }
    for name, permissions in TOPICS.items()
}
