"""From credentials to the first event of an organisation; simulated where none are set."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from .auth import ClientCredentials
from .errors import WorkbenchError
from .listener import Listener, subjects_for
from .settings import Settings, load_settings, region_domain
from .simulator.server import Simulator
from .simulator.signing import Signer
from .tls import receiver_context
from .workbench import Workbench

__all__ = ["first_event", "first_settings", "found_settings", "organisation", "proofs"]

_MEANINGS = {
    "client_id": ("GENESYS_CLOUD_CLIENT_ID", "the OAuth client; unset: all is simulated"),
    "client_secret": ("GENESYS_CLOUD_CLIENT_SECRET", "its secret"),
    "region": ("GENESYS_CLOUD_REGION", "gives the hosts; unset: us_east_1"),
    "api_url_override": ("GENESYS_CLOUD_API_URL", "another host, such as a gateway"),
    "webhook_secret": ("WORKBENCH_WEBHOOK_SECRET", "what senders must prove"),
    "broker_url": ("WORKBENCH_BROKER_URL", "the queue"),
    "database_url": ("WORKBENCH_DATABASE_URL", "the records; unset: a SQLite file"),
}
_SCHEMES = {
    "header": "the secret in its header",
    "standard": "a Standard Webhooks signature",
    "hub": "X-Hub-Signature-256",
}
_LOOK_EVERY = 0.1
BODY = b"{}"
# What each outlet sends
ENVELOPES = {"aws": "eventbridge", "architect": "data-action", "laptop": "notification"}


def first_settings(folder: str, *, broker: str | None = None) -> Settings:
    """Read the settings of an organisation, or make some that touch nothing of yours.

    Args:
        folder: Where the records of a simulated run go; it takes a free port, and makes up a
            secret for the webhook if none is set.
        broker: Instead of ``WORKBENCH_BROKER_URL``, if given.
    """
    given = {} if broker is None else {"broker_url": SecretStr(broker)}
    settings = load_settings(**given)
    if settings.live:
        return settings
    secret = settings.webhook_secret or SecretStr(secrets.token_urlsafe(24))
    return load_settings(**given, data_dir=Path(folder), port=0, webhook_secret=secret)


def found_settings(settings: Settings) -> list[dict[str, str]]:
    """Return which settings are set, by name, never with the value."""
    return [
        {
            "setting": variable,
            "found": "set" if field in settings.model_fields_set else "not set",
            "meaning": meaning,
        }
        for field, (variable, meaning) in _MEANINGS.items()
    ]


def organisation(settings: Settings) -> dict[str, str]:
    """Ask for a token, and return what the region and the token are like.

    Raises:
        GenesysError: No token is given; the text says why.
    """
    auth = ClientCredentials(*settings.credentials, login_url=settings.login_url)
    token = auth.token()
    domain = region_domain(settings.region)
    return {
        "organisation": "live" if settings.live else "simulated",
        "region": settings.region,
        "its API host": f"api.{domain}",
        "its login host": f"login.{domain}",
        "asked now": _asked(settings),
        "token": str(token),
        "valid for": f"{auth.valid_for() / 3600:.1f} hours",
    }


def proofs(bench: Workbench) -> list[dict[str, Any]]:
    """Knock at the receiver with each proof, good and bad, and return the answers.

    The body is empty, so that nothing is stored: who is let in is told that it is no event.
    """
    rows, url = [], bench.address()
    verify = receiver_context(bench.settings, url)
    for proof, headers in _headers(bench.settings):
        answer = httpx.post(url, content=BODY, headers=headers, trust_env=False, verify=verify)
        let_in = "no" if answer.status_code == 401 else "yes"
        told = answer.json()["detail"]
        row = {"proof": proof, "status": answer.status_code, "let in": let_in, "answer": told}
        rows.append(row)
    return rows


def first_event(
    bench: Workbench,
    *,
    have: str = "aws",
    queues: Sequence[str] = (),
    timeout: float = 120.0,
    tell: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Return the record of the next event, from the organisation or from the simulator.

    Args:
        bench: Open.
        have: What gets events out, as of `outlet_for`.
        queues: With ``laptop``: whose conversations an organisation's bridge listens to.
        timeout: Seconds to wait for an organisation's event.
        tell: Called with a line that says what is waited for.
        clock: Monotonic seconds.
        sleep: Waits between two looks.

    Raises:
        WorkbenchError: None came in time; the text says how many deliveries were refused.
    """
    if bench.simulator is not None:
        tell("No credentials are set: the simulator delivers one event, signed.")
        return _simulated(bench, bench.simulator, ENVELOPES[have])
    if have == "laptop":
        with Listener(
            bench.settings,
            subjects_for(bench.settings, queues=queues),
            publisher=bench.publisher,
            tell=tell,
        ):
            return _next(bench, timeout, f"an event of {', '.join(queues)}", tell, clock, sleep)
    where = f"a delivery to {bench.address()}"
    return _next(bench, timeout, where, tell, clock, sleep)


def _next(
    bench: Workbench,
    timeout: float,
    what: str,
    tell: Callable[[str], None],
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> dict[str, Any]:
    since, deadline = datetime.now(UTC), clock() + timeout
    refused = bench.deliveries.outcomes()["refused"]
    tell(f"Waiting up to {timeout:g} s for {what}: start a conversation.")
    while (record := _ended(bench, since)) is None:
        if clock() > deadline:
            raise _nothing_came(timeout, bench.deliveries.outcomes()["refused"] - refused)
        sleep(_LOOK_EVERY)
    return record


def _asked(settings: Settings) -> str:
    if not settings.live:
        return "a simulator on this computer"
    return "the host of GENESYS_CLOUD_API_URL" if settings.api_url_override else "these hosts"


def _headers(settings: Settings) -> Iterator[tuple[str, dict[str, str]]]:
    yield "none", {}
    if settings.webhook_secret is None:
        return
    secret, header = settings.webhook_secret.get_secret_value(), settings.webhook_secret_header
    yield "a wrong secret", {header: "not-the-secret"}
    yield "a signature of another body", _sealed(Signer(secret, "hub"), b"[]")
    for scheme in settings.webhook_auth:
        yield _SCHEMES[scheme], _sealed(Signer(secret, scheme, header), BODY)


def _sealed(signer: Signer, body: bytes) -> dict[str, str]:
    return signer.headers(body, message_id="first", timestamp=int(time.time()))


def _simulated(bench: Workbench, simulator: Simulator, envelope: str) -> dict[str, Any]:
    bench.register()
    (entry,) = simulator.deliver(1, envelope=envelope)
    bench.wait_for(str(entry.event_id))
    return bench.store.event(str(entry.event_id)) or {}


def _ended(bench: Workbench, since: datetime) -> dict[str, Any] | None:
    """Return the first event that was processed, or given up, since then."""
    rows = bench.store.events(since=since, newest_first=False)
    ended = next((row for row in rows if row["status"] != "retrying"), None)
    return bench.store.event(ended["eventId"]) if ended else None


def _nothing_came(timeout: float, refused: int) -> WorkbenchError:
    return WorkbenchError(
        f"No event came within {timeout:g} s; {refused} deliveries were refused meanwhile.",
        fix="if any: compare the sender's secret with WORKBENCH_WEBHOOK_SECRET; if none: see that "
        "the receiver can be reached from outside, and read the outlet's own log",
    )
