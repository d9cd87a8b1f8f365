"""The timeline of a conversation: who was there, who spoke when, how each left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench import samples, views
from genesys_workbench.conversations import facts_of_conversation, read_shape
from genesys_workbench.errors import WorkbenchError
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.truth import SimConversation
from genesys_workbench.simulator.world import World
from genesys_workbench.store import Store
from genesys_workbench.views.colours import GREEN, GREY
from genesys_workbench.views.lanes import lanes_of
from genesys_workbench.views.picture import Picture
from genesys_workbench.views.pieces import Piece, journey
from genesys_workbench.views.svg import text_width
from tests.picture_fakes import parsed, tips, titled, words
from tests.store_fakes import detail, iso, snapshot, ticking

WORLD = World(conversations=200)
RENDERINGS = {"REST": rest_conversation, "analytics": analytics_conversation}


def scenario(name: str) -> SimConversation:
    return next(one for one in WORLD.conversations if one.scenario == name)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/store.db", clock=ticking())
    store.prepare()
    yield store
    store.close()


def person(purpose: str, **more: Any) -> dict[str, Any]:
    return {"id": f"p-{purpose}", "purpose": purpose, "startTime": iso(0)} | more


def call(start: float, end: float | None, *segments: tuple[str, float, float]) -> dict[str, Any]:
    told = [{"type": k, "startTime": iso(a), "endTime": iso(b)} for k, a, b in segments]
    body = {"connectedTime": iso(start), "segments": told}
    return body if end is None else body | {"disconnectedTime": iso(end)}


def drawn(*people: dict[str, Any], **options: Any) -> Picture:
    return views.timeline(
        {"id": "c1", "startTime": iso(0), "participants": list(people)}, **options
    )


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_every_conversation_of_the_world_has_a_timeline(rendering: str) -> None:
    for one in WORLD.conversations:
        picture = views.timeline(RENDERINGS[rendering](one))
        assert len(titled(picture, "customer")) <= 2
        assert parsed(picture).get("aria-label") == f"Conversation {one.id}"
        assert len(picture.text.splitlines()) == 2 + len(one.participants)


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_the_agents_talk_as_long_as_the_facts_tell(rendering: str) -> None:
    for one in WORLD.conversations[:100]:
        body = RENDERINGS[rendering](one)
        lanes = lanes_of(read_shape(body), show_personal=False)
        assert lanes is not None
        agents = [lane for lane in lanes.lanes if lane.name.startswith(("agent", "user"))]
        pieces = [piece for lane in agents for track in lane.tracks for piece in track.pieces]
        ended = [p.end - p.start for p in pieces if p.kind == "interact" and p.end is not None]
        assert sum(ended) == pytest.approx(facts_of_conversation(body).talk_s or 0.0, abs=0.01)


def test_a_transfer_is_told_in_words_and_seconds() -> None:
    picture = views.timeline(samples.load("conversations/rest/voice-transfer.json"))
    assert picture.text.splitlines()[:3] == [
        "Conversation 0c65063e-886c-4117-85ff-7372c326ee32",
        "voice · from 2026-01-05 08:00:00 UTC · 14 min 56 s",
        "customer: menu 0.0–44.9 s; waiting 44.9–55.9 s; agent 1 55.9–280.3 s; "
        "waiting 280.3–317.7 s; agent 2 317.7–693.5 s; on hold 693.5–708.4 s; "
        "agent 2 708.4–820.4 s; × hung up at 820.4 s",
    ]
    (first,) = titled(picture, "agent 1")
    assert first == (
        "agent 1, Orders: rings 49.0–55.9 s; talk 55.9–280.3 s; wrap-up 280.3–295.8 s; "
        "→ transfer at 280.3 s"
    )
    assert {"→ transfer", "→ passed on", "× hung up", "· other side ended"} <= set(words(picture))
    assert "agent 1: talk, 55.9–280.3 s, 3 min 44 s" in tips(picture)


def test_two_agents_of_a_conference_speak_at_once() -> None:
    picture = views.timeline(rest_conversation(scenario("voice-conference")))
    (customer,) = titled(picture, "customer")
    assert "agent 1 + user 2 118.6–447" in customer


def test_a_conversation_on_two_media_has_two_tracks() -> None:
    picture = views.timeline(rest_conversation(scenario("message-then-call")))
    (agent,) = titled(picture, "agent 1")
    assert "messages 127.3–459.4 s" in agent
    assert "talk 281.1–329.1 s; on hold 329.1–359.3 s" in agent


def test_what_goes_on_has_no_end() -> None:
    picture = views.timeline(rest_conversation(scenario("voice-active")))
    assert picture.text.splitlines()[1].endswith("goes on")
    assert "talk from 60.0 s, goes on" in picture.text
    assert words(picture).count("goes on ▸") == 2


def test_names_are_left_out_unless_they_are_asked_for() -> None:
    people = [
        person("customer", name="Imogen Sample", calls=[call(0, 60)]),
        person("agent", name="Ada Amberfield", userId="u1", calls=[call(10, 60)]),
        person("ivr", name="Main menu", calls=[call(0, 10)]),
    ]
    masked, shown = drawn(*people), drawn(*people, show_personal=True)
    for name in ("Imogen Sample", "Ada Amberfield"):
        assert name not in masked.html + masked.text
        assert name in shown.text
    assert "Main menu" in masked.text


def test_the_same_user_has_the_same_number() -> None:
    people = [
        person("agent", userId="u1", calls=[call(0, 10)]),
        person("agent", userId="u2", calls=[call(10, 20)], startTime=iso(10)),
        person("user", userId="u1", calls=[call(20, 30)], startTime=iso(20)),
    ]
    names = [line.split(":")[0] for line in drawn(*people).text.splitlines()[2:]]
    assert names == ["agent 1", "agent 2", "user 1"]


def test_analytics_knows_the_queues_by_id() -> None:
    queue = scenario("voice-inbound").target
    picture = views.timeline(analytics_conversation(scenario("voice-inbound")))
    assert f"queue, queue {queue.id[:8]}…: waiting" in picture.text


def test_after_call_work_of_a_participant_is_drawn_once() -> None:
    work = {"startAcwTime": iso(60), "endAcwTime": iso(90)}
    picture = drawn(person("agent", userId="u1", calls=[call(0, 60)], **work))
    assert "talk 0.0–60.0 s; wrap-up 60.0–90.0 s" in picture.text
    told = call(0, 60, ("interact", 0, 60), ("wrapup", 60, 80))
    twice = drawn(person("agent", userId="u1", calls=[told], **work))
    assert twice.text.count("wrap-up") == 1


def test_an_unknown_kind_and_purpose_keep_their_own_words() -> None:
    picture = drawn(person("robot", calls=[call(0, 9, ("pondering", 0, 9))]))
    assert "robot: pondering 0.0–9.0 s" in picture.text
    assert GREY in picture.html
    assert "participant: talk" in drawn({"calls": [call(0, 9)]}).text


def test_segments_without_a_start_or_with_an_end_before_it_do_no_harm() -> None:
    odd = call(0, 9, ("interact", 5, 2))
    odd["segments"].append({"type": "hold", "endTime": iso(3)})
    assert "talk 5.0–5.0 s" in drawn(person("agent", calls=[odd])).text


@pytest.mark.parametrize(
    "body",
    [{"id": "c1", "participants": []}, {"id": "c1", "participants": [{"purpose": "customer"}]}],
)
def test_a_conversation_without_anybody_says_so(body: dict[str, Any]) -> None:
    assert views.timeline(body).text == "Conversation c1\nThere is nothing to show."


@pytest.mark.parametrize("body", [None, {}, {"id": 5}, [], "c1"])
def test_what_is_no_conversation_is_refused_with_a_fix(body: Any) -> None:
    with pytest.raises(WorkbenchError, match="no conversation") as caught:
        views.timeline(body)
    assert "bench.store.conversation" in caught.value.fix


def test_a_row_of_the_store_is_drawn_by_its_snapshot(store: Store) -> None:
    store.record(detail("e1"), conversation=snapshot(end=90))
    picture = views.timeline(store.conversation("c1") or {})
    assert "customer: on the line 0.0–90.0 s" in picture.text


def test_a_row_of_which_only_events_are_known_says_so(store: Store) -> None:
    store.record(detail("e1"))
    picture = views.timeline(store.conversation("c1") or {})
    assert picture.text == "Conversation\nThere is nothing to show."
    assert "only events of it are known" in picture.html


def test_bars_begin_and_end_where_the_axis_says() -> None:
    picture = drawn(person("agent", userId="u1", calls=[call(0, 100, ("interact", 25, 75))]))
    (bar,) = [
        each
        for each in parsed(picture).iter("rect")
        if each.get("fill") == GREEN and each.get("height") == "20"
    ]
    ticks = {text.text: text.get("x") for text in parsed(picture).iter("text")}
    start, width = float(bar.get("x", "")), float(bar.get("width", ""))
    zero, sixty = float(ticks["0 s"] or ""), float(ticks["60 s"] or "")
    assert start - zero == pytest.approx((sixty - zero) * 25 / 60, abs=0.1)
    assert width == pytest.approx((sixty - zero) * 50 / 60, abs=0.1)


def test_words_beside_short_bars_do_not_meet() -> None:
    short = [("alert", 0.0, 1.0), ("interact", 11.0, 12.0), ("wrapup", 22.0, 23.0)]
    picture = drawn(
        person("agent", calls=[call(0, 23, *short)]), person("acd", calls=[call(0, 99)])
    )
    texts = [each for each in parsed(picture).iter("text") if each.get("y") == "20"]
    spans = []
    for text in texts:
        x, width = float(text.get("x", "")), text_width(text.text or "", 11)
        spans.append((x - width, x) if text.get("text-anchor") == "end" else (x, x + width))
    assert [text.text for text in texts] == ["rings", "talk", "wrap-up"]
    assert all(left[1] <= right[0] for left, right in pairwise(spans))


def piece(kind: str, start: float, end: float | None, word: str = "") -> Piece:
    return Piece(kind, word or kind, start, end)


def test_a_customers_time_is_divided_by_what_counts_most() -> None:
    others = [
        piece("ivr", 0, 10),
        piece("delay", 10, 30),
        piece("interact", 25, 90, "agent 1"),
        piece("hold", 50, 60),
        piece("interact", 70, None, "agent 2"),
        piece("alert", 20, 25),
    ]
    parts = journey(piece("connected", 0, 100), others)
    assert [(part.word, part.start, part.end) for part in parts] == [
        ("ivr", 0, 10),
        ("delay", 10, 25),
        ("agent 1", 25, 50),
        ("hold", 50, 60),
        ("agent 1", 60, 70),
        ("agent 1 + agent 2", 70, 90),
        ("agent 2", 90, 100),
    ]


def test_a_moment_between_two_states_belongs_to_the_one_before() -> None:
    others = [piece("ivr", 0.1, 10), piece("delay", 10.2, 20)]
    parts = journey(piece("connected", 0, None), others)
    assert [(part.word, part.start, part.end) for part in parts] == [
        ("ivr", 0, 10.2),
        ("delay", 10.2, 20),
        ("connected", 20, None),
    ]


def test_a_customer_with_whom_nobody_speaks_is_just_connected() -> None:
    alone = piece("connected", 5, 5)
    assert journey(alone, []) == [alone]
    dialled = piece("dialing", 0, 4)
    assert journey(dialled, [piece("delay", 0, 4)]) == [dialled]
