"""Conversations as JSON Lines become five tables: `frames` and three ways to do it by hand."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import polars as pl

from genesys_workbench.frames import from_file
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.world import World
from tests.benchmarks.trial import Contestant, Goal, Scale, Trial

__all__ = ["tabulate", "trials"]

_SEED = 42
_WORK = (
    "{count:,} analytics conversations of a simulated centre, a line of JSON each, become "
    "five tables with parsed times. Ours also derives figures of conversations and participants, "
    "sums metrics by session, masks personal data, has categories and lists as tuples, and keeps "
    "odd rows apart; its peers tabulate what is told, polars all but the attributes."
)
_UNIT = "conversations/s"


@contextmanager
def trials(scale: Scale) -> Iterator[list[Trial]]:
    """Write the file and give the trial."""
    count = scale.of(8_000, 500)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "conversations.jsonl"
        _write(path, count)
        contestants = {
            "frames": _timed(lambda: _tables(path), count),
            "json_normalize": _timed(lambda: _json_normalize(path), count),
            "polars": _timed(lambda: _polars(path), count),
            "plain loops": _timed(lambda: _plain_loops(path), count),
        }
        goals = [("json_normalize", 12), ("polars", 6), ("plain loops", 1.5)]
        yield [
            Trial(
                _WORK.format(count=count),
                contestants,
                tuple(Goal(f"frames vs {peer}", "frames", peer, _UNIT, n) for peer, n in goals),
            )
        ]


def _write(path: Path, count: int) -> None:
    world = World(_SEED, conversations=count)
    with path.open("w", encoding="utf-8") as file:
        for one in world.conversations:
            file.write(json.dumps(analytics_conversation(one, attributes=True)) + "\n")


def _timed(make: Callable[[], list[Any]], count: int) -> Contestant:
    def work() -> dict[str, float]:
        gc.collect()
        start = time.perf_counter()
        tables = make()
        seconds = time.perf_counter() - start
        if len(tables) != 5 or len(tables[0]) != count:
            raise AssertionError(f"{len(tables)} tables of {len(tables[0])} conversations")
        return {_UNIT: count / seconds}

    return work


def _tables(path: Path) -> list[Any]:
    made = from_file(path)
    return [made.conversations, made.participants, made.sessions, made.segments, made.metrics]


# pandas.json_normalize, a call for each table

_PEOPLE = ["participants"]
_SESSIONS = [*_PEOPLE, "sessions"]
_PERSON_KEYS: list[Any] = ["conversationId", [*_PEOPLE, "participantId"]]
_SESSION_KEYS: list[Any] = [*_PERSON_KEYS, [*_SESSIONS, "sessionId"]]


def _json_normalize(path: Path) -> list[pd.DataFrame]:
    with path.open("rb") as lines:
        told = [json.loads(line) for line in lines]
    for conversation in told:  # it refuses a path that a session lacks
        for person in conversation["participants"]:
            for session in person["sessions"]:
                session.setdefault("metrics", [])
    normalize = pd.json_normalize
    return [
        _with_times(normalize(told, max_level=0).drop(columns="participants")),
        normalize(told, _PEOPLE, ["conversationId"], max_level=0).drop(columns="sessions"),
        normalize(told, _SESSIONS, _PERSON_KEYS).drop(columns=["segments", "metrics"]),
        _with_times(normalize(told, [*_SESSIONS, "segments"], _SESSION_KEYS)),
        normalize(told, [*_SESSIONS, "metrics"], _SESSION_KEYS),
    ]


def _with_times(frame: pd.DataFrame) -> pd.DataFrame:
    for name in frame.columns:
        if name.endswith(("Start", "End")):
            frame[name] = pd.to_datetime(frame[name], format="ISO8601", utc=True)
    return frame


# polars, told which fields to read, and the form of the times

_TEXT = pl.String()
_SEGMENT = pl.Struct(
    dict.fromkeys(
        ("segmentType", "segmentStart", "segmentEnd", "queueId", "disconnectType", "wrapUpCode"),
        _TEXT,
    )
    | {"conference": pl.Boolean()}
)
_METRIC = pl.Struct({"name": _TEXT, "value": pl.Float64()})
_FLOW = pl.Struct(dict.fromkeys(("flowId", "flowName", "flowType", "exitReason"), _TEXT))
_SESSION = pl.Struct(
    dict.fromkeys(
        "sessionId mediaType messageType direction peerId ani dnis addressFrom addressTo".split(),
        _TEXT,
    )
    | {"flow": _FLOW, "segments": pl.List(_SEGMENT), "metrics": pl.List(_METRIC)}
)
_PERSON = pl.Struct(
    dict.fromkeys("participantId participantName purpose userId externalContactId".split(), _TEXT)
    | {"sessions": pl.List(_SESSION)}
)
_CONVERSATION = {
    "conversationId": _TEXT,
    "conversationStart": _TEXT,
    "conversationEnd": _TEXT,
    "originatingDirection": _TEXT,
    "divisionIds": pl.List(_TEXT),
    "participants": pl.List(_PERSON),
}
_PERSON_COLUMNS = ["conversationId", "participantId", "purpose", "userId"]
_SESSION_COLUMNS = [*_PERSON_COLUMNS, "sessionId", "mediaType"]


def _polars(path: Path) -> list[pl.DataFrame]:
    told = pl.read_ndjson(path, schema=_CONVERSATION)
    people = _exploded(told, ["conversationId"], "participants")
    sessions = _exploded(people, _PERSON_COLUMNS, "sessions")
    return [
        _parsed(told.drop("participants")),
        people.drop("sessions"),
        sessions.drop("segments", "metrics").unnest("flow"),
        _parsed(_exploded(sessions, _SESSION_COLUMNS, "segments")),
        _exploded(sessions, _SESSION_COLUMNS, "metrics"),
    ]


def _exploded(frame: pl.DataFrame, keys: list[str], name: str) -> pl.DataFrame:
    return frame.select(*keys, name).filter(pl.col(name).list.len() > 0).explode(name).unnest(name)


def _parsed(frame: pl.DataFrame) -> pl.DataFrame:
    times = [name for name in frame.columns if name.endswith(("Start", "End"))]
    return frame.with_columns(pl.col(times).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ"))


# Loops that fill lists of tuples

_KEYS = ["conversation_id", "participant_id", "purpose", "user_id"]
_LEG_KEYS = [*_KEYS, "session_id", "media_type"]
_COLUMNS = {
    "conversations": ["conversation_id", "started_at", "ended_at", "direction", "division_ids"],
    "participants": [*_KEYS, "name", "external_contact_id", "attributes"],
    "sessions": [
        *_LEG_KEYS,
        *"message_type direction peer_id ani dnis address_from address_to".split(),
        *"flow_id flow_name flow_type flow_exit".split(),
    ],
    "segments": [
        *_LEG_KEYS,
        *"segment_type started_at ended_at queue_id disconnect_type wrap_up_code".split(),
        "conference",
    ],
    "metrics": [*_LEG_KEYS, "name", "value"],
}
_ADDRESSES = ("messageType", "direction", "peerId", "ani", "dnis", "addressFrom", "addressTo")
_FLOWS = ("flowId", "flowName", "flowType", "exitReason")
_STRETCH = "segmentType segmentStart segmentEnd queueId disconnectType wrapUpCode conference"
_STRETCHES = tuple(_STRETCH.split())


def _plain_loops(path: Path) -> list[pd.DataFrame]:
    with path.open("rb") as lines:
        return tabulate(map(json.loads, lines))


def tabulate(conversations: Iterable[dict[str, Any]]) -> list[pd.DataFrame]:
    """Make the five tables of analytics conversations with plain loops."""
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in _COLUMNS}
    for conversation in conversations:
        _loop(conversation, rows)
    made = {name: pd.DataFrame(rows[name], columns=_COLUMNS[name]) for name in rows}
    for name in ("conversations", "segments"):
        for column in ("started_at", "ended_at"):
            made[name][column] = pd.to_datetime(made[name][column], format="ISO8601", utc=True)
        made[name]["duration_s"] = (made[name].ended_at - made[name].started_at).dt.total_seconds()
    return list(made.values())


def _loop(told: dict[str, Any], rows: dict[str, list[tuple[Any, ...]]]) -> None:
    conversation_id = told["conversationId"]
    rows["conversations"].append(
        (
            conversation_id,
            told.get("conversationStart"),
            told.get("conversationEnd"),
            told.get("originatingDirection"),
            told.get("divisionIds"),
        )
    )
    people, sessions, segments, metrics = [rows[name] for name in list(_COLUMNS)[1:]]
    for person in told["participants"]:
        key = (
            conversation_id,
            person["participantId"],
            person.get("purpose"),
            person.get("userId"),
        )
        name, contact = person.get("participantName"), person.get("externalContactId")
        people.append((*key, name, contact, person.get("attributes")))
        for session in person["sessions"]:
            leg = (*key, session["sessionId"], session.get("mediaType"))
            flow = session.get("flow") or {}
            sessions.append((*leg, *map(session.get, _ADDRESSES), *map(flow.get, _FLOWS)))
            for segment in session["segments"]:
                segments.append((*leg, *map(segment.get, _STRETCHES)))
            for metric in session.get("metrics", ()):
                metrics.append((*leg, metric["name"], metric["value"]))
