"""Run an ASGI app in a thread with an event loop of its own.

A notebook kernel cannot serve from its own loop: nothing would be answered while a cell runs,
and uvicorn would take the interrupt signal away. In a thread it serves all the time, and the
signals stay with the kernel.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Coroutine, MutableMapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

import uvicorn

from .errors import ServingError, WorkbenchError
from .patience import protocol

__all__ = ["ServerThread"]

_T = TypeVar("_T")
_GRACE = 3
_JOIN = 5.0

# Without any handler, logging would print uvicorn's errors from the thread into whatever cell
# runs. Handlers that the user configures on the root logger still get them.
logging.getLogger("uvicorn").addHandler(logging.NullHandler())


class ServerThread:
    """An ASGI app, served by uvicorn in a thread.

    Args:
        app: Any ASGI application; its lifespan runs at each start and stop.
        port: 0 takes a free one. A restart takes the same port again.
        fallback: Take a free port when the wanted one is busy, and say so in `note`.
        name: Of the thread, and of the server in messages.
        certificate: Paths of certificate and key, to serve https.
        header_timeout: Seconds until a request's headers must be there.
        websockets: Whether the app takes WebSockets.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        fallback: bool = True,
        name: str = "server",
        certificate: tuple[str, str] | None = None,
        header_timeout: float = 10.0,
        websockets: bool = False,
    ) -> None:
        self.note: str | None = None
        self._app = app
        self._host = host
        self._port = port
        self._fallback = fallback
        self._name = name
        self._certificate = certificate
        self._header_timeout = header_timeout
        self._websockets = websockets
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> ServerThread:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the server accepts connections."""
        return bool(self._server and self._server.started and self._thread_alive)

    @property
    def url(self) -> str:
        """Base URL without a trailing slash; of the last start, if stopped."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._port}"

    def start(self) -> str:
        """Serve, and return the base URL once connections are accepted.

        Raises:
            ServingError: The port is busy (without `fallback`), the address cannot be bound, or
                the app failed to start; a `WorkbenchError` of the app's own comes as it is.
        """
        if self.running:
            return self.url
        sock = self._bind()
        self._port = sock.getsockname()[1]
        server = self._server = _Server(
            self._app, self._certificate, self._header_timeout, websockets=self._websockets
        )
        self._thread = threading.Thread(
            target=_run, args=(server, sock), name=self._name, daemon=True
        )
        self._thread.start()
        try:
            server.ready.wait()
        except BaseException:
            self.stop()
            raise
        if not server.started:
            self.stop()
            self._explain(server.failure)
        return self.url

    def stop(self) -> None:
        """Finish the requests under way and end the thread, within about 5 seconds."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        server.should_exit = True
        thread.join(_JOIN)
        if thread.is_alive():
            server.cancel()
            thread.join(1.0)
        self._server = self._thread = None

    def submit(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Run a coroutine on the server's loop.

        Raises:
            ServingError: The server does not run.
        """
        if not self.running or self._server is None or self._server.loop is None:
            coroutine.close()
            raise ServingError(f"The {self._name} is not running.", fix="call start() first")
        return asyncio.run_coroutine_threadsafe(coroutine, self._server.loop)

    @property
    def _thread_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _bind(self) -> socket.socket:
        self.note = None
        try:
            return _bound(self._host, self._port)
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE or not self._fallback:
                raise self._cannot_bind(exc) from exc
        sock = _bound(self._host, 0)
        self.note = f"port {self._port} is busy, using {sock.getsockname()[1]}"
        return sock

    def _cannot_bind(self, exc: OSError) -> ServingError:
        place = f"{self._host}:{self._port}"
        if exc.errno == errno.EADDRINUSE:
            fix = "stop the program that uses it, or choose another port (0 takes a free one)"
            return ServingError(f"The {self._name} cannot start: {place} is busy.", fix=fix)
        why = (exc.strerror or type(exc).__name__).lower()
        fix = "choose 127.0.0.1 as host and a port above 1023"
        return ServingError(f"The {self._name} cannot listen on {place}: {why}.", fix=fix)

    def _explain(self, failure: BaseException | None) -> None:
        if isinstance(failure, WorkbenchError):
            raise failure
        cause = (
            f"{type(failure).__name__}: {_scrub(str(failure))}" if failure else "no reason given"
        )
        raise ServingError(
            f"The {self._name} did not start, its app failed ({cause}).",
            fix="correct the cause named above and start again",
        ) from failure


class _Server(uvicorn.Server):
    """uvicorn's server that tells when it accepts, and why it did not start."""

    def __init__(
        self,
        app: Callable[..., Any],
        certificate: tuple[str, str] | None,
        header_timeout: float,
        *,
        websockets: bool,
    ) -> None:
        self.app = app
        certificate_file, key_file = certificate or (None, None)
        self.ready = threading.Event()
        self.failure: BaseException | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[Any] | None = None
        super().__init__(
            uvicorn.Config(
                self._watched,
                interface="asgi3",
                http=protocol(header_timeout),
                proxy_headers=False,
                log_config=None,
                access_log=False,
                ws="websockets-sansio" if websockets else "none",
                ssl_certfile=certificate_file,
                ssl_keyfile=key_file,
                timeout_graceful_shutdown=_GRACE,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.current_task()
        await super().startup(sockets=sockets)
        self.ready.set()

    def cancel(self) -> None:
        """Give up a lifespan that does not end."""
        if self.loop is not None and self.task is not None:
            with suppress(RuntimeError):  # the loop closed in the meantime
                self.loop.call_soon_threadsafe(self.task.cancel)

    async def _watched(
        self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        try:
            await self.app(scope, receive, send)
        except BaseException as exc:
            if scope["type"] == "lifespan":
                self.failure = exc
            raise


def _run(server: _Server, sock: socket.socket) -> None:
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(server.serve(sockets=[sock]))
    except BaseException as exc:  # noqa: BLE001 - uvicorn tells a failed start by SystemExit
        server.failure = server.failure or exc
    finally:
        sock.close()
        server.ready.set()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere the option would let two programs share a port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        # Two sockets may be bound to one port until the first listens: find a busy one here.
        sock.listen(2048)
    except BaseException:
        sock.close()
        raise
    return sock


def _scrub(text: str) -> str:
    """Hide user and password of URLs in a foreign exception's text."""
    return re.sub(r"//[^/@\s]*@", "//***@", text)
