"""Conversations that are read many at a time give the frames of those that are read one by one."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from genesys_workbench.frames import Frames, from_conversations, from_file, from_store, gathering
from genesys_workbench.frames.groups import UNKNOWN, read_times, total
from genesys_workbench.frames.told import read_told
from genesys_workbench.spellings import read_time
from genesys_workbench.store import Store
from tests.frames_fakes import analytics, queue_names, rest
from tests.store_fakes import detail

KEY = "a key of the tests"
TABLES = ("conversations", "participants", "sessions", "segments", "metrics")
TIMES = [
    "2026-01-05T08:00:00.025Z",
    "2026-01-05T08:00:10Z",
    "2026-01-05T09:00:00.000+01:00",
    "2026-01-05T08:00:00.0005Z",
    "1767600000000",
    "2026-02-30T08:00:00.025Z",
    "9999-12-31T23:59:59.000Z",
    "1969-12-31T23:59:59.000Z",
    "2026-01-05T08:00:60.000Z",
    "garbage",
    "",
    None,
]
LEGAL: dict[str, list[Any]] = {
    "purpose": ["customer", "acd", "agent", "user", "external", "ivr", "UNKNOWN", " ", None],
    "mediaType": ["voice", "Message", "unknown", "zebra", "", None],
    "messageType": ["sms", "WhatsApp", None],
    "direction": ["inbound", "OUTBOUND", "unknown", "sideways", None],
    "originatingDirection": ["outbound", "unknown", None],
    "segmentType": ["interact", "hold", "wrapup", "dialing", "UNKNOWN", "", None],
    "disconnectType": ["transfer.conference", "conferenceTransfer", "client", "TRANSFER", None],
    "queueId": ["q1", "q2", "", "\u2003", None],
    "wrapUpCode": ["w1", "w2", " ", None],
    "conference": [True, False, None],
    "name": ["tTalkComplete", "tAcw", "tAbandon", "nTransferred", "zebra", " ", None],
    "value": [0, 1.5, -3, 12345.678, None],
    "userId": ["u1", "", None],
    "externalContactId": ["e1", "\u00a0", None],
    "participantName": ["Imogen", "Ünal", " ", None],
    "ani": ["tel:+44 2079460097", "+442079460097", "tel:", "", None],
    "dnis": ["+12025550100", " ", None],
    "addressFrom": ["mailto:A@Example.com", "", None],
    "sessionId": ["s1", " ", None],
    "monitoredParticipantId": ["m", "", None],
    "attributes": [{}, {"a": "b", " ": ""}, None],
    "divisionIds": [[], ["d", "d", None, " "], None],
    "flow": [{}, {"flowId": "f", "flowType": None}, None],
    "segments": [[], None],
    "metrics": [[], None],
    "sessions": [[], None],
    **dict.fromkeys(("conversationEnd", "conferenceStart", "segmentStart", "segmentEnd"), TIMES),
}
ILLEGAL = [5, True, ["x"], {"a": 1}, 1e300, 10**25, "nul\0", "\ud800"]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def changed(body: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    body = copy.deepcopy(body)
    for _ in range(chance.choice([0, 1, 2, 8, 20])):
        node = chance.choice(list(nodes(body)))
        name = chance.choice([name for name in node if name in LEGAL] or list(LEGAL))
        node[name] = copy.deepcopy(chance.choice(LEGAL[name]))
        for parts in node.values():
            if isinstance(parts, list) and chance.random() < 0.2:
                parts += copy.deepcopy(parts[:1])
                chance.shuffle(parts)
    if chance.random() < 0.1:
        node = chance.choice(list(nodes(body)))
        node[chance.choice(list(node) or ["x"])] = chance.choice(ILLEGAL)
    return body


def written(bodies: list[Any], path: Path) -> Path:
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies), "utf-8")
    return path


def assert_same(found: Frames, expected: Frames) -> None:
    for name in TABLES:
        assert_frame_equal(getattr(found, name), getattr(expected, name), check_exact=True)
    reasons = [
        frames.rejected.reason.str.replace(r"\d+", "", regex=True) for frames in (found, expected)
    ]
    assert list(reasons[0]) == list(reasons[1])


def test_what_analytics_tells_is_read_many_at_a_time() -> None:
    assert all(read_told(json.dumps(body).encode()) for body in analytics())


@pytest.mark.parametrize("options", [{"key": KEY}, {"show_personal": True}], ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_many_at_a_time_make_the_frames_of_one_by_one(
    seed: int, options: Any, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    bodies = [changed(body, chance) for body in (*analytics(), *rest()[:5], *analytics()[:9])]
    names = {"queue_names": queue_names()} if seed % 2 else {}
    found = from_file(written(bodies, tmp_path / "c.jsonl"), **options, **names)
    assert_same(found, from_conversations(bodies, **options, **names))


def test_parts_of_both_ways_keep_the_order_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bodies = [one for pair in zip(analytics()[:20], rest()[40:60], strict=True) for one in pair]
    bodies += analytics()[5:9]
    monkeypatch.setattr(gathering, "_PACK_EVERY", 7)
    monkeypatch.setattr(gathering, "_READ_EVERY", 2)
    found = from_file(written(bodies, tmp_path / "c.jsonl"), key=KEY)
    assert_same(found, from_conversations(bodies, key=KEY))


@pytest.mark.parametrize(
    "line",
    [
        b'{"conversationId": " ", "conversationStart": "2026-01-05T08:00:00.025Z"}',
        b'{"conversationId": "c", "conversationStart": "x", "more": "\xff"}',
        b'{"conversationId": "c", "conversationStart": "x", "participants": [7]}',
        b'{"conversationId": "c\\u0000", "conversationStart": "x"}',
        b'{"conversationId": "c", "conversationStart": 1767600000000}',
        b'{"conversationId": "c", "conversationStart": "x"',
    ],
)
def test_an_odd_line_is_left_to_the_tolerant_readers(line: bytes) -> None:
    assert read_told(line) is None


def test_a_conversation_that_tells_hardly_anything_has_its_row(tmp_path: Path) -> None:
    body = {"conversationId": "c", "conversationStart": "2026-01-05T08:00:00.025Z"}
    found = from_file(written([body], tmp_path / "c.jsonl"), key=KEY)
    assert_same(found, from_conversations([body], key=KEY))
    assert len(found.conversations) == 1


def test_how_after_call_work_ended_says_nothing_of_a_conference(tmp_path: Path) -> None:
    bodies = copy.deepcopy(analytics()[:20])
    for node in nodes(bodies):
        if node.get("segmentType") == "wrapup":
            node["disconnectType"] = "conferenceTransfer"
    found = from_file(written(bodies, tmp_path / "c.jsonl"), key=KEY)
    assert_same(found, from_conversations(bodies, key=KEY))


def test_snapshots_of_the_store_make_the_frames_that_their_conversations_make(
    tmp_path: Path,
) -> None:
    store = Store.prepared(f"sqlite:///{tmp_path / 'store.db'}")
    told = [*analytics()[:30], *rest()[30:35]]
    for number, body in enumerate(told):
        this = str(body.get("conversationId") or body["id"])
        store.record(detail(f"e{number}", c=this), conversation=body)
    found, expected = from_store(store, key=KEY), from_conversations(told, key=KEY)
    order = list(found.conversations.conversation_id)
    ids = [body.get("conversationId") or body["id"] for body in told]
    again = from_conversations([told[ids.index(one)] for one in order], key=KEY)
    store.close()
    assert sorted(order) == sorted(expected.conversations.conversation_id)
    for name in TABLES[1:]:
        assert_frame_equal(getattr(found, name), getattr(again, name))


@pytest.mark.parametrize("text", TIMES)
def test_times_are_read_as_everywhere_else(text: str | None) -> None:
    (found,) = read_times([TIMES[0], text])
    first, second = datetime(2026, 1, 5, 8, 0, 0, 25_000, UTC), read_time(text)
    assert found[0] == round(first.timestamp() * 1e6)
    assert found[1] == (UNKNOWN if second is None else round(second.timestamp() * 1e6))


@pytest.mark.parametrize("seconds", [0.0005, 2.6755, 1.0005, 123.4565, 0.1 + 0.2, 1e15 + 0.3, -0.0])
def test_sums_are_rounded_as_python_rounds(seconds: float) -> None:
    sums = total(np.array([seconds, np.nan]), np.array([0, 1]), 3)
    assert sums[0] == round(seconds, 3)
    assert np.isnan(sums[1:]).all()
