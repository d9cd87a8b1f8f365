"""The way of an event: what became of it at each step, in words, and how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from genesys_workbench import views
from genesys_workbench.deliverylog import DeliveryLog
from genesys_workbench.store import Store
from genesys_workbench.views.colours import GREEN, VERMILLION
from tests.picture_fakes import parsed, titled, words
from tests.store_fakes import START, detail, second, snapshot, ticking


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/store.db", clock=ticking(second(1)))
    store.prepare()
    yield store
    store.close()


def fail(store: Store, attempt: int, outcome: str, reason: str, **more: Any) -> None:
    store.note_attempt(
        event_id="e1",
        conversation_id="c1",
        event_type="customer.start",
        attempt=attempt,
        outcome=outcome,
        reason=reason,
        **more,
    )


def steps(store: Any, *, times: bool = False) -> list[str]:
    """Return the lines of the six steps."""
    lines = views.way(store, "e1", times=times).text.splitlines()
    return [line for line in lines if line[:2] in {f"{n} " for n in range(1, 7)}]


def test_a_processed_event_is_done_at_each_step(store: Store) -> None:
    store.record(detail("e1"), conversation=snapshot(), received_at=START)
    assert steps(store) == [
        "1 delivery: ✓ came in, eventbridge",
        "2 receiver: ✓ made safe, answered 202",
        "3 queue: ✓ taken, once",
        "4 worker: ✓ done, at the first attempt",
        "5 API: ✓ conversation fetched",
        "6 database: ✓ row written, new conversation",
    ]
    picture = views.way(store, "e1")
    assert picture.text.splitlines()[0] == "Way of event e1"
    assert "processed" in picture.text.splitlines()[1]
    assert {"delivery", "receiver", "queue", "worker", "API", "database"} <= set(words(picture))
    assert picture.html.count(f'fill="{GREEN}"') == 6


def test_the_second_event_of_a_conversation_meets_a_known_one(store: Store) -> None:
    store.record(detail("e0"))
    store.record(detail("e1", at=1))
    assert steps(store)[4:] == [
        "5 API: – not asked, enough was known",
        "6 database: ✓ row written, known conversation",
    ]


def test_times_are_those_that_the_store_knows(store: Store) -> None:
    store.record(detail("e1"), received_at=START, runtime_s=0.25)
    told = steps(store, times=True)
    assert told[2:4] == [
        "3 queue: ✓ taken, once, after 750 ms",
        "4 worker: ✓ done, at the first attempt, took 250 ms",
    ]
    assert told[5].endswith("1 s in all")
    assert "received 2026-03-02 10:00:00 UTC" in views.way(store, "e1").text


def test_without_times_nothing_of_the_moment_is_told(store: Store) -> None:
    store.record(detail("e1"), received_at=START, runtime_s=0.25)
    fail(store, 1, "replayed", "", runtime_s=0.125)
    picture = views.way(store, "e1", times=False)
    for moment in ("10:00", " ms", " s in all", "2026", "after"):
        assert moment not in picture.text + "".join(words(picture))


def test_a_retried_event_tells_its_attempts(store: Store) -> None:
    fail(store, 1, "retry", "rate_limited", runtime_s=0.1)
    fail(store, 2, "retry", "upstream_5xx")
    store.record(detail("e1"), conversation=snapshot(), received_at=START, attempt=3)
    assert steps(store)[2:5] == [
        "3 queue: ↻ taken, 3 times",
        "4 worker: ↻ done, retried 2 times",
        "5 API: ↻ conversation fetched, before: API 5xx",
    ]
    assert titled(views.way(store, "e1"), "attempt") == [
        "attempt 1: failed (rate limited), tried again, 1 s after the receipt, took 100 ms",
        "attempt 2: failed (API 5xx), tried again, 2 s after the receipt",
        "attempt 3: processed, 3 s after the receipt",
    ]
    assert titled(views.way(store, "e1", times=False), "attempt")[-1] == "attempt 3: processed"


def test_an_event_that_waits_for_another_try_says_for_which(store: Store) -> None:
    fail(store, 1, "retry", "not_found")
    assert steps(store) == [
        "1 delivery: ✓ came in",
        "2 receiver: ✓ made safe, answered 202",
        "3 queue: … waits, for attempt 2",
        "4 worker: ↻ failed once, tries again",
        "5 API: × not found",
        "6 database: … no row yet",
    ]


def test_a_dead_letter_says_what_it_failed_of(store: Store) -> None:
    fail(store, 1, "retry", "sink_locked")
    fail(store, 2, "dead", "sink_locked")
    assert steps(store)[2:] == [
        "3 queue: × dead letter, kept with its reason",
        "4 worker: × failed 2 times, gave up",
        "5 API: – nothing recorded",
        "6 database: × database locked",
    ]
    assert VERMILLION in views.way(store, "e1").html


def test_a_dead_letter_of_ones_own_step_has_no_row(store: Store) -> None:
    fail(store, 1, "dead", "processor_failed")
    assert steps(store)[5] == "6 database: – no row"
    assert titled(views.way(store, "e1"), "attempt") == [
        "attempt 1: failed (processor failed), dead letter"
    ]


def test_a_redriven_event_was_retried(store: Store) -> None:
    fail(store, 1, "dead", "forbidden")
    store.record(detail("e1"), conversation=snapshot(), attempt=1)
    assert steps(store)[3:5] == [
        "4 worker: ↻ done, retried once",
        "5 API: ↻ conversation fetched, before: forbidden",
    ]


def test_duplicates_and_replays_are_counted(store: Store) -> None:
    for _ in range(3):
        store.record(detail("e1"))
    assert steps(store)[0] == "1 delivery: ↻ came 3 times, duplicates: kept once"
    fail(store, 1, "replayed", "")
    assert steps(store)[2:4] == ["3 queue: ↻ taken, 2 times", "4 worker: ↻ done, replayed once"]


def test_of_many_attempts_the_first_and_the_last_are_told(store: Store) -> None:
    for attempt in range(1, 13):
        fail(store, attempt, "retry", "not_found")
    told = titled(views.way(store, "e1", times=False), "attempt")
    assert len(told) == 8
    assert "… 4 more" in views.way(store, "e1").text
    assert told[4].startswith("attempt 9:")


def test_of_an_unknown_event_nothing_is_claimed(store: Store) -> None:
    assert steps(store) == [
        "1 delivery: – nothing is known",
        "2 receiver: – nothing is known",
        "3 queue: … waits here, or never came",
        "4 worker: … not yet",
        "5 API: … not yet",
        "6 database: … no row yet",
    ]
    assert "no record of it yet" in views.way(store, "e1").text


def bench(store: Store, *outcomes: str) -> Any:
    """Stand in for an open workbench whose receiver took the event in, once for each outcome."""
    log = DeliveryLog()
    for n, outcome in enumerate(outcomes):
        log.add(
            at=datetime(2026, 3, 2, tzinfo=UTC),
            status=202,
            milliseconds=2.5 + n,
            headers={},
            events=[detail("e1")],
            outcome=outcome,  # type: ignore[arg-type]
        )
    log.add(at=START, status=202, milliseconds=9, headers={}, body=b"e1", outcome="published")
    return SimpleNamespace(store=store, deliveries=log)


def test_a_workbench_knows_the_first_delivery_too(store: Store) -> None:
    told = steps(bench(store, "published", "spooled"), times=True)
    assert told[:3] == [
        "1 delivery: ✓ came in, eventbridge",
        "2 receiver: ✓ made safe, answered 202, in 2.5 ms",
        "3 queue: … waits, for the worker",
    ]
    assert steps(bench(store))[0] == "1 delivery: – nothing is known"


def test_an_event_that_waited_on_disk_says_so(store: Store) -> None:
    store.record(detail("e1"))
    assert steps(bench(store, "spooled"))[1] == "2 receiver: ↻ kept on disk, the broker was away"


def test_arrows_lead_on_as_far_as_the_event_came(store: Store) -> None:
    fail(store, 1, "retry", "not_found")
    arrows = [
        each for each in parsed(views.way(store, "e1")).iter("path") if each.get("class") == "m"
    ]
    dashed = [each.get("stroke-dasharray") is not None for each in arrows[0::2]]
    assert dashed == [False, True, False, False, True]
