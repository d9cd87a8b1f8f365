"""With JSON logs a worker prints nothing else: what stock Celery says by itself becomes entries."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery.apps import worker as stock

from .errors import WorkbenchError
from .logs import json_line, writes_json

__all__ = ["print_json_only", "refusal"]

log = logging.getLogger(__name__)


def print_json_only(worker: Any) -> None:
    """Take the banner away, and turn what is said at signals into entries."""
    worker.quiet = True
    stock.safe_say = _say


def refusal(exc: WorkbenchError) -> SystemExit:
    """Return what ends a worker that cannot start; its text is printed, or has been logged."""
    if not writes_json():
        return SystemExit(f"Error: {exc}")
    log.critical("%s Fix: %s", exc.what, exc.fix)
    return SystemExit(1)


def _say(text: str, _: Any = None) -> None:
    record = logging.makeLogRecord({"name": __name__, "levelname": "INFO", "msg": text.strip()})
    os.write(2, json_line(record).encode() + b"\n")  # in a signal handler no lock may be waited for
