"""Logging: one line an entry on stderr, text or JSON, with secrets scrubbed."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from .privacy import ScrubFilter, scrub
from .settings import Settings

__all__ = ["configure"]

# What a log entry may carry beside its text, by logging's `extra`.
FIELDS = ("event_id", "conversation_id", "event_type", "attempt", "status", "outcome")
# pika logs each failed try over a dozen lines; the publisher says the same in one.
# Celery says of each task that it came and went; the task says what became of its event.
QUIET = {
    "pika": logging.CRITICAL,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "celery.worker.strategy": logging.WARNING,
    "celery.app.trace": logging.WARNING,
}


def configure(settings: Settings) -> None:
    """Set up the root logger of this process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
    handler.addFilter(ScrubFilter())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)


class _Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

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
        entry |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
