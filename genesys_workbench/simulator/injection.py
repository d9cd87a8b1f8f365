"""How a fault reaches the wire: answers of its own, spoilt answers, cut connections."""

from __future__ import annotations

from starlette.responses import Response
from starlette.types import Message, Receive, Send

from .bodies import ApiError, error_response
from .faults import Fault
from .oauth import refusal

__all__ = ["cut", "faulty_answer", "spoil"]


def faulty_answer(fault: Fault, endpoint: str, context_id: str) -> Response:
    """Return the answer that a fault gives by itself."""
    status = fault.status or 200
    if fault.body is not None:
        return Response(fault.body, status, media_type="application/json")
    if status < 400:
        return Response(b"", status)
    if endpoint == "token" and status in (400, 401):
        text = "client not found" if status == 400 else "authentication failed"
        return refusal(status, "invalid_client", text)
    return error_response(ApiError(status), context_id)


def spoil(fault: Fault, receive: Receive, send: Send) -> Send:
    """Wrap `send` so that the answer gets the fault's headers and, if asked, is cut short."""
    extra = [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
    if fault.retry_after is not None:
        extra.append((b"retry-after", fault.retry_after.encode()))

    async def spoilt(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)
        elif fault.truncate:
            half = message.get("body", b"")[: len(message.get("body", b"")) // 2]
            await send({**message, "body": half, "more_body": True})
            await cut(receive, flush=True)
        else:
            await send(message)

    return spoilt


async def cut(receive: Receive, *, flush: bool = False) -> None:
    """Cut the connection; with `flush`, what was written goes out first.

    ASGI has no word for this, so it reaches for uvicorn's transport, to which the `receive` of a
    request is bound.
    """
    transport = receive.__self__.transport  # type: ignore[attr-defined]
    transport.close() if flush else transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
