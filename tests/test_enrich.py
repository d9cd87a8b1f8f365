"""Fetching for several tasks at once: few calls, and each task gets its own answer."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from genesys_workbench.enrich import Enricher
from genesys_workbench.errors import NotFound, ServerError, TaskError

PATIENCE = 10


class Api:
    """Answers every id, except those that it does not know; can be held up, and can fail."""

    def __init__(self, *, unknown: Sequence[str] = ()) -> None:
        self.calls: list[list[str]] = []
        self.unknown = unknown
        self.error: Exception | None = None
        self.entered = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def one(self, conversation_id: str) -> dict[str, Any]:
        return self.many([conversation_id])[conversation_id]

    def many(self, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        self.calls.append(list(ids))
        self.entered.set()
        assert self.go.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        return {each: {"id": each} for each in ids if each not in self.unknown}

    def hold(self) -> None:
        self.entered.clear()
        self.go.clear()


class Crowd:
    """Ask for ids from many threads while the first call is held up."""

    def __init__(self, api: Api, *, max_batch: int = 50) -> None:
        self._api = api
        self._enricher = Enricher(one=api.one, many=api.many, max_batch=max_batch)

    def ask(self, first: str, *others: str) -> list[Future[Mapping[str, Any]]]:
        self._api.hold()
        with ThreadPoolExecutor(len(others) + 1) as pool:
            asked = [pool.submit(self._enricher.conversation, first)]
            assert self._api.entered.wait(PATIENCE)
            asked += [pool.submit(self._enricher.conversation, each) for each in others]
            self._wait_for(set(others))
            self._api.go.set()
        return asked

    def _wait_for(self, ids: set[str]) -> None:
        pause = threading.Event()
        for _ in range(PATIENCE * 1000):
            if self._enricher._waiting.keys() == ids:
                return
            pause.wait(0.001)
        raise AssertionError(f"{ids} do not wait")


def test_one_that_asks_alone_gets_its_conversation_with_a_call_for_one() -> None:
    api = Api()
    enricher = Enricher(one=api.one, many=lambda _: pytest.fail("asked for several"))
    assert enricher.conversation("c1") == {"id": "c1"}
    assert api.calls == [["c1"]]


def test_the_same_id_asked_again_later_is_fetched_afresh() -> None:
    api = Api()
    enricher = Enricher(one=api.one, many=api.many)
    enricher.conversation("c1")
    enricher.conversation("c1")
    assert api.calls == [["c1"], ["c1"]]


def test_ids_that_gather_during_a_call_share_the_next_one() -> None:
    api = Api()
    answers = [each.result()["id"] for each in Crowd(api).ask("c1", "c2", "c3", "c4")]
    assert answers == ["c1", "c2", "c3", "c4"]
    assert [sorted(call) for call in api.calls] == [["c1"], ["c2", "c3", "c4"]]


def test_tasks_that_want_the_same_conversation_share_its_answer() -> None:
    api = Api()
    answers = [each.result()["id"] for each in Crowd(api).ask("c1", "c2", "c2", "c2")]
    assert answers == ["c1", "c2", "c2", "c2"]
    assert sum(call.count("c2") for call in api.calls) <= 3
    assert api.calls[1] == ["c2"]


def test_a_call_holds_at_most_the_given_number_of_ids() -> None:
    api = Api()
    names = [f"c{number}" for number in range(8)]
    for future in Crowd(api, max_batch=3).ask(*names):
        assert future.result()["id"] in names
    assert [len(call) for call in api.calls] == [1, 3, 3, 1]


def test_only_the_id_that_the_api_does_not_know_fails() -> None:
    api = Api(unknown=["c3"])
    first, second, third = Crowd(api).ask("c1", "c2", "c3")
    assert (first.result()["id"], second.result()["id"]) == ("c1", "c2")
    with pytest.raises(NotFound, match="knows no conversation c3") as caught:
        third.result()
    assert (caught.value.status, caught.value.transient) == (404, True)


def test_a_failed_call_fails_all_that_shared_it_and_nobody_else() -> None:
    api = Api()
    api.error = ServerError("the API failed", status=503)
    for future in Crowd(api).ask("c1", "c2", "c3"):
        with pytest.raises(ServerError, match="the API failed"):
            future.result()
    api.error = None
    assert Enricher(one=api.one, many=api.many).conversation("c1") == {"id": "c1"}


def test_after_a_failure_the_same_enricher_asks_again() -> None:
    api = Api()
    enricher = Enricher(one=api.one, many=api.many)
    api.error = NotFound("not there yet", status=404)
    with pytest.raises(NotFound, match="not there yet"):
        enricher.conversation("c1")
    api.error = None
    assert enricher.conversation("c1") == {"id": "c1"}
    assert len(api.calls) == 2


def test_after_a_crowd_the_next_call_waits_until_it_is_full() -> None:
    api = Api()
    enricher = Enricher(one=api.one, many=api.many, max_batch=4, linger=PATIENCE)
    api.hold()
    with ThreadPoolExecutor(7) as pool:
        asked = [pool.submit(enricher.conversation, "c-0")]
        assert api.entered.wait(PATIENCE)
        asked += [pool.submit(enricher.conversation, f"c-{number}") for number in range(1, 7)]
        while len(enricher._waiting) < 6:
            threading.Event().wait(0.001)
        api.go.set()
        assert asked[1].result(PATIENCE)  # who is done waits for nobody
        asked += [pool.submit(enricher.conversation, f"c-{number}") for number in (7, 8)]
        assert [each.result(PATIENCE)["id"] for each in asked] == [f"c-{n}" for n in range(9)]
    assert [len(call) for call in api.calls] == [1, 4, 4]


def test_a_single_caller_after_a_crowd_waits_once_and_then_no_more() -> None:
    api = Api()
    enricher = Enricher(one=api.one, many=api.many, linger=0.05)
    enricher._crowded = True
    assert enricher.conversation("c-1")["id"] == "c-1"
    assert not enricher._crowded
    assert api.calls == [["c-1"]]


def test_a_closed_enricher_answers_who_waits_and_refuses_who_comes() -> None:
    api = Api()
    enricher = Enricher(one=api.one, many=api.many)
    api.hold()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(enricher.conversation, "c-0")]
        assert api.entered.wait(PATIENCE)
        closing = pool.submit(enricher.close)
        api.go.set()
        assert asked[0].result(PATIENCE)["id"] == "c-0"
        closing.result(PATIENCE)
    with pytest.raises(TaskError, match="stopping"):
        enricher.conversation("c-1")
