"""The delivery log: what the receiver was sent, bounded, searchable, without secrets."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench import samples
from genesys_workbench.deliverylog import Delivery, DeliveryLog, visible_headers
from genesys_workbench.errors import BrokerUnreachable
from genesys_workbench.events import parse_event
from genesys_workbench.receiver import PATH, create_app
from genesys_workbench.settings import Settings, load_settings
from tests.publishers import ScriptedPublisher

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def enter(log: DeliveryLog, number: int = 1, **options: Any) -> None:
    """Enter an accepted delivery of the conversation ``c-<number>``."""
    source = {"conversationId": f"c-{number}", "eventId": f"e-{number}", "mediaType": "VOICE"}
    told = {
        "at": NOW,
        "status": 202,
        "milliseconds": 1.5,
        "headers": {},
        "body": json.dumps(source | options.pop("more", {})).encode(),
        "events": [parse_event(source)],
        "outcome": "published",
    }
    log.add(**told | options)


def refuse(log: DeliveryLog, status: int = 400, sentence: str = "Bad. Fix: mend it") -> None:
    log.add(at=NOW, status=status, milliseconds=1, headers={}, body=b"{", sentence=sentence)


def numbers(found: list[Delivery]) -> list[int]:
    return [each.number for each in found]


def test_a_delivery_is_told_with_its_event_and_its_answer() -> None:
    log = DeliveryLog()
    enter(log)
    (found,) = log.find()
    assert (found.number, found.status, found.outcome) == (1, 202, "published")
    assert (found.envelope, found.at, found.milliseconds) == ("data-action", NOW, 1.5)
    (event,) = found.events
    assert (event.event_id, event.conversation_id) == ("e-1", "c-1")
    assert (event.event_type, event.media_type) == ("created", "voice")


def test_the_newest_comes_first_and_no_more_than_asked_for() -> None:
    log = DeliveryLog()
    for number in range(1, 6):
        enter(log, number)
    assert numbers(log.find(limit=3)) == [5, 4, 3]


def test_headers_and_body_come_with_the_entry_alone() -> None:
    log = DeliveryLog()
    enter(log, headers={"host": "x"})
    (listed,) = log.find()
    assert (listed.headers, listed.body) == (None, None)
    entry = log.entry(1)
    assert entry is not None
    assert entry.headers == {"host": "x"}
    assert json.loads(entry.body or b"")["conversationId"] == "c-1"


@pytest.mark.parametrize(
    "text", ["e-2", "C-2", "voice created", "müller", "MÜLLER", "data-action müller", "published"]
)
def test_a_text_is_found_in_ids_types_and_body_whatever_its_case(text: str) -> None:
    log = DeliveryLog()
    enter(log, 1, events=[], outcome="refused", body=b"{}")
    enter(log, 2, more={"name": "Müller"})
    assert numbers(log.find(text)) == [2]


def test_letters_that_are_not_escaped_are_found_as_well() -> None:
    log = DeliveryLog()
    enter(log, body='{"name": "Müller"}'.encode())
    assert numbers(log.find("müller")) == [1]


def test_every_word_must_be_found() -> None:
    log = DeliveryLog()
    enter(log)
    assert log.find("voice email") == []


def test_a_refusal_is_found_by_its_reason_and_by_its_outcome() -> None:
    log = DeliveryLog()
    enter(log)
    refuse(log, 401, "No valid secret.")
    assert numbers(log.find("secret")) == numbers(log.find(outcome="refused")) == [2]


def test_a_search_goes_on_where_it_ended() -> None:
    log = DeliveryLog()
    for number in range(1, 5):
        enter(log, number)
    assert numbers(log.find("voice", after=2)) == numbers(log.find(after=2)) == [4, 3]
    assert log.find(after=4) == []


def test_the_oldest_go_first_and_numbers_stay() -> None:
    log = DeliveryLog(limit=3)
    for number in range(1, 6):
        enter(log, number)
    assert (len(log), log.total) == (3, 5)
    assert numbers(log.find()) == [5, 4, 3]
    assert log.entry(2) is log.entry(6) is None
    assert [getattr(log.entry(number), "number", None) for number in (3, 4, 5)] == [3, 4, 5]


def test_contents_are_bounded_in_bytes_and_the_oldest_are_emptied() -> None:
    log = DeliveryLog(content_limit=250)
    for number in range(1, 5):
        enter(log, number, body=b"x" * 100)
    bodies = [getattr(log.entry(number), "body", b"") for number in (1, 2, 3, 4)]
    assert bodies == [None, None, b"x" * 100, b"x" * 100]
    assert len(log) == 4


def test_headers_count_as_content() -> None:
    log = DeliveryLog(content_limit=400)
    for number in range(1, 4):
        enter(log, number, body=b"", headers={"name": "x" * 100})
    assert [bool(getattr(log.entry(n), "headers", None)) for n in (1, 2, 3)] == [False, False, True]


def test_what_the_ring_drops_no_longer_counts() -> None:
    log = DeliveryLog(limit=2, content_limit=250)
    for number in range(1, 50):
        enter(log, number, body=b"x" * 100)
    assert [getattr(log.entry(n), "body", None) for n in (48, 49)] == [b"x" * 100] * 2


def test_a_large_body_is_told_by_its_size_only() -> None:
    log = DeliveryLog(body_limit=10)
    enter(log, body=b"x" * 11)
    entry = log.entry(1)
    assert entry is not None
    assert (entry.size_bytes, entry.body) == (11, None)


def test_what_came_is_counted_by_status_and_outcome() -> None:
    log = DeliveryLog(limit=2)
    for number in range(1, 4):
        enter(log, number)
    enter(log, outcome="spooled")
    refuse(log, 401)
    assert log.statuses() == {202: 4, 401: 1}
    assert log.outcomes() == {"published": 3, "spooled": 1, "refused": 1}


def test_rates_are_those_of_the_past_seconds() -> None:
    now = [100.0]
    log = DeliveryLog(seconds=4, clock=lambda: now[0])
    enter(log, events=[parse_event({"conversationId": c}) for c in ("a", "b")])
    refuse(log)
    now[0] = 102.9
    enter(log)
    assert log.rates() == [0, 0, 3, 0]  # the second that is under way is left out
    now[0] = 103.0
    assert log.rates() == [0, 3, 0, 1]
    now[0] = 1000.0
    assert log.rates() == [0, 0, 0, 0]


def test_many_threads_may_write_and_read() -> None:
    log = DeliveryLog(limit=50, content_limit=2000)
    searched: list[int] = []

    def write() -> None:
        for number in range(200):
            enter(log, number)

    def read() -> None:
        searched.extend(len(log.find("voice")) for _ in range(50))

    threads = [threading.Thread(target=work) for work in (write, write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (log.total, len(log), len(searched)) == (400, 50, 100)
    assert numbers(log.find()) == list(range(400, 350, -1))
    assert repr(log) == "<DeliveryLog 50 of 400 deliveries>"


@pytest.mark.parametrize(
    "name",
    (
        "authorization proxy-authorization cookie x-webhook-secret webhook-signature "
        "x-hub-signature-256 x-api-key x-amz-security-token x-my-own"
    ).split(),
)
def test_what_authenticates_is_replaced_by_stars(name: str) -> None:
    headers = {name: "hidden", "content-type": "application/json"}
    assert visible_headers(headers, "X-My-Own") == {
        name: "***",
        "content-type": "application/json",
    }


def logged(settings: Settings, publisher: ScriptedPublisher, **request: Any) -> Delivery:
    """Post one delivery to a receiver that keeps a log; return the log's entry."""
    log = DeliveryLog()

    async def run() -> None:
        app = create_app(settings, publisher=publisher, deliveries=log, clock=lambda: NOW)
        transport = httpx.ASGITransport(app)
        http = httpx.AsyncClient(transport=transport, base_url="http://receiver")
        async with app.router.lifespan_context(app), http:
            await http.post(PATH, **request)

    asyncio.run(run())
    entry = log.entry(1)
    assert entry is not None
    return entry


def test_the_receiver_notes_what_it_accepted(settings: Settings) -> None:
    event = samples.event("voice-inbound")
    entry = logged(settings, ScriptedPublisher(), json=event)
    assert (entry.status, entry.outcome, entry.sentence) == (202, "published", "")
    assert (entry.envelope, entry.at) == ("eventbridge", NOW)
    assert json.loads(entry.body or b"") == event
    assert (entry.headers or {})["content-type"] == "application/json"
    assert [(each.event_id, each.event_type) for each in entry.events] == [
        (event["id"], "customer.start")
    ]


def test_the_receiver_notes_what_it_spooled(settings: Settings) -> None:
    publisher = ScriptedPublisher()
    publisher.ready, publisher.error = False, BrokerUnreachable("away")
    entry = logged(settings, publisher, json={"conversationId": "c"})
    assert (entry.status, entry.outcome, len(entry.events)) == (202, "spooled", 1)


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        ({"content": b"{"}, 400, "not JSON"),
        ({"json": {}}, 422, 'Fix: send {"conversationId"'),
        ({"content": b"x" * 3000}, 413, "larger than 2000 bytes"),
    ],
)
def test_the_receiver_notes_why_it_refused(
    request_: dict[str, Any], status: int, words: str
) -> None:
    entry = logged(load_settings(max_body_bytes=2000), ScriptedPublisher(), **request_)
    assert (entry.status, entry.outcome, entry.events) == (status, "refused", ())
    assert words in entry.sentence


def test_no_secret_enters_the_log() -> None:
    settings = load_settings(webhook_secret=SecretStr("right-one"), webhook_secret_header="X-Own")
    headers = {"X-Own": "wrong-one", "Authorization": "Bearer abcdefgh"}
    entry = logged(settings, ScriptedPublisher(), json={"conversationId": "c"}, headers=headers)
    assert entry.status == 401
    assert (entry.headers or {})["x-own"] == (entry.headers or {})["authorization"] == "***"
    assert "wrong-one" not in repr(entry) + str(entry.headers)
