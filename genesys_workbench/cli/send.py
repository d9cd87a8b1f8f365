"""Post sample events to a receiver."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from .. import samples
from ..errors import WorkbenchError
from ..receiver import PATH
from ..simulator.signing import Signer

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = ["send_fixture", "signer_of"]


def send_fixture(
    settings: Settings,
    *,
    name: str,
    count: int,
    overrides: Mapping[str, Any],
    envelope: str,
    target: str | None,
    same_id: bool,
) -> Iterator[dict[str, Any]]:
    """Send a fixture `count` times; yield the receiver's answer and its HTTP status each.

    Raises:
        WorkbenchError: No such fixture, or no receiver answers.
    """
    url = target or f"http://{settings.host}:{settings.port}{PATH}"
    fresh = None if same_id else lambda: str(uuid4())
    with httpx.Client(trust_env=False, timeout=15) as http:
        for _ in range(count):
            event = samples.event(name, envelope=envelope, fresh=fresh, **overrides)
            yield _post(http, url, json.dumps(event).encode(), settings)


def _post(http: httpx.Client, url: str, body: bytes, settings: Settings) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **_proof(settings, body)}
    try:
        answer = http.post(url, content=body, headers=headers)
    except httpx.TransportError as exc:
        raise WorkbenchError(
            f"No receiver answers at {url} ({type(exc).__name__}).",
            fix="start one: genesys-workbench receive; or name another with --to URL",
        ) from exc
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        content = {"detail": answer.text[:200]}
    return {"httpStatus": answer.status_code, **content}


def _proof(settings: Settings, body: bytes) -> dict[str, str]:
    signer = signer_of(settings)
    if signer is None:
        return {}
    return signer.headers(body, message_id=str(uuid4()), timestamp=int(time.time()))


def signer_of(settings: Settings) -> Signer | None:
    """Return what proves a delivery to the receiver of the same settings."""
    if settings.webhook_secret is None:
        return None
    return Signer(
        settings.webhook_secret.get_secret_value(),
        settings.webhook_auth[0],
        settings.webhook_secret_header,
    )
