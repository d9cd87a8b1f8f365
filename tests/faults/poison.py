"""Messages that are no good tasks, as anybody may publish them to the queue."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pika

from genesys_workbench.broker import open_channel
from genesys_workbench.messages import QUEUE, TASK_NAME, Message

__all__ = ["MENDED", "POISON", "Poison", "publish"]

JSON = "application/json"
EMPTY = b'[["{}"],{},null]'


@dataclass(frozen=True)
class Poison:
    """One message, and the reason that its dead letter must give; its name is its message id."""

    name: str
    reason: str
    body: bytes
    headers: dict[Any, Any] | None = None
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        """What the publisher of the embedded broker takes."""
        given = {"content_type": JSON, "message_id": self.name} | self.properties
        headers = self.headers or {}
        return Message(self.name, QUEUE, self.body, headers, exchange="", properties=given)


def task(name: str, reason: str, body: bytes = EMPTY, **more: Any) -> Poison:
    """Make a message that names our task; `more` are headers, or properties."""
    properties = more.pop("properties", {})
    headers = {"lang": "py", "task": TASK_NAME, "id": f"id of {name}", **more}
    return Poison(name, reason, body, headers, properties)


def plain(name: str, reason: str, body: bytes, kind: str | None = JSON) -> Poison:
    """Make a message that is no Celery message."""
    return Poison(name, reason, body, {}, {"content_type": kind})


POISON = [
    plain("the raw JSON of an event", "invalid", b'{"conversationId": "c", "metadata": {}}'),
    plain("a raw list", "invalid", b"[1, 2]"),
    plain("text without a content type", "undecodable", b"hello", None),
    plain("an empty body", "undecodable", b""),
    plain("raw JSON with a task key", "invalid", b'{"task": "x"}'),
    plain("raw JSON with our task", "invalid", json.dumps({"task": TASK_NAME}).encode()),
    task("bad JSON", "undecodable", b"{"),
    task("not UTF-8", "undecodable", b"\xff\xfe"),
    task("deep JSON", "undecodable", b"[" * 200_000),
    task("a very long integer", "undecodable", b"[[" + b"9" * 5000 + b"],{},null]"),
    task("a compression that nobody knows", "undecodable", compression="nope"),
    task("a compressed body", "undecodable", compression="application/x-gzip"),
    # kombu's decoder raises at it; without that it would still be no event.
    task("an unknown __type__", "schema", b'[[{"__type__":"nope","__value__":1}],{},null]'),
    task("a number as body", "invalid", b"5"),
    task("null as body", "invalid", b"null"),
    task("an object as body", "invalid", b"{}"),
    task("a list of two", "invalid", b"[[], {}]"),
    Poison(
        "no id", "invalid", b'[["{\\"conversationId\\":\\"c\\"}"],{},null]', {"task": TASK_NAME}
    ),
    task("an id that is a number", "invalid", b'[[{"conversationId":"c"}],{},null]', id=5),
    task("an id too long", "invalid", b'[[{"conversationId":"c"}],{},null]', id="x" * 60_000),
    task("an unknown task", "unknown_task", task="nobody.knows"),
    task("a task that is a list", "unknown_task", task=[1]),
    task("a bad ETA", "invalid", b'[[{"conversationId":"c"}],{},null]', eta="soon"),
    task(
        "a time that is up", "expired", b'[[{"conversationId":"c"}],{},null]', expires="2001-01-01"
    ),
    task(
        "a bad number of retries", "invalid", b'[[{"conversationId":"c"}],{},null]', retries="abc"
    ),
    task("a bad time limit", "schema", timelimit="abc"),
    task("time limits that are text", "schema", timelimit=["a", "b"]),
    task("bad stamps", "schema", stamped_headers=5, stamps="x"),
    task("a bad mark of a replay", "schema", **{"x-workbench-replay": "abc"}),
    task(
        "pickle", "undecodable", b"\x80\x04N.", properties={"content_type": "application/x-pickle"}
    ),
    task("args that are no list", "invalid", b'["x",{},null]'),
    task("kwargs that are no mapping", "invalid", b'[["{}"],[1],null]'),
    task("too many args", "invalid", b'[["a","b","c"],{},null]'),
    task("no args", "invalid", b"[[],{},null]"),
    task("an argument that is no event", "schema"),
    task("odd spaces in the body", "schema", b' [ [ "{}" ] , {} , null ] '),
    task("NaN", "schema", b"[[NaN],{},null]"),
    task("half a pair outside", "schema", b'[["\\ud800"],{},null]'),
    task("a body in UTF-16", "undecodable", properties={"content_encoding": "utf-16"}),
    task("a content type of bytes", "undecodable", properties={"content_type": b"\xff\xfe"}),
    task("an encoding of bytes", "schema", properties={"content_encoding": b"\xff"}),
    task("a correlation id of bytes", "schema", properties={"correlation_id": b"\xff"}),
    task("huge headers", "schema", huge="x" * 100_000),
    task("odd headers", "schema", n=[None, {"d": Decimal("1.5")}], t=datetime(9999, 1, 1)),
    Poison("keys of bytes", "schema", EMPTY, {"task": TASK_NAME, "id": "k", b"\xff": b"\xfe"}),
    Poison("forged deaths", "schema", EMPTY, {"task": TASK_NAME, "id": "d", "x-death": "abc"}),
    task(
        "all properties",
        "schema",
        properties={
            "correlation_id": "c",
            "reply_to": "r",
            "timestamp": 2**62,
            "type": "t",
            "app_id": "a",
            "priority": 3,
        },
    ),
]
# A redrive starts a task afresh, without these headers; then it is an event.
MENDED = {"a bad ETA", "a time that is up", "a bad number of retries"}


def publish(url: str) -> None:
    """Publish all of them, confirmed, straight to the queue."""
    with open_channel(url) as channel:
        channel.confirm_delivery()
        for each in POISON:
            given = {"content_type": JSON, "message_id": each.name} | each.properties
            properties = pika.BasicProperties(**given, headers=each.headers, delivery_mode=2)
            channel.basic_publish("", QUEUE, each.body, properties, mandatory=True)
