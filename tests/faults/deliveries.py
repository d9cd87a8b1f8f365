"""A delivery, written by hand: good, or with whatever headers a test wants."""

from __future__ import annotations

from genesys_workbench.receiver import PATH
from tests.raw_http import request

__all__ = ["BODY", "CLOSE", "GOOD", "LAST", "LENGTH", "LIMIT", "post"]

LIMIT = 1024 * 1024
BODY = b'{"conversationId":"c-1","timestamp":"2026-01-05T08:00:00Z"}'
LENGTH = f"Content-Length: {len(BODY)}"
CLOSE = "Connection: close"


def post(body: bytes, *headers: str | bytes, version: str = "1.1") -> bytes:
    return request(body, *headers, path=PATH, version=version)


GOOD = post(BODY, LENGTH)
LAST = post(BODY, LENGTH, CLOSE)
