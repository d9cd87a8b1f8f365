"""The simulator as an ASGI application: which path leads where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from .bodies import ApiError, error_response
from .broadcast import Broadcast
from .control_api import ControlApi
from .conversations_api import ConversationsApi
from .gateway import Gateway
from .jobs_api import PATH as JOBS
from .notifications_api import PATH as NOTIFICATIONS
from .notifications_api import NotificationsApi
from .oauth import TokenEndpoint
from .routing_api import RoutingApi
from .state import SimulatorState
from .streaming import Streaming
from .triggers_api import PATH as TRIGGERS
from .users_api import UsersApi
from .webhooks_api import PATH as WEBHOOKS
from .webhooks_api import WebhooksApi

__all__ = ["create_app"]


def create_app(state: SimulatorState) -> ASGIApp:
    """Return the application for a state."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        going_on = asyncio.create_task(Broadcast(state.present, state.channels).run())
        yield
        going_on.cancel()
        await state.deliveries.close()

    app = Starlette(
        routes=_routes(state),
        exception_handlers={ApiError: _api_error, HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return Gateway(app, state)


def _routes(state: SimulatorState) -> list[BaseRoute]:
    token = TokenEndpoint(state.credentials, state.tokens)
    read = ConversationsApi(state.present)
    analytics = "/api/v2/analytics/conversations"
    return [
        Route("/oauth/token", token.answer, methods=["POST"]),
        Route("/api/v2/conversations/{conversation_id}", read.conversation),
        Route(f"{analytics}/details", read.details_of_some),
        Route(f"{analytics}/details/query", read.details_query, methods=["POST"]),
        Route(f"{analytics}/{{conversation_id}}/details", read.details_of_one),
        Route("/api/v2/routing/queues", RoutingApi(state.present.source).queues),
        Route("/api/v2/users", UsersApi(state.present.source).users),
        *_job_routes(state),
        *_notification_routes(state),
        *_trigger_routes(state),
        *_webhook_routes(state),
        *_control_routes(state),
    ]


def _job_routes(state: SimulatorState) -> list[Route]:
    api, one = state.jobs, JOBS + "/{job_id}"
    return [
        Route(JOBS, api.create, methods=["POST"]),
        Route(f"{JOBS}/availability", api.availability),
        Route(one, _by_method(GET=api.status, DELETE=api.delete), methods=["GET", "DELETE"]),
        Route(f"{one}/results", api.results),
    ]


def _notification_routes(state: SimulatorState) -> list[BaseRoute]:
    api = NotificationsApi(state.channels)
    channels = f"{NOTIFICATIONS}/channels"
    subscriptions = _by_method(
        GET=api.subscriptions, POST=api.add, PUT=api.replace, DELETE=api.clear
    )
    return [
        Route(channels, _by_method(GET=api.listing, POST=api.create), methods=["GET", "POST"]),
        Route(channels + "/{channel_id}", api.check, methods=["HEAD"]),
        Route(
            channels + "/{channel_id}/subscriptions",
            subscriptions,
            methods=["GET", "POST", "PUT", "DELETE"],
        ),
        Route(f"{NOTIFICATIONS}/availabletopics", api.topics),
        WebSocketRoute(
            "/channels/{channel_id}", Streaming(state.channels, heartbeat=state.heartbeat).serve
        ),
    ]


def _trigger_routes(state: SimulatorState) -> list[Route]:
    api, one = state.triggers, TRIGGERS + "/{trigger_id}"
    return [
        Route(TRIGGERS, _by_method(GET=api.listing, POST=api.create), methods=["GET", "POST"]),
        Route(f"{TRIGGERS}/topics", api.topics),
        Route(
            one,
            _by_method(GET=api.read, PUT=api.replace, DELETE=api.delete),
            methods=["GET", "PUT", "DELETE"],
        ),
        Route(f"{one}/test", api.test, methods=["POST"]),
    ]


def _webhook_routes(state: SimulatorState) -> list[Route]:
    if state.webhooks is None:
        return []
    hooks = WebhooksApi(state.webhooks)
    one = WEBHOOKS + "/{webhook_id}"
    return [
        Route(WEBHOOKS, _by_method(GET=hooks.listing, POST=hooks.create), methods=["GET", "POST"]),
        Route(
            one,
            _by_method(GET=hooks.read, PUT=hooks.replace, DELETE=hooks.delete),
            methods=["GET", "PUT", "DELETE"],
        ),
    ]


def _control_routes(state: SimulatorState) -> list[Route]:
    control = ControlApi(state)
    faults = _by_method(GET=control.faults, POST=control.add_fault, DELETE=control.clear_faults)
    return [
        Route("/_sim/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_sim/deliveries", control.start_deliveries, methods=["POST"]),
        Route("/_sim/deliveries/{run_id}", control.deliveries),
        Route("/_sim/ledger", control.ledger),
    ]


def _by_method(**handlers: Any) -> Any:
    """Join handlers of one path, so that a wrong method is answered 405, not 404."""

    async def dispatch(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        answer: Response = await handlers[method](request)
        return answer

    return dispatch


async def _api_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ApiError)  # noqa: S101 - registered for this type only
    return error_response(exc, _context_id(request))


async def _http_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101 - registered for this type only
    error = ApiError(exc.status_code, headers=exc.headers)
    return error_response(error, _context_id(request))


def _context_id(request: Request) -> str:
    return str(request.scope.get("context_id", ""))
