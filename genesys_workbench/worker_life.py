"""What a worker process does when it starts and when it ends, at Celery's signals."""

from __future__ import annotations

import logging
import warnings
from typing import Any

from celery import signals
from celery.exceptions import CPendingDeprecationWarning

from . import result_pipes, runtime
from .broker import locate_for_worker, url_of
from .errors import StoreUnavailable, WorkbenchError
from .logs import configure, writes_json
from .metrics_port import MetricsPort
from .settings import Settings
from .store import Store
from .worker_output import print_json_only, refusal

__all__ = ["connect"]

log = logging.getLogger(__name__)


def connect() -> None:
    """Do it from now on, in workers that start in this process."""
    signals.celeryd_init.connect(_prepare)
    signals.setup_logging.connect(_log)
    signals.celeryd_after_setup.connect(_hush)
    signals.worker_process_shutdown.connect(_close)
    signals.worker_shutdown.connect(_close)


def _prepare(instance: Any, **_: Any) -> None:
    """Refuse to start where no message could ever arrive, or what was asked for cannot be had."""
    try:
        settings = runtime.settings()
        _log()
        if settings.log_format == "json":
            print_json_only(instance)
        url_of(locate_for_worker(settings))
        _open_metrics(settings)
        _open_store(settings)
        result_pipes.install()
    except WorkbenchError as exc:
        raise refusal(exc) from exc


def _open_metrics(settings: Settings) -> None:
    """Take the port before there are processes, and before anything is counted."""
    if settings.metrics_port is not None:
        MetricsPort.opened = MetricsPort(settings.metrics_host, settings.metrics_port)


def _open_store(settings: Settings) -> None:
    """Open the store once, for what no waiting mends: of another version, say, or damaged."""
    try:
        Store.prepared(settings.store_url).close()
    except StoreUnavailable as exc:
        log.warning("%s Events wait in the queue until it is there.", exc.what)


def _log(**_: Any) -> None:
    configure(runtime.settings())


def _hush(instance: Any, **_: Any) -> None:
    # Celery announces a default of its next major version at each lost connection.
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    if writes_json():  # a step of your own may print
        instance.app.log.redirect_stdouts("INFO")


def _close(**_: Any) -> None:
    runtime.close()
