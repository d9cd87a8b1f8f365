"""Logging: one line an entry on stderr, text or JSON, with secrets scrubbed.

As JSON also what others would print there: Python's warnings, and the exceptions nobody caught.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType

from .correlation import ContextFilter
from .privacy import ScrubFilter, scrub
from .settings import Settings

__all__ = ["configure", "json_line", "writes_json"]

log = logging.getLogger(__name__)

# What a log entry may carry beside its text, by logging's `extra`.
FIELDS = (
    "correlation_id",
    "event_id",
    "conversation_id",
    "event_type",
    "attempt",
    "status",
    "outcome",
    "reason",
    "genesys_correlation_id",
)
# Told in text too, where the message itself does not.
IDS = {"event": "event_id", "correlation": "correlation_id"}
# pika logs each failed try over a dozen lines; the publisher says the same in one.
# So does psycopg of a pipeline that an error ends; the task says which.
# Celery says of each task that it came and went; the task says what became of its event.
QUIET = {
    "pika": logging.CRITICAL,
    "psycopg": logging.ERROR,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "websockets": logging.WARNING,  # of a channel the address is the secret
    "celery.worker.strategy": logging.WARNING,
    "celery.app.trace": logging.WARNING,
    "celery.pool": logging.WARNING,  # at DEBUG it tells of tasks with what they hold
}


def configure(settings: Settings) -> None:
    """Set up the root logger of this process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
    handler.addFilter(ContextFilter())
    handler.addFilter(ScrubFilter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(True)
    if settings.log_format == "json":
        sys.excepthook = _uncaught
        threading.excepthook = _uncaught_in_thread


def writes_json() -> bool:
    """Tell whether this process logs JSON."""
    return any(isinstance(each.formatter, _Json) for each in logging.getLogger().handlers)


def json_line(record: logging.LogRecord) -> str:
    """Return a record as its line of JSON."""
    return _Json().format(record)


def _uncaught(
    kind: type[BaseException], exc: BaseException, traceback: TracebackType | None
) -> None:
    log.critical("uncaught %s", kind.__name__, exc_info=(kind, exc, traceback))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        told = super().formatMessage(record)
        ids = {name: getattr(record, field, None) for name, field in IDS.items()}
        more = [f"{name} {each}" for name, each in ids.items() if each and each not in told]
        return f"{told} [{', '.join(more)}]" if more else told

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        text: str = super().formatException(ei)  # type: ignore[arg-type]
        return scrub(text)


class _Json(_Text):
    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told = {name: getattr(record, name, None) for name in FIELDS}
        entry |= {name: value for name, value in told.items() if value not in (None, "")}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
