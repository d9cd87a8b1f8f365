"""The queue panel as an object: what it shows, what its buttons do, what survives a restart."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from genesys_workbench import memory
from genesys_workbench.errors import BrokerUnreachable, StoreUnavailable, WorkbenchError
from genesys_workbench.messages import DEAD_EXCHANGE, QUEUE, Message
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.store import Store
from genesys_workbench.views import depths, queue_panel
from genesys_workbench.views.queues import QueuePanel
from genesys_workbench.workbench import Workbench

NUMBER = re.compile(r"\+1\d{10}")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """A bench with one task of each state behind it."""
    folder = tmp_path_factory.mktemp("bench")
    settings = load_settings(
        broker_url=SecretStr("memory://"), data_dir=folder, port=0, max_retries=0, _env_file=None
    )
    with Workbench(settings) as opened:
        opened.wait_for(opened.fire("chat", same_id=True))
        opened.fire("chat", same_id=True)
        until(lambda: opened.store.counts()["duplicates"])
        fail(opened, 403, count=1)
        opened.wait_for(opened.fire("email", same_id=True), status="dead")
        yield opened


def fail(bench: Workbench, status: int, *, count: int | None = None) -> None:
    assert bench.simulator is not None
    bench.simulator.faults.add(Fault(endpoint="conversation", status=status, count=count))


@pytest.fixture
def panel(bench: Workbench) -> Iterator[QueuePanel]:
    opened = queue_panel(bench)
    yield opened
    opened.close()


def do(panel: QueuePanel, action: str, **arguments: Any) -> str:
    return panel.do(action, **arguments).result(20)


def rows(panel: QueuePanel, state: str) -> list[dict[str, Any]]:
    do(panel, "filter", state=state)
    found: list[dict[str, Any]] = panel.state["rows"]
    return found


def ids(panel: QueuePanel, state: str) -> list[str]:
    return [row["id"] for row in rows(panel, state)]


def event_id(bench: Workbench, status: str) -> str:
    found: str = next(bench.store.events(status=status))["eventId"]  # type: ignore[arg-type]
    return found


def test_the_figures_are_those_of_queue_worker_and_store(panel: QueuePanel) -> None:
    panel.snapshot()
    levels, worker = panel.state["levels"], panel.state["worker"]
    assert (levels["ready"], levels["letters"], levels["away"]) == (0, 1, "")
    assert (levels["events"], levels["dead"], levels["duplicates"]) == (1, 1, 1)
    assert levels["unacked"] is None, "the embedded broker does not tell"
    assert (worker["kind"], worker["running"], worker["concurrency"]) == ("thread", True, 1)
    assert levels["history"][-1] == (0, 1)
    json.dumps(panel.state)


def test_tasks_are_listed_by_state_with_tries_runtime_and_reason(
    panel: QueuePanel, bench: Workbench
) -> None:
    dead, processed = event_id(bench, "dead"), event_id(bench, "processed")
    assert ids(panel, "all") == [dead, processed]
    assert ids(panel, "dead") == [dead]
    assert ids(panel, "processed") == ids(panel, "repeated") == [processed]
    assert ids(panel, "retrying") == []
    (row,) = rows(panel, "dead")
    assert (row["status"], row["tries"], row["reason"]) == ("dead", 1, "forbidden")
    assert row["runtime"] > 0
    assert "conversation:communication:view" in row["error"]


def test_a_dead_letter_opens_with_arguments_headers_attempts_and_traceback(
    panel: QueuePanel, bench: Workbench
) -> None:
    dead = event_id(bench, "dead")
    do(panel, "open", event=dead)
    detail = panel.state["detail"]
    assert detail["arguments"][0]["eventId"] == dead
    assert detail["headers"]["x-workbench-reason"] == "forbidden"
    (attempt,) = detail["attempts"]
    assert attempt["outcome"] == "failed, dead letter"
    assert re.search(r"^genesys_workbench\.tasks:\d+ _work$", attempt["traceback"], 8)


def test_a_processed_task_opens_with_its_arguments_from_the_store(
    panel: QueuePanel, bench: Workbench
) -> None:
    do(panel, "open", event=event_id(bench, "processed"))
    detail = panel.state["detail"]
    assert detail["arguments"][0]["source"]["detail"]["eventBody"]["mediaType"] == "CHAT"
    assert detail["headers"] is None
    outcomes = [each["outcome"] for each in detail["attempts"]]
    assert outcomes == ["processed", "came again, absorbed"]
    assert (detail["tries"], detail["repeats"]) == (1, 1)


def test_personal_data_in_arguments_is_masked(panel: QueuePanel, bench: Workbench) -> None:
    fired = bench.fire("voice-transfer", same_id=True)
    bench.wait_for(fired)
    source = json.dumps((bench.store.event(fired) or {})["source"])
    do(panel, "open", event=fired)
    assert NUMBER.search(source)
    assert not NUMBER.search(json.dumps(panel.state))
    assert "masked-" in json.dumps(panel.state["detail"]["arguments"])


def test_the_queue_is_looked_into_only_when_asked_and_stays_as_it_is(
    panel: QueuePanel, bench: Workbench
) -> None:
    do(panel, "stop_worker")
    fired = [bench.fire("callback", client=client) for client in ("celery", "pika")]  # type: ignore[arg-type]
    assert set(fired).isdisjoint(ids(panel, "all"))
    assert ids(panel, "queued") == fired
    do(panel, "open", event=fired[0])
    assert panel.state["detail"]["arguments"][0]["eventType"] == "customer.start"
    assert panel.state["detail"]["attempts"] == []
    assert memory.depth(QUEUE) == 2
    assert panel.state["worker"]["running"] is False
    do(panel, "start_worker")
    assert do(panel, "start_worker") == "The worker runs already."
    bench.wait_for(*fired)


def test_what_no_code_can_read_is_seen_in_the_dead_letter_queue(
    panel: QueuePanel, bench: Workbench
) -> None:
    odd = Message("odd", "conversation.x.y", b'["+12025550143', {}, exchange=DEAD_EXCHANGE)
    bench.publisher.publish(odd).result(5)
    assert "odd" in ids(panel, "letters")
    do(panel, "open", event="odd")
    assert panel.state["detail"]["arguments"] == "not readable: 14 bytes"


def test_retry_sends_a_dead_letter_back_and_replays_what_was_processed(
    panel: QueuePanel, bench: Workbench
) -> None:
    fail(bench, 403, count=1)
    dead = bench.fire("message-sms")
    bench.wait_for(dead, status="dead")
    assert do(panel, "retry", event=dead) == "The dead letter is back in the queue."
    bench.wait_for(dead)
    assert do(panel, "retry", event=dead).startswith("Replay 1")
    outcomes = [each["outcome"] for each in (bench.store.event(dead) or {})["attempts"]]
    assert outcomes[:2] == ["dead", "processed"]
    assert dead in ids(panel, "processed")


def test_all_dead_letters_can_be_retried_at_once(panel: QueuePanel, bench: Workbench) -> None:
    fail(bench, 403, count=2)
    dead = [bench.fire(name) for name in ("voicemail", "outbound")]
    bench.wait_for(*dead, status="dead")
    waiting = len(ids(panel, "letters"))
    assert do(panel, "retry_all") == f"{waiting} dead letters are back in the queue."
    bench.wait_for(*dead)


def test_tasks_are_fired_by_name_and_either_client(panel: QueuePanel, bench: Workbench) -> None:
    before = bench.store.counts()["events"]
    assert do(panel, "fire", name="contact", client="pika", count="2").startswith("contact: 2 sent")
    assert "Celery client" in do(panel, "fire", name="contact")
    until(lambda: bench.store.counts()["events"] == before + 3)
    assert do(panel, "setup") == "Exchanges and queues are declared."


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("filter", {"state": "odd"}, "no state 'odd'"),
        ("fire", {"name": "odd"}, "no eventbridge event 'odd'"),
        ("fire", {"name": "chat", "count": "0"}, "1 to 100"),
        ("fire", {"name": "chat", "client": "odd"}, "no client 'odd'"),
        ("retry", {"event": "unheard"}, "No event unheard is stored"),
    ],
)
def test_what_cannot_be_done_is_said(
    panel: QueuePanel, action: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(WorkbenchError, match=words):
        do(panel, action, **arguments)


def test_a_task_that_nobody_knows_opens_as_nothing(panel: QueuePanel) -> None:
    do(panel, "open", event="odd")
    assert panel.state["detail"] is None


def test_a_broker_that_is_away_is_said_and_the_panel_lives_on(
    panel: QueuePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise BrokerUnreachable("RabbitMQ is unreachable.", fix="start it")

    monkeypatch.setattr(depths, "states", away)
    told = panel.snapshot().text
    assert "RabbitMQ is unreachable" in told
    assert panel.state["levels"]["ready"] is None
    assert panel.state["rows"]
    monkeypatch.undo()
    assert "in the queue: 0" in panel.snapshot().text


def test_a_database_that_is_away_is_said_and_the_panel_keeps_what_it_had(
    panel: QueuePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("The database is locked.", fix="wait")

    before = panel.state["rows"]
    monkeypatch.setattr(Store, "events", away)
    monkeypatch.setattr(Store, "counts", away)
    panel.snapshot()
    assert panel.state["problem"] == "The database is locked.\n  Fix: wait"
    assert panel.state["rows"] == before


def test_history_survives_a_restart_of_bench_and_panel(
    bench: Workbench, panel: QueuePanel, tmp_path: Path
) -> None:
    fail(bench, 403, count=1)
    dead = bench.fire("wrapup")
    bench.wait_for(dead, status="dead")
    again = Workbench(load_settings(broker_url="memory://", database_url=bench.settings.store_url))
    second = queue_panel(again)
    do(second, "open", event=dead)
    (attempt,) = second.state["detail"]["attempts"]
    assert attempt["traceback"]
    assert attempt["runtime"] > 0
    assert ids(second, "all") == ids(panel, "all")
    second.close()
    again.store.close()


def test_the_still_picture_is_the_same_in_every_run_unless_times_are_asked_for(
    panel: QueuePanel, bench: Workbench
) -> None:
    do(panel, "open", event=next(bench.store.events(event_type="customer.start"))["eventId"])
    still, timed = panel.snapshot(), panel.snapshot(times=True)
    row = panel.state["rows"][0]
    assert panel.snapshot() == still
    assert row["id"] not in still.text + still.html
    assert row["at"] not in still.text
    assert row["at"] in timed.text
    assert "Attempts of customer.start" in still.text
    assert "Arguments" in timed.text


def test_a_bench_without_a_worker_of_its_own_says_so(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "worker", None)
    panel = queue_panel(bench)
    assert panel.state["worker"] is None
    with pytest.raises(WorkbenchError, match="no worker of its own"):
        do(panel, "stop_worker")
    panel.close()
