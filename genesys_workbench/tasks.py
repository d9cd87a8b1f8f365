"""The Celery app and its one task: retry policy only.

Run it with ``celery -A genesys_workbench.tasks worker`` or ``genesys-workbench work``. The
settings are read when the worker starts, not on import.
"""

from __future__ import annotations

import logging
import random
import time
import warnings
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from celery import Celery, Task, signals
from celery.exceptions import CPendingDeprecationWarning

from . import runtime
from .broker import locate, locate_for_worker, url_of
from .dead import dead_message
from .errors import (
    GenesysError,
    PermanentError,
    RateLimited,
    RetriesExhausted,
    SettingsError,
    StoreError,
    WorkbenchError,
)
from .kombu_queues import kombu_queue
from .logs import configure as configure_logging
from .messages import QUEUE, TASK_NAME, Job, decode, topology
from .privacy import scrub
from .settings import Settings
from .tracebacks import short_traceback

__all__ = ["app", "configuration", "process_interaction"]

log = logging.getLogger(__name__)

RATE_LIMITED_RETRIES = 50
SOFT_TIME_LIMIT, TIME_LIMIT = 240, 300


def configuration(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings: nothing is acked before it is done, nothing vanishes.

    Each line was measured against crashes of worker and broker; see the fault tests.
    """
    broker = locate(settings)
    memory = broker.kind == "memory"
    options = {"polling_interval": 0.01} if memory else {"confirm_publish": True}
    return {
        "broker_url": broker.url,
        "broker_transport": "genesys_workbench.memory:QuickTransport" if memory else None,
        "broker_transport_options": options,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "broker_heartbeat": 10,
        "task_queues": [kombu_queue(topology(settings).main)],
        "task_default_queue": QUEUE,
        "task_default_exchange_type": "topic",
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_acks_on_failure": False,
        "task_acks_on_timeout": False,
        "task_reject_on_worker_lost": True,
        "task_soft_time_limit": None if memory else SOFT_TIME_LIMIT,
        "task_time_limit": None if memory else TIME_LIMIT,
        "worker_prefetch_multiplier": settings.prefetch,
        "worker_consumer": "genesys_workbench.consumer:SafeConsumer",
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "enable_utc": True,
    }


def _defaults() -> dict[str, Any]:
    try:
        return configuration(runtime.settings())
    except SettingsError:
        return {}  # `_check_broker` tells it in one sentence when a worker starts


app = Celery("genesys_workbench", set_as_current=False)
app.add_defaults(_defaults)
app.steps["consumer"].add("genesys_workbench.consumer:DeclareTopology")
app.steps["consumer"].add("genesys_workbench.consumer:WakeAtSignals")


@dataclass(slots=True)
class _Try:
    """One try of a task: which, of what (None until it could be read), since when."""

    number: int
    job: Job | None = None
    started: float = field(default_factory=time.monotonic)

    @property
    def runtime_s(self) -> float:
        return time.monotonic() - self.started


@app.task(name=TASK_NAME, bind=True, max_retries=None)
def process_interaction(self: Task, payload: Any) -> None:
    """Process one event: enrich, hook, store; retry what may pass, dead-letter the rest.

    Args:
        self: The bound task.
        payload: Our JSON string, or a dict ``{"conversationId", "timestamp", …}`` as a Celery
            client sends it by name.
    """
    this = _Try(self.request.retries + 1)
    try:
        this.job = job = decode(payload)
        replay = int((self.request.headers or {}).get("x-workbench-replay", 0))
        outcome = runtime.current().processing.run(
            job, attempt=this.number, replay=replay, started=this.started
        )
    except (WorkbenchError, SoftTimeLimitExceeded, MemoryError) as exc:
        _fail(self, payload, this, exc)
    except Exception as exc:  # noqa: BLE001 - a processor of your own may raise anything
        _fail(self, payload, this, exc)
    else:
        _note(this, outcome)
        _tell(job, this.number, outcome)


def _tell(job: Job, attempt: int, outcome: str) -> None:
    event = job.event
    fields = {
        "event_id": event.event_id,
        "conversation_id": event.conversation_id,
        "attempt": attempt,
        "outcome": outcome,
    }
    log.info(
        "event %(event_id)s of conversation %(conversation_id)s %(outcome)s, attempt %(attempt)d",
        fields,
        extra=fields,
    )


def _fail(task: Task, payload: Any, this: _Try, exc: BaseException) -> None:
    reason, transient = _classify(exc)
    attempt = this.number
    settings = runtime.settings()
    limit = RATE_LIMITED_RETRIES if isinstance(exc, RateLimited) else settings.max_retries
    name = this.job.event.event_id if this.job else "?"
    error = scrub(f"{type(exc).__name__}: {exc}")
    if transient and attempt <= limit:
        wait = _delay(settings, attempt, getattr(exc, "retry_after", None))
        log.warning("event %s failed, attempt %d, again in %d s: %s", name, attempt, wait, error)
        _note(this, "retry", reason, error, short_traceback(exc))
        raise task.retry(
            args=[payload],
            kwargs={},
            exc=exc if isinstance(exc, Exception) else None,
            countdown=wait,
            queue=QUEUE,
            argsrepr=f"<event {name}>",
            kwargsrepr="{}",
            confirm_timeout=10,
        )
    if transient:
        error = scrub(str(_exhausted(name, attempt, exc)))
    log.error("event %s is a dead letter, attempt %d, %s: %s", name, attempt, reason, error)
    _bury(task, payload, this, reason, error, short_traceback(exc))


def _exhausted(name: str, attempt: int, exc: BaseException) -> RetriesExhausted:
    cause = exc.what if isinstance(exc, WorkbenchError) else str(exc)
    fix = exc.fix if isinstance(exc, WorkbenchError) else ""
    return RetriesExhausted(
        f"Event {name} failed {attempt} times, the last time with {type(exc).__name__}: {cause}",
        fix=f"{fix or 'mend the cause named above'}; then: genesys-workbench queue redrive {name}",
    )


def _bury(task: Task, payload: Any, this: _Try, reason: str, error: str, traceback: str) -> None:
    """Put the message into the dead letters with its reason; if that fails, let the broker."""
    letter = dead_message(
        payload,
        headers=task.request.headers or {},
        task_id=task.request.id,
        job=this.job,
        reason=reason,
        error=error,
        attempt=this.number,
    )
    try:
        runtime.current().publisher.publish(letter).result(15)
    except Exception as exc:
        from celery.exceptions import Reject

        log.error("the dead letter could not be published, rejecting: %s", scrub(str(exc)))
        raise Reject(reason, requeue=False) from exc
    finally:
        _note(this, "dead", reason, error, traceback)


def _classify(exc: BaseException) -> tuple[str, bool]:
    """Return (reason, whether another try may help)."""
    if isinstance(exc, MemoryError):
        return "resource", False
    if isinstance(exc, SoftTimeLimitExceeded):
        return "timeout", True
    if isinstance(exc, PermanentError):
        return exc.reason, False
    if isinstance(exc, GenesysError):
        return exc.reason, exc.transient
    if isinstance(exc, WorkbenchError):
        return exc.reason, True
    return "processor_failed", True


def _delay(settings: Settings, attempt: int, retry_after: float | None) -> int:
    """Return whole seconds: exponential backoff with jitter and a cap, or what the API asked."""
    backoff: float = min(settings.retry_cap, settings.retry_base * 2 ** min(attempt - 1, 20))
    if retry_after is not None:
        return max(1, ceil(retry_after + random.random() * min(backoff, 10)))
    return max(1, round(backoff * (0.5 + random.random() / 2)))


def _note(this: _Try, outcome: str, reason: str = "", error: str = "", traceback: str = "") -> None:
    if this.job is None or outcome == "processed":
        return
    event = this.job.event
    try:
        runtime.current().store.note_attempt(
            event_id=event.event_id,
            conversation_id=event.conversation_id,
            event_type=event.event_type,
            attempt=this.number,
            outcome=outcome,
            reason=reason,
            error=error,
            runtime_s=this.runtime_s,
            traceback=traceback,
        )
    except StoreError as exc:
        log.warning("the attempt could not be noted: %s", exc)


@signals.setup_logging.connect
def _logging(**_: Any) -> None:
    configure_logging(runtime.settings())
    # Celery announces a default of its next major version at each lost connection.
    warnings.simplefilter("ignore", CPendingDeprecationWarning)


@signals.celeryd_init.connect
def _check_broker(**_: Any) -> None:
    """Refuse to start where no message could ever arrive."""
    try:
        url_of(locate_for_worker(runtime.settings()))
    except WorkbenchError as exc:
        raise SystemExit(f"Error: {exc}") from exc


@signals.worker_process_shutdown.connect
@signals.worker_shutdown.connect
def _close(**_: Any) -> None:
    runtime.close()
