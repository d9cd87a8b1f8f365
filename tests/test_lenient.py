"""Frames of messages whose properties are not UTF-8, or no properties at all."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pika
import pytest
from amqp import spec
from amqp.serialization import decode_properties_basic

from genesys_workbench.lenient import exact, lenient_frames

METHOD = struct.pack(">HH", *spec.Basic.GetOk)
FAR = struct.pack(">Q", 2**63)


def read(properties: bytes) -> dict[str, Any]:
    """Take in a delivered message with these properties; return what py-amqp made of them."""
    taken: list[Any] = []
    on_frame = lenient_frames(SimpleNamespace(bytes_recv=0), lambda *given: taken.append(given[-1]))
    on_frame((1, 1, METHOD))
    on_frame((2, 1, struct.pack(">HHQ", 60, 0, 1) + properties))
    on_frame((3, 1, b"x"))
    (message,) = taken
    assert message.body == b"x"
    return dict(message.properties)


def written(**properties: Any) -> bytes:
    return b"".join(pika.BasicProperties(**properties).encode())


def test_properties_that_py_amqp_can_read_are_read_by_it() -> None:
    raw = written(content_type="a/b", headers={"k": [1, {"x": None}]}, message_id="ä", timestamp=5)
    assert read(raw) == decode_properties_basic(raw, 0)[0]


@pytest.mark.parametrize(
    "name", ["content_type", "content_encoding", "correlation_id", "message_id", "app_id", "type"]
)
def test_a_property_that_is_not_utf_8_comes_back_byte_for_byte(name: str) -> None:
    found = read(written(**{name: b"a\xff\xc3"}, headers={"k": "v", b"\xff": b"\xfe"}))
    assert exact(found[name]) == b"a\xff\xc3"
    assert found["application_headers"] == {"k": "v", b"\xff": b"\xfe"}


@pytest.mark.parametrize("value", ["plain", "ä€", 5, None, b"\xff"])
def test_what_is_text_stays_text(value: Any) -> None:
    assert exact(value) == value


@pytest.mark.parametrize(
    "properties",
    [
        b"\x20\x00" + struct.pack(">I", 11) + b"\x01tT" + FAR,
        b"\x80\x00\xff",
        b"",
    ],
    ids=["a header's time beyond all years", "less than it says", "nothing"],
)
def test_properties_that_nobody_can_read_are_none_and_the_body_is_there(properties: bytes) -> None:
    assert read(properties) in ({}, {"content_type": ""})


def test_an_error_of_who_takes_the_message_is_passed_on_and_it_is_given_once() -> None:
    given: list[Any] = []

    def refuse(*one: Any) -> None:
        given.append(one)
        raise ValueError("not this one")

    on_frame = lenient_frames(SimpleNamespace(bytes_recv=0), refuse)
    on_frame((1, 1, METHOD))
    with pytest.raises(ValueError, match="not this one"):
        on_frame((2, 1, struct.pack(">HHQ", 60, 0, 0) + written(message_id="a")))

    assert len(given) == 1
