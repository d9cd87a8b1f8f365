"""Runs of deliveries: who gets them, how they are started, followed and stopped."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest
from starlette.responses import JSONResponse

from genesys_workbench.errors import ServingError, SettingsError
from genesys_workbench.simulator.drawing import CREATED, UPDATED
from genesys_workbench.simulator.plans import DeliveryPlan
from genesys_workbench.simulator.server import Simulator


@pytest.fixture
def hooks(sim):
    hooks = sim._state.webhooks
    yield hooks
    for hook in hooks:
        hooks.delete(hook.id)


def registered(hooks, address, *events, enabled=True):
    wanted = [{"event": event, "entityType": "conversation"} for event in events]
    fields = {"name": "n", "address": address, "enabled": enabled, "eventFilters": wanted}
    return hooks.create(fields)


def test_enabled_webhooks_get_the_events_their_filters_ask_for(sim, receiver, hooks):
    registered(hooks, receiver.url, CREATED)
    registered(hooks, f"{receiver.server.url}/other", CREATED, UPDATED)
    registered(hooks, "http://127.0.0.1:9/", CREATED, enabled=False)
    ledger = sim.deliver(30, redeliver=0)
    assert ledger.summary == {"sent": 60, "accepted": 60, "rejected": 0}
    created = [e for e in ledger if e.target == receiver.url]
    assert len({e.conversation_id for e in created}) == 30
    others = [e for e in ledger if e.target != receiver.url]
    assert len({e.conversation_id for e in others}) < 30


def test_without_webhook_or_target_there_is_nobody_to_deliver_to(sim):
    with pytest.raises(SettingsError, match="no enabled webhook") as caught:
        sim.deliver(1)
    assert "targets=" in caught.value.fix


def test_a_stopped_simulator_does_not_deliver():
    with pytest.raises(ServingError, match="not running"):
        Simulator(conversations=1).deliver(1, targets=["http://127.0.0.1:9/"])


def test_stopping_the_simulator_ends_its_deliveries(receiver):
    started = threading.Event()
    receiver.answer = lambda body: started.set() or JSONResponse({}, 202)
    sim = Simulator(conversations=5)
    sim.start()
    stopper = threading.Thread(target=lambda: started.wait(3) and sim.stop())
    stopper.start()
    with pytest.raises(ServingError, match="stopped while it delivered"):
        sim.deliver(1000, targets=[receiver.url], rate=5)
    stopper.join()


def test_running_out_of_events_is_told(receiver):
    with Simulator(conversations=0) as sim, pytest.raises(SettingsError, match="no event"):
        sim.deliver(1, targets=[receiver.url])


def test_progress_is_told_in_the_callers_thread_and_at_the_end(sim, receiver):
    told = []
    sim.deliver(
        20,
        targets=[receiver.url],
        rate=80,
        on_progress=lambda counts: told.append((counts, threading.current_thread())),
    )
    assert {thread for _, thread in told} == {threading.current_thread()}
    assert len(told) >= 2
    assert told[-1][0] == {"sent": 20, "accepted": 20, "rejected": 0}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"events": 0}, "events"),
        ({"targets": ("receiver",)}, "URLs"),
        ({"targets": ("http://[::1",)}, "URLs"),
        ({"rate": 0}, "rate"),
        ({"envelope": "post"}, "eventbridge, notification"),
        ({"duplicates": 1.1}, "duplicates"),
        ({"disorder": -0.1}, "disorder"),
        ({"delay": -1}, "delay"),
        ({"redeliver": -1}, "redeliver"),
        ({"concurrency": 0}, "concurrency"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_a_plan_out_of_range_is_refused(options, says):
    with pytest.raises(SettingsError, match=says):
        DeliveryPlan(**({"events": 1} | options))


def finished(sim, where):
    deadline = time.monotonic() + 5
    while (progress := httpx.get(sim.url + where, trust_env=False).json())["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return progress


def test_deliveries_can_be_started_and_followed_over_http(sim, receiver):
    plan = {"events": 10, "targets": [receiver.url], "salt": "http", "signer": {"secret": "s"}}
    answer = httpx.post(f"{sim.url}/_sim/deliveries", json=plan, trust_env=False)
    assert answer.status_code == 202
    assert answer.json()["state"] == "running"
    progress = finished(sim, answer.headers["location"])
    assert progress == answer.json() | {"state": "done", "sent": 10, "accepted": 10}
    assert receiver.got[0][2]["x-webhook-secret"] == "s"
    text = httpx.get(f"{sim.url}/_sim/ledger", trust_env=False).text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["eventId"] for line in lines[-10:]] == [line["sentId"] for line in lines[-10:]]


def test_a_failed_run_says_why(receiver):
    with Simulator(conversations=0) as sim:
        plan = {"events": 1, "targets": [receiver.url]}
        answer = httpx.post(f"{sim.url}/_sim/deliveries", json=plan, trust_env=False)
        progress = finished(sim, answer.headers["location"])
    assert progress["state"] == "failed"
    assert "no event to deliver" in progress["problem"]


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({}, "not valid: events"),
        ({"events": 1}, "no enabled webhook"),
        ({"events": 1, "ratee": 5}, "ratee is not one of"),
        ({"events": 0}, "events must be at least 1"),
        ({"events": 1, "signer": {"secret": "s", "scheme": "md5"}}, "md5"),
        ({"events": 1, "signer": "canary"}, "not valid"),
    ],
)
def test_a_wrong_plan_over_http_is_400_and_says_why(sim, plan, says):
    answer = httpx.post(f"{sim.url}/_sim/deliveries", json=plan, trust_env=False)
    assert answer.status_code == 400
    assert says in answer.json()["message"]
    assert "canary" not in answer.text


def test_an_unknown_run_is_404(sim):
    assert httpx.get(f"{sim.url}/_sim/deliveries/x", trust_env=False).status_code == 404


def test_the_ledger_is_written_as_json_lines(sim, receiver, tmp_path):
    ledger = sim.deliver(3, targets=[receiver.url])
    path = tmp_path / "ledger.jsonl"
    ledger.write(path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["eventId"] for line in lines] == [entry.event_id for entry in ledger]
    assert lines[0].keys() == {
        *("eventId", "sentId", "conversationId", "sha256", "envelope", "target", "attempts"),
        *("status", "latency_ms", "sent_at", "duplicate", "error"),
    }
    assert repr(ledger) == "<Ledger sent=3 accepted=3 rejected=0>"
    assert len(ledger) == 3
