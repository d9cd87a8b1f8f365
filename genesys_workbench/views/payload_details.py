"""What was sent and what became of it, masked: payload, headers, message, record, attempts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..deliverylog import Delivery
from ..errors import InvalidDelivery
from ..events import parse_events
from ..messages import Message, encode
from ..posting import as_curl
from ..privacy import mask, mask_conversation, mask_event
from ..receiver import PATH
from ..strict_json import loads
from ..workbench import Workbench
from .event_steps import found_in

__all__ = ["Details", "record_of"]

_JSON = "application/json"
_NEW_EACH_TIME = ("id", "root_id")


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came in: the bytes and their JSON value, None where they are none.

    Of an event that only the store knows there are no bytes and no headers.
    """

    body: bytes
    value: Any
    headers: Mapping[str, str] | None
    received_at: datetime


class Details:
    """The details of one row; what cannot change any more is made once.

    Args:
        bench: Open.
        key: Of a row, see `found_in`.
        show_personal: Mask nothing.
    """

    def __init__(self, bench: Workbench, key: str, *, show_personal: bool) -> None:
        self._bench = bench
        self._personal = show_personal
        delivery, self.event_id = found_in(bench.deliveries, key)
        sent = self._sent(delivery)
        self._fixed = {
            "key": key,
            "event": self.event_id,
            "sentence": delivery.sentence if delivery is not None else "",
            "payload": self._payload(sent),
            "headers": dict(delivery.headers) if delivery and delivery.headers else None,
            "message": self._message(sent),
            "curl": self._curl(sent),
        }

    def state(self) -> dict[str, Any]:
        """Return the details, the record and the attempts as they are now."""
        return self._fixed | record_of(self._bench, self.event_id)

    def _sent(self, delivery: Delivery | None) -> _Sent | None:
        """Return what the log holds, else what the store does; None where neither has it."""
        if delivery is not None and delivery.body is not None:
            return _Sent(delivery.body, _value(delivery.body), delivery.headers, delivery.at)
        stored = self._bench.store.event(self.event_id) if self.event_id else None
        if stored is None or stored["source"] is None:
            return None
        return _Sent(b"", stored["source"], None, stored["receivedAt"] or stored["processedAt"])

    def _payload(self, sent: _Sent | None) -> Any:
        """Return the JSON value; of what is none, its text."""
        if sent is None:
            return None
        return self._text(sent.body) if sent.value is None else self._masked(sent.value)

    def _text(self, body: bytes) -> str:
        """Return what is no JSON; names cannot be found in it, so its shape only is shown."""
        text = body.decode("utf-8", "replace")
        return text if self._personal else re.sub(r"\w", "x", text)

    def _masked(self, value: Any) -> Any:
        if self._personal:
            return value
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return mask_event(value) if isinstance(value, dict) else mask(str(value))

    def _message(self, sent: _Sent | None) -> dict[str, Any] | None:
        """Return the event as the receiver writes it for the queue."""
        if sent is None or sent.value is None or self.event_id is None:
            return None
        try:
            events = {event.event_id: event for event in parse_events(sent.value)}
        except InvalidDelivery:
            return None
        event = events.get(self.event_id)
        return self._told(encode(event, received_at=sent.received_at)) if event else None

    def _told(self, message: Message) -> dict[str, Any]:
        headers = message.headers | dict.fromkeys(_NEW_EACH_TIME, "new for each message")
        (argument,), *rest = json.loads(message.body)
        payload = json.loads(argument)
        payload["source"] = self._masked(payload["source"])
        if payload["metadata"] and not self._personal:
            payload["metadata"] = mask_conversation(payload["metadata"])
        return {
            "exchange": message.exchange,
            "routing_key": message.routing_key,
            "message_id": message.event_id,
            "headers": headers,
            "body": [[payload], *rest],
        }

    def _curl(self, sent: _Sent | None) -> str | None:
        """Return the command that sends it again; masked, it is another body of the same shape."""
        if sent is None:
            return None
        body = sent.body
        if not (body and self._personal):
            shown = self._payload(sent)
            text = shown if sent.value is None else json.dumps(shown, ensure_ascii=False)
            body = text.encode("utf-8", "replace")
        settings = self._bench.settings
        proof = settings.webhook_secret is not None and "header" in settings.webhook_auth
        return as_curl(
            body,
            self._bench.receiver.url
            or f"{settings.scheme}://{settings.host}:{settings.port}{PATH}",
            content_type=(sent.headers or {}).get("content-type", _JSON),
            secret_header=settings.webhook_secret_header if proof else None,
        )


def record_of(bench: Workbench, event_id: str | None) -> dict[str, Any]:
    """Return ``record``, ``attempts`` and ``status`` of an event, fit for JSON."""
    stored = bench.store.event(event_id) if event_id else None
    if stored is None:
        return {"record": None, "attempts": [], "status": None}
    hidden = ("source", "attempts")
    record = {name: _plain(value) for name, value in stored.items() if name not in hidden}
    attempts = [
        {name: _plain(value) for name, value in each.items()} for each in stored["attempts"]
    ]
    return {"record": record, "attempts": attempts, "status": stored["status"]}


def _value(body: bytes) -> Any:
    """Return a body's JSON value; None where it is none."""
    try:
        return loads(body)
    except InvalidDelivery:
        return None


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else value
