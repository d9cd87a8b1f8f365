"""Deliveries that are signed by the reference implementation of Standard Webhooks."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from tests.faults.rig import Rig
from tests.faults.sender import Delivery

__all__ = ["NEW", "OLD", "Signed", "post", "sign"]

OLD = "whsec_" + base64.b64encode(b"canary-of-the-old-key-32-bytes..").decode()
NEW = "whsec_" + base64.b64encode(b"canary-of-the-new-key-32-bytes..").decode()


@dataclass(frozen=True)
class Signed:
    """One delivery as it goes over the wire, to be captured, changed and played again."""

    body: bytes
    headers: dict[str, str]

    def but(self, *, body: bytes | None = None, **headers: str) -> Signed:
        """Return a copy with another body or other headers, named without ``webhook-``."""
        changed = {f"webhook-{name}": value for name, value in headers.items()}
        return Signed(self.body if body is None else body, self.headers | changed)

    @property
    def signature(self) -> str:
        return self.headers["webhook-signature"]


def sign(event: dict[str, Any], secret: str, *, at: int) -> Signed:
    """Sign an event.

    Args:
        event: The body.
        secret: ``whsec_…``.
        at: Unix seconds of the signature.
    """
    body = json.dumps(event)
    name = f"msg_{event['eventId']}"
    signature = Webhook(secret).sign(name, datetime.fromtimestamp(at, UTC), body)
    headers = {
        "webhook-id": name,
        "webhook-timestamp": str(at),
        "webhook-signature": signature,
    }
    return Signed(body.encode(), headers)


def post(rig: Rig, delivery: Signed) -> int:
    """Deliver, and enter it into the sender's ledger; return the status."""
    event = json.loads(delivery.body)
    headers = {"Content-Type": "application/json", **delivery.headers}
    answer = httpx.post(rig.url, content=delivery.body, headers=headers, trust_env=False)
    entry = rig.sender.ledger.setdefault(event["eventId"], Delivery(event))
    entry.statuses.append(answer.status_code)
    return answer.status_code
