"""The retry policy, and the configuration that keeps messages from vanishing."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from celery import Celery
from celery.exceptions import Reject

from genesys_workbench import runtime, tasks
from genesys_workbench.errors import (
    BadRequest,
    Forbidden,
    NotFound,
    OAuthError,
    PermanentError,
    RateLimited,
    ServerError,
    SettingsError,
    StoreUnavailable,
    Unreachable,
)
from genesys_workbench.kombu_queues import kombu_queue
from genesys_workbench.lenient import OPTIONS
from genesys_workbench.messages import Job, Message, topology
from genesys_workbench.retries import classify, delay, ends_process
from genesys_workbench.settings import Settings, load_settings
from genesys_workbench.worker_metrics import WorkerMetrics
from tests.store_fakes import detail


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ServerError("x", status=503), ("upstream_5xx", True)),
        (Unreachable("x"), ("upstream_unreachable", True)),
        (NotFound("x", status=404), ("not_found", True)),
        (RateLimited("x", status=429), ("rate_limited", True)),
        (StoreUnavailable("x", reason="sink_locked"), ("sink_locked", True)),
        (SoftTimeLimitExceeded(), ("timeout", True)),
        (ValueError("x"), ("processor_failed", True)),
        (SettingsError("x"), ("settings", True)),
        (Forbidden("x", status=403), ("forbidden", False)),
        (BadRequest("x", status=400), ("upstream_rejected", False)),
        (OAuthError("x", status=401), ("auth", False)),
        (PermanentError("x", reason="mine"), ("mine", False)),
        (MemoryError(), ("resource", False)),
        (RecursionError(), ("processor_failed", True)),
        (SystemExit(), ("processor_failed", True)),
    ],
)
def test_what_may_pass_is_retried_and_the_rest_is_not(
    error: BaseException, expected: tuple[str, bool]
) -> None:
    assert classify(error) == expected


def test_waits_double_with_jitter_up_to_the_cap(settings: Settings) -> None:
    own = settings.model_copy(update={"retry_base": 4.0, "retry_cap": 60.0})
    for attempt, limit in [(1, 4), (2, 8), (3, 16), (4, 32), (5, 60), (30, 60)]:
        waits = {delay(own, attempt, None) for _ in range(200)}
        assert limit // 2 <= min(waits) <= max(waits) <= limit
        assert len(waits) > 1


def test_the_wait_that_the_api_asked_for_is_kept_whatever_the_cap(settings: Settings) -> None:
    own = settings.model_copy(update={"retry_cap": 5.0})
    assert all(61 <= delay(own, 1, 61.0) <= 64 for _ in range(100))


def test_the_configuration_acks_late_confirms_and_never_gives_up(settings: Settings) -> None:
    found = tasks.configuration(load_settings(broker_url="amqp://u:p@127.0.0.1:5672/v"))
    assert found["broker_url"] == "amqp://u:p@127.0.0.1:5672/v"
    expected = {
        "task_acks_late": True,
        "task_acks_on_failure": False,
        "task_acks_on_timeout": False,
        "task_reject_on_worker_lost": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "accept_content": ["json"],
        "worker_prefetch_multiplier": 1,
        "broker_transport_options": {"confirm_publish": True, **OPTIONS},
        "task_soft_time_limit": 240,
        "task_time_limit": 300,
    }
    assert {key: found[key] for key in expected} == expected


def test_celery_declares_the_queue_with_the_same_arguments_as_the_set_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKBENCH_QUEUE_TYPE", "classic")
    dead, main, canary = map(kombu_queue, topology(load_settings()).queues)
    assert [queue.name for queue in (dead, main, canary)] == [
        "gen_interactions.dead",
        "gen_interactions",
        "gen_interactions.canary",
    ]
    assert main.queue_arguments["x-max-priority"] == 10
    assert main.exchange.type == "topic"


class FakeTask:
    """Stands for the bound task: keeps what `retry` was asked for."""

    app = Celery("of this test", broker="memory://", set_as_current=False)

    class request:
        id = "t-1"
        headers: dict[str, Any] = {}  # noqa: RUF012
        retries = 0

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def retry(self, **options: Any) -> Exception:
        self.asked = options
        return RuntimeError("retry")


def test_a_retry_tells_nothing_of_the_payload_and_waits_for_its_confirm(
    settings: Settings,
) -> None:
    runtime.use(settings)
    task = FakeTask()
    with pytest.raises(RuntimeError, match="retry"):
        tasks._fail(task, '{"ani": "+12025550100"}', tasks._Try(1), ServerError("x", status=500))
    assert "2025550100" not in task.asked["argsrepr"] + task.asked["kwargsrepr"]
    assert task.asked["confirm_timeout"] == 10
    assert task.asked["args"] == ['{"ani": "+12025550100"}']
    runtime.use(None)


def test_retries_of_a_rate_limited_event_are_counted_apart(settings: Settings) -> None:
    runtime.use(settings.model_copy(update={"max_retries": 1}))
    task = FakeTask()
    with pytest.raises(RuntimeError, match="retry"):
        tasks._fail(task, "{}", tasks._Try(20), RateLimited("x", status=429, retry_after=9))
    assert task.asked["countdown"] >= 9
    runtime.use(None)


def test_retries_while_the_database_is_away_are_counted_apart(settings: Settings) -> None:
    runtime.use(settings.model_copy(update={"max_retries": 1}))
    with pytest.raises(RuntimeError, match="retry"):
        tasks._fail(FakeTask(), "{}", tasks._Try(50), StoreUnavailable("x", reason="sink_full"))
    runtime.use(None)


class FakeRuntime:
    """Stands for the worker's runtime: takes notes, and every dead letter."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []
        self.letters: list[Message] = []
        self.store = self.publisher = self
        self.metrics = WorkerMetrics()

    def note_attempt(self, **note: Any) -> None:
        self.notes.append(note)

    def event(self, _: str) -> None:
        return None

    def publish(self, letter: Message) -> Future[None]:
        self.letters.append(letter)
        done: Future[None] = Future()
        done.set_result(None)
        return done


@pytest.fixture
def taken(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    fake = FakeRuntime()
    monkeypatch.setattr(runtime, "settings", lambda: settings)
    monkeypatch.setattr(runtime, "current", lambda: fake)
    return fake


def failed(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as exc:
        return exc


def test_a_try_that_failed_is_noted_with_its_runtime_and_traceback(taken: FakeRuntime) -> None:
    this = tasks._Try(1, Job(detail("e-1")), started=time.monotonic() - 2)
    with pytest.raises(RuntimeError, match="retry"):
        tasks._fail(FakeTask(), "{}", this, failed(ServerError("no answer", status=503)))
    (note,) = taken.notes
    assert (note["outcome"], note["attempt"]) == ("retry", 1)
    assert 2 <= note["runtime_s"] < 60
    assert "test_tasks:" in note["traceback"]
    assert note["traceback"].endswith("ServerError: no answer")


def test_a_dead_letter_is_noted_with_the_traceback_of_what_killed_it(taken: FakeRuntime) -> None:
    this = tasks._Try(3, Job(detail("e-1")))
    tasks._fail(FakeTask(), "{}", this, failed(PermanentError("of no use", reason="mine")))
    (note,), (letter,) = taken.notes, taken.letters
    assert (note["outcome"], note["reason"], note["attempt"]) == ("dead", "mine", 3)
    assert note["traceback"].endswith("PermanentError: of no use")
    assert letter.headers["x-workbench-attempts"] == 3


def test_what_holds_no_event_is_left_to_the_broker_which_keeps_it_byte_for_byte(
    taken: FakeRuntime,
) -> None:
    with pytest.raises(Reject) as left:
        tasks._fail(FakeTask(), "{}", tasks._Try(1), failed(PermanentError("?", reason="schema")))
    assert left.value.requeue is False
    assert (taken.notes, taken.letters) == ([], [])


def test_a_retry_that_cannot_be_published_leaves_the_message_in_its_queue(
    taken: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unlucky(FakeTask):
        def retry(self, **options: Any) -> Exception:
            raise Reject(TimeoutError("no confirm"), requeue=False)  # as Celery's own does

    monkeypatch.setattr(tasks, "given_back", lambda _: Reject("given back", requeue=True))
    this = tasks._Try(1, Job(detail("e-1")))
    with pytest.raises(Reject) as left:
        tasks._fail(Unlucky(), "{}", this, failed(ServerError("x", status=503)))
    assert left.value.requeue is True
    assert taken.letters == []


@pytest.mark.parametrize(
    ("error", "pools"),
    [
        (SystemExit(-241), True),  # billiard's, at SIGTERM
        (SystemExit(-1), False),
        (SystemExit(3), False),
        (SystemExit("text"), False),
        (KeyboardInterrupt(), False),
        (GeneratorExit(), False),
    ],
)
def test_only_the_pool_may_end_its_process(error: BaseException, pools: bool) -> None:
    assert ends_process(error) is pools


def test_the_time_for_a_try_is_a_setting_and_its_process_ends_a_quarter_later() -> None:
    found = tasks.configuration(load_settings(broker_url="amqp://x/", task_timeout=8))
    assert (found["task_soft_time_limit"], found["task_time_limit"]) == (8, 10)
