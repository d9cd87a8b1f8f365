"""Be the sender: post sample events by name, with the proof that the receiver asks for."""

from __future__ import annotations

import json
import shlex
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx

from . import samples
from .errors import WorkbenchError
from .settings import Settings
from .simulator.signing import Signer
from .tls import receiver_context
from .tls_errors import certificate_problem

__all__ = ["as_curl", "readiness", "send_fixture", "signer_of"]

TIMEOUT = 15


def send_fixture(
    settings: Settings,
    url: str,
    *,
    name: str,
    count: int = 1,
    envelope: str = "eventbridge",
    overrides: Mapping[str, Any] | None = None,
    same_id: bool = False,
) -> Iterator[dict[str, Any]]:
    """Send a fixture `count` times; yield the receiver's answer and its ``httpStatus`` each.

    Args:
        settings: With the webhook secret, where the receiver wants a proof.
        url: The receiver's, for deliveries.
        name: One of `samples.names`.
        count: How many times.
        envelope: The form that it comes in, see `samples.event`.
        overrides: Fields of the event's body, with new values.
        same_id: Keep the fixture's own id, instead of a fresh one each time: a redelivery.

    Raises:
        WorkbenchError: No such fixture, or no receiver answers.
    """
    fresh = None if same_id else lambda: str(uuid4())
    verify = receiver_context(settings, url)
    with httpx.Client(trust_env=False, timeout=TIMEOUT, verify=verify) as http:
        for _ in range(count):
            event = samples.event(name, envelope=envelope, fresh=fresh, **(overrides or {}))
            yield _post(http, url, json.dumps(event).encode(), settings)


def readiness(settings: Settings, url: str) -> dict[str, Any]:
    """Ask the receiver that takes deliveries at this URL how it is: its ``/readyz``."""
    place = url.partition("/webhook")[0]
    verify = receiver_context(settings, url)
    state: dict[str, Any] = httpx.get(f"{place}/readyz", trust_env=False, verify=verify).json()
    return state


def signer_of(settings: Settings) -> Signer | None:
    """Return what proves a delivery to the receiver of the same settings."""
    if settings.webhook_secret is None:
        return None
    return Signer(
        settings.webhook_secret.get_secret_value(),
        settings.webhook_auth[0],
        settings.webhook_secret_header,
    )


def as_curl(body: bytes, url: str, *, content_type: str, secret_header: str | None = None) -> str:
    """Return a command for a POSIX shell that sends a body.

    Args:
        body: Any bytes.
        url: Where to.
        content_type: Of the body.
        secret_header: Name of the header in which the receiver wants its secret; the command
            takes the value from ``WORKBENCH_WEBHOOK_SECRET``. None where it wants none.
    """
    parts = ["curl -sS", shlex.quote(url), "-H", shlex.quote(f"Content-Type: {content_type}")]
    if secret_header is not None:
        parts += ["-H", shlex.quote(f"{secret_header}: ") + '"$WORKBENCH_WEBHOOK_SECRET"']
    text = _argument(body)
    if text is not None:
        return " ".join([*parts, "--data-raw", shlex.quote(text)])
    piped = " ".join([*parts, "--data-binary", "@-"])
    return f"printf %s {shlex.quote(b64encode(body).decode())} | base64 -d | {piped}"


def _argument(body: bytes) -> str | None:
    """Return the body as a command's argument can hold it, None where none can."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _post(http: httpx.Client, url: str, body: bytes, settings: Settings) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", **_proof(settings, body)}
    try:
        answer = http.post(url, content=body, headers=headers)
    except httpx.TransportError as exc:
        problem = certificate_problem(exc)
        if problem is not None:
            raise WorkbenchError(
                f"The certificate of the receiver at {url} is not trusted: {problem}.",
                fix="name its CA: export SSL_CERT_FILE=ca.pem; and in --to a name that it is for",
            ) from exc
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
