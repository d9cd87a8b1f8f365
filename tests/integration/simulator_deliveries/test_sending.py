"""Events on their way: order, repetitions, pace, redelivery, and the ledger's word for it."""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections import Counter
from itertools import islice

import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse

from genesys_workbench.events import parse_event
from genesys_workbench.serving import ServerThread
from genesys_workbench.simulator.drawing import CREATED, UPDATED, draw
from genesys_workbench.simulator.sending import retry_after
from tests.simulator_fakes import Receiver

BOTH = frozenset({CREATED, UPDATED})


def drawn(world, number, **options):
    return list(islice(draw(world.conversations, kinds=BOTH, **options), number))


def test_every_event_arrives_once_in_order_and_the_ledger_agrees(sim, receiver):
    ledger = sim.deliver(60, targets=[receiver.url], concurrency=1)
    assert receiver.ids == [event.event_id for event in drawn(sim.world, 60)]
    assert receiver.ids == [entry.event_id for entry in ledger]
    assert receiver.ids == [entry.sent_id for entry in ledger]
    assert ledger.summary == {"sent": 60, "accepted": 60, "rejected": 0}
    assert [e.sha256 for e in ledger] == [hashlib.sha256(b).hexdigest() for _, b, _ in receiver.got]
    assert {(e.status, e.attempts, e.error) for e in ledger} == {(202, 1, None)}
    assert all(entry.latency_ms > 0 for entry in ledger)
    assert receiver.got[0][2]["content-type"] == "application/json"


def test_duplicates_come_on_top_and_are_the_same_bytes(sim, receiver):
    ledger = sim.deliver(50, targets=[receiver.url], duplicates=0.2)
    counts = Counter(raw for _, raw, _ in receiver.got)
    assert sorted(counts.values()) == [1] * 40 + [2] * 10
    assert (ledger.sent, sum(entry.duplicate for entry in ledger)) == (60, 10)


def test_disorder_changes_the_order_and_loses_nothing(sim, receiver):
    tidy = [e.sent_id for e in sim.deliver(80, targets=[receiver.url], concurrency=1)]
    receiver.got.clear()
    sim.deliver(80, targets=[receiver.url], concurrency=1, disorder=0.3)
    assert receiver.ids != tidy
    assert sorted(receiver.ids) == sorted(tidy)
    late = [place - tidy.index(event_id) for place, event_id in enumerate(receiver.ids)]
    assert 1 < max(late) <= 20


def test_a_delay_holds_single_events_back(sim, receiver):
    start = time.monotonic()
    sim.deliver(20, targets=[receiver.url], delay=0.2)
    assert time.monotonic() - start > 0.1
    tidy = [event.event_id for event in drawn(sim.world, 20)]
    assert sorted(receiver.ids) == sorted(tidy)
    assert receiver.ids != tidy


def test_a_rate_spreads_the_events_over_time(sim, receiver):
    start = time.monotonic()
    sim.deliver(30, targets=[receiver.url], rate=100)
    assert 0.29 <= time.monotonic() - start < 1.5


def test_a_refused_event_is_sent_again_until_it_is_accepted(sim, receiver):
    seen = Counter()

    def answer(body):
        event_id = parse_event(body).event_id
        seen[event_id] += 1
        return JSONResponse({"eventId": event_id}, 202 if seen[event_id] == 3 else 503)

    receiver.answer = answer
    ledger = sim.deliver(5, targets=[receiver.url], backoff=0.001)
    assert {(entry.attempts, entry.status) for entry in ledger} == {(3, 202)}
    assert set(seen.values()) == {3}
    assert len(Counter(raw for _, raw, _ in receiver.got)) == 5


def test_an_event_refused_too_often_is_given_up(sim, receiver):
    receiver.answer = lambda body: JSONResponse({"eventId": "not-mine"}, 500)
    ledger = sim.deliver(2, targets=[receiver.url], redeliver=2, backoff=0.001)
    assert ledger.summary == {"sent": 2, "accepted": 0, "rejected": 2}
    assert {(e.attempts, e.status, e.event_id) for e in ledger} == {(3, 500, None)}


def test_a_receiver_that_is_away_is_tried_again_and_named(sim):
    gone = ServerThread(Starlette())
    url = gone.start()
    gone.stop()
    ledger = sim.deliver(1, targets=[url], redeliver=1, backoff=0.001)
    assert [(e.attempts, e.status, e.error) for e in ledger] == [(2, 0, "ConnectError")]


def test_a_receiver_that_comes_back_gets_everything(sim):
    receiver = Receiver()
    url = receiver.server.start() + "/hook"
    receiver.server.stop()
    timer = threading.Timer(0.3, receiver.server.start)
    timer.start()
    ledger = sim.deliver(5, targets=[url], redeliver=30, backoff=0.05, retry_cap=0.1)
    timer.join()
    receiver.server.stop()
    assert ledger.accepted == 5
    assert len(set(receiver.ids)) == 5


def test_retry_after_is_honoured_up_to_the_cap(sim, receiver):
    answers = iter([JSONResponse({}, 429, headers={"Retry-After": "60"}), JSONResponse({}, 202)])
    receiver.answer = lambda body: next(answers)
    start = time.monotonic()
    ledger = sim.deliver(1, targets=[receiver.url], backoff=0.0, retry_cap=0.2)
    assert time.monotonic() - start >= 0.2
    assert [(e.attempts, e.status, e.event_id) for e in ledger] == [(2, 202, None)]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 70.0),
        ("Thu, 01 Jan 1970 00:00:01 GMT", 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value, seconds):
    assert retry_after(value, now=30.0) == seconds


@pytest.mark.parametrize("content", [b"no json", b"[]", b'{"eventId": 5}'])
def test_an_answer_without_an_event_id_leaves_it_open(sim, receiver, content):
    answer = JSONResponse({})
    answer.body, answer.headers["content-length"] = content, str(len(content))
    receiver.answer = lambda body: answer
    (entry,) = sim.deliver(1, targets=[receiver.url])
    assert entry.accepted
    assert entry.event_id is None


def test_a_redirect_is_not_followed(sim, receiver):
    receiver.answer = lambda body: JSONResponse({}, 307, headers={"Location": "/other"})
    ledger = sim.deliver(1, targets=[receiver.url], redeliver=0)
    assert ledger.rejected == 1
    assert [path for path, _, _ in receiver.got] == ["/hook"]


def test_no_more_requests_are_under_way_than_allowed(sim, receiver):
    under_way, most = 0, 0

    async def answer():
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return JSONResponse({}, 202)

    receiver.answer = lambda body: answer()
    sim.deliver(40, targets=[receiver.url], concurrency=4)
    assert most == 4
