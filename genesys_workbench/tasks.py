"""The Celery app and its one task: retry policy only.

Run it with ``celery -A genesys_workbench.tasks worker`` or ``genesys-workbench work``. The
settings are read when the worker starts, not on import.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field, replace
from typing import Any

from celery import Celery, Task
from celery.exceptions import Reject

from . import runtime, worker_life
from .broker import locate
from .burial import bury, given_back, own_producer
from .buried import is_buried
from .correlation import about, also, correlation_in
from .crash import crash_at
from .dead import dead_message
from .errors import (
    RateLimited,
    RetriesExhausted,
    SettingsError,
    StoreError,
    WorkbenchError,
)
from .kombu_queues import kombu_queue
from .lenient import OPTIONS
from .messages import QUEUE, TASK_NAME, Job, decode, topology
from .privacy import scrub
from .retries import classify, delay, ends_process
from .settings import Settings
from .tls import kombu_arguments
from .tracebacks import short_traceback

__all__ = ["app", "configuration", "process_interaction"]

log = logging.getLogger(__name__)

# Of what befalls every event alike, the API's allowance and the database: an outage of two hours
# is waited out, and does not make dead letters of all that came meanwhile.
PATIENT_RETRIES = 50
# A try that does not end at its time limit has a quarter of it more until its process is killed.
KILLED_AFTER = 1.25


def configuration(settings: Settings) -> dict[str, Any]:
    """Return Celery's settings: nothing is acked before it is done, nothing vanishes.

    Each line was measured against crashes of worker and broker; see the fault tests.
    """
    broker = locate(settings)
    memory = broker.kind == "memory"
    options = {"polling_interval": 0.01} if memory else {"confirm_publish": True, **OPTIONS}
    place = kombu_arguments(broker.url or "")
    return {
        "broker_url": place["hostname"] or None,
        "broker_use_ssl": place["ssl"],
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
        "task_soft_time_limit": None if memory else settings.task_timeout,
        "task_time_limit": None if memory else settings.task_timeout * KILLED_AFTER,
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
        return {}  # `worker_life` tells it in one sentence when a worker starts


app = Celery("genesys_workbench", set_as_current=False)
app.add_defaults(_defaults)
app.steps["consumer"].add("genesys_workbench.consumer:DeclareTopology")
app.steps["consumer"].add("genesys_workbench.consumer:WakeAtSignals")
app.steps["worker"].add("genesys_workbench.metrics_port:ServeMetrics")
worker_life.connect()


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
    crash_at("task-start")
    # A task that comes of no delivery of ours is known by its own id.
    correlation = correlation_in(self.request.headers or {}) or str(self.request.id)
    with about(correlation_id=correlation):
        _work(self, payload, this, correlation)


def _work(self: Task, payload: Any, this: _Try, correlation: str) -> None:
    try:
        this.job = job = replace(decode(payload), correlation_id=correlation)
        also(event_id=job.event.event_id, conversation_id=job.event.conversation_id)
        log.debug("event %s begun, attempt %d", job.event.event_id, this.number)
        if (self.request.delivery_info or {}).get("redelivered") and is_buried(job.event):
            log.warning("event %s is a dead letter already", job.event.event_id)
            return
        replay = (self.request.headers or {}).get("x-workbench-replay")
        outcome = runtime.current().processing.run(
            job,
            attempt=this.number,
            replay=replay if isinstance(replay, int) else 0,
            started=this.started,
        )
    except BaseException as exc:  # a processor of your own may raise anything
        if ends_process(exc):
            raise
        _fail(self, payload, this, exc)
    else:
        _note(this, outcome)
        _tell(job, this.number, outcome)
        crash_at("after-commit-before-ack")


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
    reason, transient = classify(exc)
    attempt = this.number
    settings = runtime.settings()
    patient = isinstance(exc, RateLimited | StoreError)
    limit = PATIENT_RETRIES if patient else settings.max_retries
    name = this.job.event.event_id if this.job else "?"
    error = scrub(f"{type(exc).__name__}: {exc}")
    theirs = getattr(exc, "context_id", "")
    extra = {"attempt": attempt, "reason": reason, "genesys_correlation_id": theirs}
    if transient and attempt <= limit:
        wait = delay(settings, attempt, getattr(exc, "retry_after", None))
        again_in = (name, attempt, wait, error)
        log.warning("event %s failed, attempt %d, again in %d s: %s", *again_in, extra=extra)
        _note(this, "retry", reason, error, short_traceback(exc))
        try:
            with own_producer(task.app) as producer:
                again = task.retry(
                    args=[payload],
                    kwargs={},
                    exc=exc if isinstance(exc, Exception) else None,
                    countdown=wait,
                    queue=QUEUE,
                    argsrepr=f"<event {name}>",
                    kwargsrepr="{}",
                    confirm_timeout=10,
                    producer=producer,
                    retry=False,
                    throw=False,
                )
        except Reject as failure:  # the message for the next try could not be published
            raise given_back(failure) from failure
        crash_at("retry-after-publish-before-ack")
        raise again
    if transient:
        error = scrub(str(_exhausted(name, attempt, exc)))
    told = (name, attempt, reason, error)
    log.error("event %s is a dead letter, attempt %d, %s: %s", *told, extra=extra)
    _bury(task, payload, this, reason, error, short_traceback(exc))


def _exhausted(name: str, attempt: int, exc: BaseException) -> RetriesExhausted:
    cause = exc.what if isinstance(exc, WorkbenchError) else str(exc)
    fix = exc.fix if isinstance(exc, WorkbenchError) else ""
    return RetriesExhausted(
        f"Event {name} failed {attempt} times, the last time with {type(exc).__name__}: {cause}",
        fix=f"{fix or 'mend the cause named above'}; then: genesys-workbench queue redrive {name}",
    )


def _bury(task: Task, payload: Any, this: _Try, reason: str, error: str, traceback: str) -> None:
    """Put the message into the dead letters with its reason.

    One that holds no event is left to the broker, which keeps it byte for byte.
    """
    if this.job is None:
        _note(this, "dead", reason, error, traceback)
        raise Reject(reason, requeue=False) from None  # Celery logs the whole chain
    letter = dead_message(
        payload,
        headers=task.request.headers or {},
        task_id=task.request.id,
        job=this.job,
        reason=reason,
        error=error,
        attempt=this.number,
    )
    twice = "x-workbench-redriven" not in letter.headers and is_buried(this.job.event)
    _note(this, "dead", reason, error, traceback)
    if not twice:
        bury(letter)
        crash_at("dlq-after-publish-before-ack")


def _note(this: _Try, outcome: str, reason: str = "", error: str = "", traceback: str = "") -> None:
    runtime.current().metrics.task(outcome, reason, this.runtime_s)
    if this.job is None or outcome == "processed":
        return
    if outcome == "retry" and reason.startswith("sink_"):
        return  # a store in trouble would only hold the worker up once more
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
