"""Take in any message that RabbitMQ delivers, also one whose properties are not UTF-8.

py-amqp raises while it reads such a frame, before any consumer sees the message: a worker ends of
it, is given the message again when it is back, and ends again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import amqp
import pika
from amqp.method_framing import frame_handler
from amqp.serialization import decode_properties_basic

__all__ = ["OPTIONS", "exact", "lenient_frames"]

_CONTENT_HEADER = 2
_BEFORE_PROPERTIES = 12
_NO_PROPERTIES = b"\0\0"


def lenient_frames(connection: Any, callback: Callable[..., None]) -> Callable[[Any], bool]:
    """Stand in for py-amqp's frame handler."""
    on_frame = frame_handler(connection, callback)

    def on_any_frame(frame: tuple[int, int, bytes]) -> bool:
        try:
            return bool(on_frame(frame))
        except Exception:
            kind, channel, content = frame
            readable = _readable(content) if kind == _CONTENT_HEADER else content
            if readable == content:  # it was not for its properties
                raise
            return bool(on_frame((kind, channel, readable)))

    return on_any_frame


OPTIONS: Mapping[str, Any] = {"frame_handler": lenient_frames}
"""For kombu's ``transport_options``."""


def exact(value: Any) -> Any:
    """Return a property as it lay in the queue: bytes, where it is not UTF-8."""
    if not isinstance(value, str) or value.isascii():
        return value
    raw = value.encode("utf-8", "surrogateescape")
    return raw if any("\udc80" <= each <= "\udcff" for each in value) else value


def _readable(content: bytes) -> bytes:
    """Return a header frame that py-amqp can read; without properties if there is no other way."""
    try:
        decode_properties_basic(content, _BEFORE_PROPERTIES)
    except Exception:  # noqa: BLE001 - the properties are somebody else's
        return content[:_BEFORE_PROPERTIES] + _rewritten(content[_BEFORE_PROPERTIES:])
    return content


def _rewritten(properties: bytes) -> bytes:
    try:
        known = pika.BasicProperties()
        known.decode(properties)
        given = {name: _text(value) for name, value in vars(known).items() if value is not None}
        headers = given.pop("headers", None)
        return bytes(amqp.Message(application_headers=headers, **given)._serialize_properties())
    except Exception:  # noqa: BLE001 - the same
        return _NO_PROPERTIES


def _text(value: Any) -> Any:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
