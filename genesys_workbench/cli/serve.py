"""The receiver and the worker in the foreground."""

from __future__ import annotations

import gc
import logging
import os
import socket
import warnings
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ..errors import ServingError, SettingsError
from .brokers import opened
from .output import Voice, say
from .watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..broker import Broker
    from ..settings import Settings
    from ..tape import Tape

__all__ = ["configure_logs", "run_worker", "serve_receiver", "serve_tape"]

LOOPBACK = ("127.0.0.1", "::1", "localhost")
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be read, not to be bound
GRACE = 10
# What they say at INFO is said here in one line, or is of no use to a person.
CHATTY = {
    "uvicorn.error": logging.WARNING,
    "genesys_workbench.receiver": logging.WARNING,
    "kombu.connection": logging.ERROR,
    "celery.worker.consumer.connection": logging.WARNING,
}


def serve_receiver(settings: Settings, *, usual_port: int, work: str) -> None:
    """Run the receiver until Ctrl-C; deliveries under way are answered first.

    Args:
        settings: Host and port among them.
        usual_port: Where other commands look for a receiver.
        work: The command that starts a worker for the same broker.
    """
    from ..receiver import PATH, create_app

    certificate = _prepare(settings)
    with _bind(settings.host, settings.port) as sock, opened(settings) as broker:
        say(f"Broker: {broker.why}")
        app = Watched(create_app(_for(settings, broker)), PATH)
        url = _url(settings.host, sock.getsockname()[1], PATH, scheme=settings.scheme)
        to = "" if sock.getsockname()[1] == usual_port else f" --to {url}"
        trigger = f"genesys-workbench trigger voice-inbound{to}"
        steps = trigger if broker.kind == "memory" else f"{work}    and then    {trigger}"
        ready = f"Ready: POST {url}    (Ctrl-C stops)\nNext: {steps}"
        _serve(app, sock, lambda: say(ready), certificate, settings.header_timeout)
    say("The receiver has stopped.")


def serve_tape(settings: Settings, tape: Tape) -> None:
    """Run a receiver that keeps deliveries on a cassette, until Ctrl-C."""
    from ..receiver import PATH, create_app

    certificate = _prepare(settings)
    with _bind(settings.host, settings.port) as sock:
        app = Watched(create_app(settings, publisher=tape), PATH)
        url = _url(settings.host, sock.getsockname()[1], PATH, scheme=settings.scheme)
        ready = f"Recording to {tape.folder}: POST {url}    (Ctrl-C ends it)"
        _serve(app, sock, lambda: say(ready), certificate, settings.header_timeout)


def configure_logs(settings: Settings) -> None:
    """Set the logs up for a command that tells a person in its own lines what goes on."""
    from ..logs import configure

    configure(settings)
    for name, level in CHATTY.items():
        logging.getLogger(name).setLevel(level)


def _prepare(settings: Settings) -> tuple[str, str] | None:
    """Set the logs up, warn, and return the files of the certificate, if there is to be one."""
    from ..tls import server_files

    certificate = server_files(settings)
    configure_logs(settings)
    Voice.logs = settings.log_format == "json"
    if settings.webhook_secret is None and settings.host not in LOOPBACK:
        say("WARNING: open to the network without WORKBENCH_WEBHOOK_SECRET: anybody can post.")
    return certificate


def _for(settings: Settings, broker: Broker) -> Settings:
    return settings.model_copy(update={"broker_url": SecretStr(str(broker.url))})


def _url(host: str, port: int, path: str, *, scheme: str = "http") -> str:
    shown = WILDCARDS.get(host, host)
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}{path}"


def _serve(
    app: Watched,
    sock: socket.socket,
    on_ready: Callable[[], None],
    certificate: tuple[str, str] | None,
    header_timeout: float,
) -> None:
    import uvicorn

    from ..patience import protocol

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                gc.collect()
                gc.freeze()  # what is loaded by now stays: looking through it all takes 50 ms
                on_ready()

    certificate_file, key_file = certificate or (None, None)
    server = Server(
        uvicorn.Config(
            app,
            http=protocol(header_timeout),
            ssl_certfile=certificate_file,
            ssl_keyfile=key_file,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=30,
        )
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    try:
        server.run(sockets=[sock])
    except (KeyboardInterrupt, SystemExit):
        # After an orderly stop uvicorn raises again what stopped it; else it did not start.
        if not server.started and app.failure is None:
            raise
    if not server.started:
        raise app.failure or ServingError("The receiver did not start.")


def _is_news(record: logging.LogRecord) -> bool:
    return "startup failed" not in record.getMessage()


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(2048)
    except OSError as exc:
        sock.close()
        raise SettingsError(
            f"{host}:{port} cannot be used: {(exc.strerror or str(exc)).lower()}.",
            fix="stop what uses it, or choose another for all commands: "
            f"export WORKBENCH_PORT={port + 1 if port < 65535 else 8001}",
        ) from exc
    return sock


def run_worker(settings: Settings, *, pool: str, concurrency: int | None) -> int:
    """Become the stock worker; with `local`, start the private node around it if none runs.

    Returns:
        The exit code.
    """
    from ..broker import locate_for_worker
    from ..logs import configure

    locate_for_worker(settings)
    configure(settings)
    Voice.logs = settings.log_format == "json"
    with opened(settings) as broker:
        say(f"Broker: {broker.why}")
        os.environ.update(settings.environment())
        os.environ["WORKBENCH_BROKER_URL"] = str(broker.url)
        from .. import runtime
        from ..tasks import app
        from ..worker import worker_arguments

        runtime.use(None)
        _allow_root()
        _announce()
        loglevel = settings.log_level.upper()
        arguments = worker_arguments(pool=pool, concurrency=concurrency, loglevel=loglevel)
        return _worked(app, ["--quiet", *arguments])


def _worked(app: Any, arguments: list[str]) -> int:
    """Run the worker to its end; return 0 if it was asked to end, else its own code."""
    from celery import signals
    from celery.worker import state

    workers: list[Any] = []

    def keep(instance: Any, **_: Any) -> None:
        workers.append(instance)

    signals.celeryd_init.connect(keep)
    app.worker_main(arguments)  # it tells no code, and Celery's own for Ctrl-C is that of a failure
    codes = [int(worker.exitcode or 0) for worker in workers]
    return 0 if state.should_stop is not None else max(codes, default=0)


def _allow_root() -> None:
    from celery.platforms import SecurityWarning

    # The danger is in messages that are unpickled; this worker takes JSON only
    # (https://docs.celeryq.dev/en/stable/userguide/daemonizing.html#running-the-worker-with-superuser-privileges-root).
    warnings.simplefilter("ignore", SecurityWarning)


def _announce() -> None:
    from celery import signals

    def ready(**_: Any) -> None:
        say("Ready: the worker waits for events.    (Ctrl-C stops)")
        say("Next: genesys-workbench trigger voice-inbound, then: genesys-workbench events list")

    signals.worker_ready.connect(ready, weak=False)
