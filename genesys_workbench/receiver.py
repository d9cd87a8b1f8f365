"""The webhook receiver: size → authenticity → JSON → envelope → make it safe → answer.

`create_app` gives the FastAPI app; ``uvicorn genesys_workbench.receiver:app`` runs it
(with ``--http genesys_workbench.patience:Protocol``, lest slow senders stay for ever);
`Receiver` runs it in a thread of a notebook's kernel. Deliveries take a short way past the
framework's routing and middleware, which would cost as much as all that is done with them.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from .deliverylog import DeliveryLog
from .endpoint import Endpoint, Fetch
from .ids import new_id
from .metrics import CONTENT_TYPE, Metrics
from .openapi import document
from .opening import open_intake
from .publisher import PublisherLike
from .serving import ServerThread
from .settings import Settings, load_settings
from .tls import server_files

__all__ = ["PATH", "Receiver", "create_app"]

log = logging.getLogger(__name__)

PATH = "/webhook/genesys/conversation"


def create_app(
    settings: Settings | None = None,
    *,
    publisher: PublisherLike | None = None,
    fetch: Fetch | None = None,
    deliveries: DeliveryLog | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    new_id: Callable[[], str] = new_id,
) -> FastAPI:
    """Make the app.

    Args:
        settings: Read from the environment when the app starts if None.
        publisher: An open one to use and leave open; None opens one for `settings`, and starts
            the private node, or the embedded broker with its worker, where that is wanted.
        fetch: Gives the conversation of an id, for ``enrich="receiver"``.
        deliveries: Takes a note of each delivery; None for no notes.
        clock: Aware UTC now.
        new_id: A correlation id for a delivery that brings none.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        own = settings or load_settings()
        async with open_intake(own, metrics, publisher=publisher, clock=clock) as intake:
            app.state.endpoint = Endpoint(
                own,
                intake,
                metrics,
                fetch or _fetcher(own),
                log=deliveries,
                clock=clock,
                new_id=new_id,
            )
            yield

    app = _App(title="Genesys Workbench receiver", lifespan=lifespan, redirect_slashes=False)
    # Where the app is mounted into another, the path has a prefix, which routing takes away.
    app.router.routes.append(Route(PATH, _Deliver(), methods=["POST"]))

    @app.get("/healthz", summary="Is the process alive?")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Does the broker take events?")
    async def readyz(request: Request) -> JSONResponse:
        return _endpoint(request).readiness()

    @app.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def prometheus() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    app.openapi = lambda: document(app, PATH)  # type: ignore[method-assign]
    return app


def _endpoint(request: Request) -> Endpoint:
    endpoint: Endpoint = request.app.state.endpoint
    return endpoint


class _App(FastAPI):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST":
            await self.state.endpoint(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Deliver:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["app"].state.endpoint(scope, receive, send)


def _fetcher(settings: Settings) -> Fetch | None:
    if settings.enrich != "receiver":
        return None
    from .client import GenesysClient

    return GenesysClient.from_settings(settings, max_wait=2.0).get_conversation


class Receiver:
    """The receiver in a thread of this process, for notebooks and tests; restartable.

    Args:
        settings: Host and port are the wanted ones; a busy port gives a free one, see `note`.
            A restart keeps the port.
        publisher: As in `create_app`.
        deliveries: As in `create_app`.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        publisher: PublisherLike | None = None,
        deliveries: DeliveryLog | None = None,
    ) -> None:
        self._settings = settings or load_settings()
        self._publisher = publisher
        self._deliveries = deliveries
        self._port = self._settings.port
        self._server: ServerThread | None = None

    @property
    def url(self) -> str | None:
        """Where to send deliveries, while it runs."""
        return self._server.url + PATH if self._server and self._server.url else None

    @property
    def note(self) -> str | None:
        """Says so if another port than the wanted one is used."""
        return self._server.note if self._server else None

    def start(self) -> str:
        """Start, or start again, and return the URL for deliveries."""
        self.stop()
        app = create_app(self._settings, publisher=self._publisher, deliveries=self._deliveries)
        self._server = ServerThread(
            app,
            host=self._settings.host,
            port=self._port,
            name="receiver",
            certificate=server_files(self._settings),
            header_timeout=self._settings.header_timeout,
        )
        url = self._server.start()
        self._port = urlsplit(url).port or self._port
        return url + PATH

    def stop(self) -> None:
        """Finish the deliveries under way and stop. Idempotent."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def __getattr__(name: str) -> FastAPI:
    """Make ``app`` when it is asked for, so that importing this module reads no settings."""
    if name == "app":
        return create_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
