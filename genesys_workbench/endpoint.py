"""One delivery, from raw request to answer: the order and the statuses of the receiver."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from .authenticity import Verifier
from .correlation import HEADER, about, also, correlation_of
from .crash import crash_at
from .deliverylog import DeliveryLog, Outcome, visible_headers
from .errors import BrokerError, GenesysError, InvalidDelivery, SpoolError, WorkbenchError
from .events import ConversationEvent, parse_events
from .intake import Intake
from .metrics import Metrics
from .refusals import Refusals
from .settings import Settings
from .strict_json import loads

__all__ = ["Endpoint", "Fetch"]

log = logging.getLogger(__name__)

RETRY_AFTER = "5"
_HEADER = HEADER.lower().encode()
# A larger body is parsed in a thread: a hostile one can take half a second, and others wait.
PARSED_AT_ONCE = 64 * 1024

Fetch = Callable[[str], Mapping[str, Any]]


@dataclass(slots=True)
class _Seen:
    """What is known of a delivery so far, for the log."""

    headers: Mapping[str, str]
    correlation_id: str
    body: bytes = b""
    events: Sequence[ConversationEvent] = ()
    outcome: Outcome = "refused"
    sentence: str = ""


class _Json(JSONResponse):
    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content)


class Endpoint:
    """What the delivery route needs, made when the app starts."""

    def __init__(
        self,
        settings: Settings,
        intake: Intake,
        metrics: Metrics,
        fetch: Fetch | None,
        *,
        log: DeliveryLog | None,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._metrics = metrics
        self._fetch = fetch
        self._log = log
        self._clock = clock
        self._new_id = new_id
        self._verifier = Verifier.from_settings(settings)
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one delivery in; whatever becomes of it, the answer has its correlation id."""
        started = time.perf_counter()
        headers = _headers_of(scope)
        seen = _Seen(headers, correlation_of(headers, self._new_id))
        with about(correlation_id=seen.correlation_id):
            response = await self._answer(scope, receive, seen)
        response.raw_headers.append((_HEADER, seen.correlation_id.encode()))
        seconds = time.perf_counter() - started
        self._metrics.deliveries.labels(response.status_code).inc()
        self._metrics.seconds.observe(seconds)
        self._metrics.body_bytes.observe(len(seen.body))
        if self._log is not None:
            self._enter(self._log, response.status_code, seconds, seen)
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, seen: _Seen) -> Response:
        try:
            return await self._take(receive, seen)
        except WorkbenchError as exc:
            self._metrics.refuse(exc)
            seen.sentence = f"{exc.what} Fix: {exc.fix}" if exc.fix else exc.what
            return self._refusal(exc, scope)
        except Exception as exc:
            self._metrics.refuse(exc)
            log.exception("a delivery met an error of this program")
            return JSONResponse({"detail": "An error of the receiver; see its log."}, 500)

    def _enter(self, log: DeliveryLog, status: int, seconds: float, seen: _Seen) -> None:
        log.add(
            at=self._clock(),
            status=status,
            milliseconds=seconds * 1000,
            headers=visible_headers(seen.headers, self._settings.webhook_secret_header),
            body=seen.body,
            events=seen.events,
            outcome=seen.outcome,
            sentence=seen.sentence,
            correlation_id=seen.correlation_id,
        )

    def readiness(self) -> JSONResponse:
        """200 while the broker confirms; the body also tells of the spool."""
        state = {
            "broker": "ready" if self._intake.broker_ready else "away",
            "spool": "open" if self._intake.spool_open else "closed",
            "spooled": self._intake.spooled,
        }
        return JSONResponse(state, 200 if self._intake.broker_ready else 503)

    async def _take(self, receive: Receive, seen: _Seen) -> Response:
        body = seen.body = await self._read(receive, seen.headers)
        self._verifier.check(seen.headers, body)
        crash_at("after-verify")
        _check_headers(seen.headers)
        several, events = await _parsed(body)
        if len(events) == 1:
            also(event_id=events[0].event_id, conversation_id=events[0].conversation_id)
        metadata = await self._metadata(events)
        ways = await self._intake.keep(events, metadata, correlation_id=seen.correlation_id)
        status: Outcome = "spooled" if "spooled" in ways else "published"
        seen.events, seen.outcome = events, status
        _tell(events, ways)
        answers = [
            {"status": way, "conversationId": event.conversation_id, "eventId": event.event_id}
            for event, way in zip(events, ways, strict=True)
        ]
        if not several:
            return _Json(answers[0], 202)
        return _Json({"status": status, "count": len(answers), "events": answers}, 202)

    async def _read(self, receive: Receive, headers: Mapping[str, str]) -> bytes:
        limit = self._settings.max_body_bytes
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:18]) > limit:
            raise _too_large(limit)
        try:
            async with asyncio.timeout(self._settings.body_timeout):
                return await _body_of(receive, limit)
        except TimeoutError as exc:
            raise InvalidDelivery(
                f"The body did not arrive within {self._settings.body_timeout:g} s.", status=408
            ) from exc

    async def _metadata(
        self, events: list[ConversationEvent]
    ) -> dict[str, Mapping[str, Any]] | None:
        if self._fetch is None:
            return None
        ids = dict.fromkeys(event.conversation_id for event in events)
        return {each: await asyncio.to_thread(self._fetch, each) for each in ids}

    def _refusal(self, exc: WorkbenchError, scope: Scope) -> Response:
        status, headers = _status_of(exc)
        sender = scope["client"][0] if scope.get("client") else None
        self._refusals.tell(status, exc.what, sender=sender)
        if status in (408, 413):
            headers["Connection"] = "close"  # the rest of the body is not read
        detail = {"detail": exc.what}
        if exc.fix:
            detail["fix"] = exc.fix
        return JSONResponse(detail, status, headers)


def _headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers by name in lower case; of a name that comes twice the first counts."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in reversed(scope["headers"])
    }


async def _body_of(receive: Receive, limit: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidDelivery("The sender hung up before the body ended.")
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(limit: int) -> InvalidDelivery:
    return InvalidDelivery(
        f"The body is larger than {limit} bytes.",
        status=413,
        fix="raise WORKBENCH_MAX_BODY_BYTES if that is meant",
    )


def _tell(events: Sequence[ConversationEvent], ways: Sequence[str]) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    for event, way in zip(events, ways, strict=True):
        fields = {
            "event_id": event.event_id,
            "conversation_id": event.conversation_id,
            "event_type": event.event_type,
            "status": 202,
            "outcome": way,
        }
        log.info(
            "%(status)d %(outcome)s %(event_type)s, conversation %(conversation_id)s, "
            "event %(event_id)s",
            fields,
            extra=fields,
        )


def _check_headers(headers: Mapping[str, str]) -> None:
    kind, _, parameters = headers.get("content-type", "application/json").lower().partition(";")
    kind = kind.strip()
    if kind != "application/json" and not re.fullmatch(r"application/[^/\s]+\+json", kind):
        raise InvalidDelivery(
            "The content type is not JSON.",
            status=415,
            fix="send the header Content-Type: application/json",
        )
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip('" ') not in ("utf-8", "utf8"):
            raise InvalidDelivery("The charset must be UTF-8.", status=415)
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity") or headers.get("transfer-encoding", "chunked") != "chunked":
        raise InvalidDelivery("Compressed bodies are not taken.", status=415)


async def _parsed(body: bytes) -> tuple[bool, list[ConversationEvent]]:
    if len(body) <= PARSED_AT_ONCE:
        return _parse(body)
    return await asyncio.to_thread(_parse, body)


def _parse(body: bytes) -> tuple[bool, list[ConversationEvent]]:
    value = loads(body)
    return isinstance(value, list), parse_events(value)


def _status_of(exc: WorkbenchError) -> tuple[int, dict[str, str]]:
    """Return the status for the sender. Enrichment in the receiver relays the API's."""
    if isinstance(exc, InvalidDelivery):
        return exc.status, {}
    if isinstance(exc, GenesysError):
        if exc.status == 429:
            return 429, {"Retry-After": str(int(exc.retry_after or 1) + 1)}
        relayed = {401: 403, 403: 403, 404: 404}.get(exc.status)
        return (relayed, {}) if relayed else (503, {"Retry-After": RETRY_AFTER})
    if isinstance(exc, BrokerError | SpoolError):
        return 503, {"Retry-After": RETRY_AFTER}
    return 500, {}
