"""The live panel as an object: what it shows, and what its buttons do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from genesys_workbench.deliverylog import Delivery, DeliveryLog, EventRef
from genesys_workbench.errors import BrokerUnreachable, WorkbenchError
from genesys_workbench.settings import load_settings
from genesys_workbench.views import live_panel
from genesys_workbench.views.beats import Beat
from genesys_workbench.views.event_states import log_rows, percentile
from genesys_workbench.views.live import LivePanel
from genesys_workbench.views.matches import Matches
from genesys_workbench.views.switches import ENDPOINTS, SWITCHES, fault, told
from genesys_workbench.workbench import Workbench
from tests.integration.workers import wait_until

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    folder = tmp_path_factory.mktemp("live")
    with Workbench(load_settings(broker_url="memory://", data_dir=folder, port=0)) as opened:
        yield opened


@pytest.fixture
def panel(bench: Workbench) -> Iterator[LivePanel]:
    opened = live_panel(bench)
    yield opened
    opened.close()
    assert bench.simulator is not None
    bench.simulator.faults.clear()
    bench.receiver.start()


def do(panel: LivePanel, action: str, **arguments: Any) -> str:
    return panel.do(action, **arguments).result(20)


def row(panel: LivePanel, event_id: str) -> dict[str, Any]:
    panel.refresh()
    return next((row for row in panel.state["rows"] if row["event"] == event_id), {})


def wait_for_state(panel: LivePanel, event_id: str, state: str) -> dict[str, Any]:
    wait_until(lambda: row(panel, event_id).get("state") == state, what=f"“{state}”")
    return row(panel, event_id)


def trigger(bench: Workbench, name: str = "voice-inbound", **options: Any) -> str:
    (answer,) = bench.trigger(name, **options)
    return str(answer["eventId"])


def test_a_triggered_event_appears_and_is_processed(bench: Workbench, panel: LivePanel) -> None:
    assert do(panel, "trigger", name="user-end", count="2") == "user-end: 2 sent and accepted."
    newest = panel.state["rows"][0]
    assert (newest["type"], newest["media"], newest["envelope"]) == (
        "user.end",
        "voice",
        "eventbridge",
    )
    shown = wait_for_state(panel, newest["event"], "processed")
    assert (shown["kind"], shown["tries"]) == ("good", 1)


def test_the_state_is_fit_for_json_and_has_no_secret(bench: Workbench, panel: LivePanel) -> None:
    trigger(bench)
    do(panel, "open", key=panel.state["rows"][0]["key"])
    assert set(json.loads(json.dumps(panel.state))) == set(panel.state)


def test_a_refused_delivery_is_told_with_its_sentence(bench: Workbench, panel: LivePanel) -> None:
    httpx.post(bench.address(), content=b"{", trust_env=False)
    panel.refresh()
    newest = panel.state["rows"][0]
    assert (newest["state"], newest["kind"], newest["event"]) == ("refused 400", "bad", None)
    assert "not JSON" in newest["note"]
    do(panel, "open", key=newest["key"])
    (step,) = panel.state["detail"]["steps"]
    assert step["what"] == "received, refused"
    assert "not JSON" in step["note"]


def test_a_trigger_that_is_refused_says_why(
    panel: LivePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [{"httpStatus": 202}, {"httpStatus": 401, "detail": "no valid secret"}]
    monkeypatch.setattr(Workbench, "trigger", lambda *_, **__: answers)
    with pytest.raises(WorkbenchError, match="1 of 2 refused, 401: no valid secret"):
        do(panel, "trigger", name="chat", count=2)


def test_a_replayed_event_is_marked(bench: Workbench, panel: LivePanel) -> None:
    event_id = trigger(bench)
    wait_for_state(panel, event_id, "processed")
    assert do(panel, "replay", event=event_id).startswith("Replay 1")
    wait_until(lambda: row(panel, event_id)["note"] == "replayed 1×", what="the replay")
    assert row(panel, event_id)["tries"] == 2


def test_a_dead_letter_is_sent_back_and_processed(bench: Workbench, panel: LivePanel) -> None:
    told = do(panel, "fault", switch="403", count="1")
    assert told == "In force for the next 1 conversation calls: 403 permission missing."
    assert panel.state["simulator"]["faults"] == [told[len("In force for ") : -1]]
    event_id = trigger(bench, conversationId=_conversation(bench, 7))
    shown = wait_for_state(panel, event_id, "dead letter")
    assert (shown["kind"], shown["note"]) == ("bad", "forbidden")
    do(panel, "open", key=shown["key"])
    steps = panel.state["detail"]["steps"]
    assert [step["what"] for step in steps] == ["received, published", "attempt 1: dead letter"]
    assert "403" in steps[1]["note"]
    assert do(panel, "replay", event=event_id) == "The dead letter is back in the queue."
    wait_for_state(panel, event_id, "processed")


def _conversation(bench: Workbench, place: int) -> str:
    assert bench.simulator is not None
    return bench.simulator.world.conversations[place].id


def test_what_is_not_there_cannot_be_replayed(panel: LivePanel) -> None:
    with pytest.raises(WorkbenchError, match="No event nobody is stored"):
        do(panel, "replay", event="nobody")


def test_faults_can_be_taken_away(panel: LivePanel) -> None:
    do(panel, "fault", switch="slow", endpoint="*", count="")
    assert panel.state["simulator"]["faults"] == ["all calls of any kind: slow, 2 s"]
    do(panel, "clear_faults")
    assert panel.state["simulator"]["faults"] == []


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_fault_is_told_by_the_words_of_its_switch(switch: str, endpoint: str) -> None:
    words = told(fault(switch, endpoint, 2).summary())
    assert words == f"the next 2 {ENDPOINTS[endpoint]}: {SWITCHES[switch][0]}"


def test_a_fault_without_a_switch_is_told_as_well() -> None:
    assert told({"endpoint": "details", "status": 418}) == "all details calls: status 418"
    assert told({"endpoint": "details", "body": "2 bytes"}) == "all details calls: spoilt"


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("trigger", {"name": "no-such"}, "no eventbridge event"),
        ("trigger", {"name": "chat", "count": "x"}, "not a whole number"),
        ("trigger", {"name": "chat", "count": 101}, "must be 1 to 100"),
        ("deliver", {"count": 0, "rate": 1}, "must be 1 to"),
        ("fault", {"switch": "418"}, "no fault '418'"),
        ("filter", {"state": "lost"}, "no state 'lost'"),
    ],
)
def test_what_cannot_be_done_is_said(
    panel: LivePanel, action: str, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(WorkbenchError, match=words):
        do(panel, action, **arguments)


def test_the_receiver_stops_and_starts_at_the_same_place(
    bench: Workbench, panel: LivePanel
) -> None:
    url = panel.state["receiver"]["url"]
    do(panel, "stop")
    assert panel.state["receiver"]["running"] is False
    with pytest.raises(WorkbenchError, match="does not run"):
        do(panel, "trigger", name="chat")
    do(panel, "start")
    assert panel.state["receiver"] == {"running": True, "url": url, "note": None, "secret": False}


def test_the_list_is_narrowed_by_text_and_state(bench: Workbench, panel: LivePanel) -> None:
    event_id = trigger(bench, "email")
    httpx.post(bench.address(), content=b"not email", trust_env=False)
    bench.wait_for(event_id)
    do(panel, "filter", text=f"email {event_id}")
    assert [row["event"] for row in panel.state["rows"]] == [event_id]
    do(panel, "filter", text="email", state="refused")
    assert {row["status"] for row in panel.state["rows"]} == {"refused"}
    do(panel, "filter", state="processed")
    assert event_id in [row["event"] for row in panel.state["rows"]]
    do(panel, "filter", text=event_id, state="dead")
    assert panel.state["rows"] == []
    do(panel, "filter", state="queued")
    assert panel.state["rows"] == []


def test_the_simulator_delivers_until_it_is_stopped(bench: Workbench, panel: LivePanel) -> None:
    do(panel, "deliver", count="5", rate="100")
    wait_until(lambda: _delivering(panel)["sent"] == 5, what="the deliveries")
    wait_until(lambda: not _delivering(panel)["running"], what="their end")
    do(panel, "deliver", count="1000", rate="2")
    with pytest.raises(WorkbenchError, match="under way"):
        do(panel, "deliver", count="1", rate="1")
    do(panel, "end_deliveries")
    panel.refresh()
    assert _delivering(panel)["running"] is False
    assert _delivering(panel)["sent"] < 1000


def _delivering(panel: LivePanel) -> dict[str, Any]:
    panel.refresh()
    state: dict[str, Any] = panel.state["simulator"]["delivering"]
    return state


def test_without_a_simulator_there_is_nothing_to_break(bench: Workbench, panel: LivePanel) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(bench, "simulator", None)
        panel.refresh()
        assert panel.state["simulator"] is None
        with pytest.raises(WorkbenchError, match="no simulator"):
            do(panel, "fault", switch="503")
        assert "fault" not in panel.snapshot().text


def test_a_broker_that_is_away_is_said_and_the_panel_lives_on(
    panel: LivePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: str) -> None:
        raise BrokerUnreachable("RabbitMQ at amqp://x/ is unreachable.", fix="start it")

    monkeypatch.setattr("genesys_workbench.views.depths.states", away)
    assert "RabbitMQ at amqp://x/ is unreachable" in panel.snapshot().text
    assert panel.state["queue"]["ready"] is None
    assert panel.state["problem"] == ""


def test_a_picture_tells_nothing_that_differs_from_run_to_run(
    bench: Workbench, panel: LivePanel
) -> None:
    do(panel, "filter", text=trigger(bench, "email"))
    wait_for_state(panel, panel.state["rows"][0]["event"], "processed")
    still = panel.snapshot()
    (row,) = panel.state["rows"]
    moving = [row["event"], row["conversation"], row["at"], "127.0.0.1", " ms ", "a second"]
    assert [each for each in moving if each in still.text + still.html] == []
    head, _, *lines = still.text.splitlines()
    assert head.startswith("Receiver running; ")
    assert [line.split() for line in lines] == [
        ["event", "media", "state", "why", "count"],
        ["customer.start", "email", "processed", "–", "1"],
    ]


def test_a_picture_with_times_tells_rate_and_latency(bench: Workbench, panel: LivePanel) -> None:
    bench.wait_for(trigger(bench))
    text = panel.snapshot(times=True).text
    assert "events a second; p50 " in text
    assert "ms from receipt to record" in text


def test_a_closed_panel_leaves_no_thread(bench: Workbench) -> None:
    before = set(threading.enumerate())
    panel = live_panel(bench)
    panel.snapshot()
    do(panel, "deliver", count="100", rate="1")
    panel.close()
    panel.close()
    assert {thread.name for thread in set(threading.enumerate()) - before} == set()


# -- the parts


def delivery(number: int, *ids: str, outcome: Any = "published") -> Delivery:
    refs = tuple(EventRef(each, "c", "acw", "voice") for each in ids)
    return Delivery(number, NOW, 202 if ids else 401, outcome, "", refs, "seed", 2, 1.0)


def stored(status: str, **more: Any) -> dict[str, Any]:
    return {
        "status": status,
        "attempts": 1,
        "replays": 0,
        "deliveries": 1,
        "reason": "",
        **more,
    }


RETRYING = stored("retrying", attempts=2, reason="upstream_5xx")
REPLAYED = stored("processed", deliveries=3, replays=1)


@pytest.mark.parametrize(
    ("known", "outcome", "state", "kind", "note"),
    [
        (None, "published", "queued", "busy", ""),
        (None, "spooled", "spooled", "warn", "kept on disk until the broker is there"),
        (RETRYING, "published", "retrying 2", "warn", "upstream_5xx"),
        (stored("dead", reason="forbidden"), "published", "dead letter", "bad", "forbidden"),
        (stored("processed"), "spooled", "processed", "good", ""),
        (stored("processed", deliveries=3), "published", "processed", "good", "came 3×"),
        (REPLAYED, "published", "processed", "good", "replayed 1×, came 2×"),
    ],
)
def test_each_state_has_its_word_and_its_mark(
    known: Any, outcome: str, state: str, kind: str, note: str
) -> None:
    (row,) = log_rows([delivery(1, "e", outcome=outcome)], {"e": known} if known else {}, limit=9)
    assert (row["state"], row["kind"], row["note"]) == (state, kind, note)


def test_a_batch_gives_a_row_for_each_event_and_the_bound_holds() -> None:
    many = [delivery(3, "a", "b"), delivery(2, outcome="refused"), delivery(1, "c", "d")]
    assert [row["key"] for row in log_rows(many, {}, limit=4)] == ["3/0", "3/1", "2/0", "1/0"]


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile([1, 2, 3, 4], share) for share in (0.5, 0.95)] == [2, 4]
    assert percentile([], 0.5) is None
    assert percentile([7], 0.5) == 7


def test_matches_grow_with_the_log_and_look_at_each_delivery_once() -> None:
    log, searched = DeliveryLog(), []
    find = log.find

    def counted(*args: Any, **options: Any) -> list[Delivery]:
        searched.append(options["after"])
        return find(*args, **options)

    log.find = counted  # type: ignore[method-assign]
    matches = Matches(log, text="wanted", limit=2)
    for number, body in enumerate([b"wanted", b"other", b"wanted", b"wanted"], 1):
        log.add(at=NOW, status=400, milliseconds=1, headers={}, body=body)
        expected = {1: [1], 2: [1], 3: [3, 1], 4: [4, 3]}[number]
        assert [each.number for each in matches.latest()] == expected
    assert searched == [0, 1, 2, 3]


def test_what_comes_in_during_a_search_is_shown_once() -> None:
    log = DeliveryLog()
    find = log.find

    def late(*args: Any, **options: Any) -> list[Delivery]:
        log.add(at=NOW, status=400, milliseconds=1, headers={})
        return find(*args, **options)

    log.find = late  # type: ignore[method-assign]
    matches = Matches(log)
    assert [each.number for each in matches.latest()] == [1]
    assert [each.number for each in matches.latest()] == [2, 1]


def test_a_beat_never_waits_and_reads_again_when_it_is_time() -> None:
    now, may_end = [0.0], threading.Event()
    values = iter(range(1, 10))

    def read() -> int:
        assert may_end.wait(10)
        return next(values)

    beat = Beat(read, first=0, name="test", every=1.0, clock=lambda: now[0])
    assert beat.latest() == beat.latest() == 0
    may_end.set()
    wait_until(lambda: beat.latest() == 1, what="the first reading")
    assert beat.latest() == 1
    now[0] = 1.0
    wait_until(lambda: beat.latest() == 2, what="the second reading")
    assert beat.now() == 3
    beat.close()


def test_store_rows_come_from_earlier_runs_as_well(bench: Workbench, panel: LivePanel) -> None:
    event_id = trigger(bench)
    bench.wait_for(event_id)
    (shown,) = bench.store.events_by_id([event_id, "unknown"]).values()
    assert shown["replays"] == 0
    assert NOW - timedelta(days=1) < shown["processedAt"]
    do(panel, "filter", state="processed")
    assert panel.state["rows"][0]["key"] == event_id
    do(panel, "open", key=event_id)
    assert panel.state["detail"]["status"] == "processed"
