"""Rows 35, 37, 38 and 39: nothing that is posted is a 5xx, a hang, or poison further on."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import pytest
import schemathesis
from hypothesis import Phase, given, settings
from schemathesis.checks import negative_data_rejection, positive_data_acceptance
from schemathesis.generation import GenerationMode
from sqlalchemy import select

from genesys_workbench.events import ConversationEvent
from genesys_workbench.messages import decode
from genesys_workbench.receiver import PATH, Receiver
from genesys_workbench.schema import events
from genesys_workbench.settings import load_settings
from genesys_workbench.store import Store
from tests.faults.bodies import CANARY, HOSTILE, headers, mutants, written_events
from tests.faults.front_door import Answer, FrontDoor
from tests.publishers import ScriptedPublisher

STATUSES = {202, 400, 401, 408, 413, 415, 422, 431}
SECRET = "canary-front-d00r-secret"
RIGHT = {"x-webhook-secret": SECRET, "content-type": "application/json"}


def examples(count: int) -> settings:
    """So many; what fails is told by its seed or value, making it smaller would take too long."""
    return settings(max_examples=count, phases=[Phase.generate], database=None)


class Judge:
    """Posts deliveries to a receiver and a store behind it, and holds each answer to the rules."""

    def __init__(self, door: FrontDoor, store: Store) -> None:
        self.statuses: Counter[int] = Counter()
        self._numbers = count()
        self._kept: dict[str, object] = {}
        self._door = door
        self._store = store

    def post(self, body: bytes, headers: dict[str, str] = RIGHT) -> Answer:
        answer = self._door.post(body, headers)
        self.statuses[answer.status] += 1
        assert answer.status in STATUSES, (answer.status, body[:500], headers)
        assert answer.seconds < 1, (answer.seconds, body[:500])
        assert CANARY not in answer.text + str(answer.headers), body[:500]
        assert SECRET not in answer.text + str(answer.headers)
        if answer.status == 202:
            self._accepted(answer, json.loads(body))
        else:
            assert answer.json["detail"]
            assert answer.messages == []
        return answer

    def _accepted(self, answer: Answer, sent: object) -> None:
        """What was answered 202 is what was sent, and the worker can keep it."""
        told = answer.json.get("events", [answer.json])
        sources = sent if isinstance(sent, list) else [sent]
        assert len(answer.messages) == len(told) == len(sources)
        for message, ids, source in zip(answer.messages, told, sources, strict=True):
            payload = json.loads(message.body)[0][0]
            job = decode(payload)
            assert repr(job.event.source) == repr(source), "not verbatim"
            assert job.event.event_id == ids["eventId"] == message.event_id
            assert job.event.conversation_id == ids["conversationId"]
            self._record(job.event)

    def _record(self, event: ConversationEvent) -> None:
        """Keep it under an id of its own, since samples that were changed have one id."""
        own = replace(event, event_id=f"fuzz-{next(self._numbers)}")
        assert self._store.record(own).outcome == "processed"
        self._kept[own.event_id] = event.source

    def compare_the_store(self) -> None:
        """What it holds is what was sent."""
        with self._store.database.connect() as connection:
            rows = connection.execute(select(events.c.event_id, events.c.source)).all()
        assert {event_id: json.loads(source) for event_id, source in rows} == self._kept


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    folder = tmp_path_factory.mktemp("front-door")
    options = load_settings(webhook_secret=SECRET, data_dir=folder, _env_file=None)
    store = Store.prepared(f"sqlite:///{folder / 'fuzz.db'}")
    with FrontDoor(options) as door:
        yield Judge(door, store)
    store.close()


@pytest.fixture
def posted(judge: Judge) -> Judge:
    judge.statuses.clear()
    return judge


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_gets_its_own_answer(posted: Judge, name: str) -> None:
    body, status = HOSTILE[name]
    assert posted.post(body).status == status


def test_changed_samples_by_the_thousand_are_answered_and_none_is_poison(
    posted: Judge, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    @examples(310)
    @given(mutants(30))
    def run(bodies: list[bytes]) -> None:
        for body in bodies:
            posted.post(body)

    run()
    posted.compare_the_store()
    assert posted.statuses.total() >= 9300
    assert {202, 400, 422} == set(posted.statuses)
    assert posted.statuses[202] > 500
    assert SECRET not in caplog.text
    assert CANARY not in caplog.text


def test_odd_events_in_the_four_envelopes_are_answered_and_none_is_poison(
    posted: Judge,
) -> None:
    @examples(700)
    @given(written_events())
    def run(body: bytes) -> None:
        posted.post(body)

    run()
    posted.compare_the_store()
    assert posted.statuses.total() >= 700
    assert min(posted.statuses[status] for status in (202, 400, 422)) > 40, posted.statuses


def test_odd_headers_and_signatures_let_nobody_in_and_break_nothing(posted: Judge) -> None:
    body = json.dumps({"conversationId": "c-1", "note": CANARY}).encode()

    @examples(500)
    @given(headers(SECRET))
    def run(odd: dict[str, str]) -> None:
        status = posted.post(body, odd).status
        assert (status == 401) == (odd["x-webhook-secret"] != SECRET and status != 413)

    run()
    assert {202, 401, 413, 415} <= set(posted.statuses)


@pytest.fixture
def described() -> Iterator[schemathesis.BaseSchema]:
    options = load_settings(port=0, webhook_secret=SECRET)
    with Receiver(options, publisher=ScriptedPublisher()) as receiver:
        base = str(receiver.url).removesuffix(PATH)
        yield schemathesis.openapi.from_url(f"{base}/openapi.json")


def check(case: schemathesis.Case) -> int:
    """Send what the schema says; the answer must be as the document says, whatever it is."""
    # What an event's other fields hold is of no interest to the receiver, so it lets in more,
    # and its JSON is stricter than a schema can say, so it lets in less.
    loose = [negative_data_rejection, positive_data_acceptance]
    return case.call_and_validate(headers=RIGHT, excluded_checks=loose).status_code


@pytest.mark.parametrize("mode", GenerationMode)
def test_the_receiver_answers_as_its_openapi_document_says(
    described: schemathesis.BaseSchema, mode: GenerationMode
) -> None:
    statuses: Counter[int] = Counter()

    @examples(80)
    @given(described[PATH]["POST"].as_strategy(generation_mode=mode))
    def run(case: schemathesis.Case) -> None:
        statuses[check(case)] += 1

    run()
    common = 202 if mode is GenerationMode.POSITIVE else 422
    assert statuses[common] > 30, statuses


def test_each_other_operation_answers_as_the_openapi_document_says(
    described: schemathesis.BaseSchema,
) -> None:
    operations = [found.ok() for found in described.get_all_operations()]
    others = [each for each in operations if each.method.upper() == "GET"]
    assert {each.path for each in others} == {"/healthz", "/readyz", "/metrics"}
    for operation in others:
        assert check(operation.Case()) == 200
