"""Is all well? Each check is a line: ok, warn or fail, what was found, and the fix."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import httpx

from .auth import ClientCredentials
from .broker import Broker, locate
from .canary import check_topology
from .client import GenesysClient
from .errors import (
    BrokerError,
    Forbidden,
    GenesysError,
    NotFound,
    OAuthError,
    TopologyError,
    WorkbenchError,
)
from .management import Management
from .messages import QUEUE, topology
from .settings import Settings, hide_password, region_domain
from .spool import Spool
from .store import Store
from .tls import LOOPBACK, receiver_context
from .tls_facts import broker_facts, receiver_facts
from .webhook_secrets import is_weak

__all__ = ["Check", "check_all"]

State = Literal["ok", "warn", "fail"]
# An id that no conversation has: 404 means that the permission is there.
NO_CONVERSATION = "00000000-0000-4000-8000-000000000000"
PERMISSIONS = (
    ("conversation:communication:view", f"/api/v2/conversations/{NO_CONVERSATION}"),
    (
        "analytics:conversationDetail:view",
        f"/api/v2/analytics/conversations/{NO_CONVERSATION}/details",
    ),
)
# Which outlet is open to these credentials: who has what, and the command that goes on
OUTLETS = (
    (
        "laptop",
        "routing:queue:view",
        "/api/v2/routing/queues?pageSize=1",
        "genesys-workbench listen --queue NAME",
    ),
    (
        "architect",
        "processautomation:trigger:view",
        "/api/v2/processautomation/triggers?pageSize=1",
        "genesys-workbench outlets trigger --url URL --workflow ID",
    ),
)
BY_AWS = "genesys-workbench outlets eventbridge --url URL"
PREFIXES = ("WORKBENCH_", "GENESYS_CLOUD_")
TIMEOUT = httpx.Timeout(5.0)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    Attributes:
        state: ``warn`` does not stop the flow, ``fail`` does.
        finding: What was found.
        fix: What to do about it, empty if nothing.
    """

    name: str
    state: State
    finding: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the fields."""
        return asdict(self)


def check_all(
    settings: Settings, *, environment: Mapping[str, str] = os.environ
) -> Iterator[Check]:
    """Run all checks, one after the other; none raises.

    Args:
        settings: What is checked.
        environment: Searched for misspelt names of settings.
    """
    yield Check("python", "ok", platform.python_version())
    yield _spelling(environment)
    yield _organisation(settings)
    yield from _api(settings)
    for name, check in (
        ("broker", _broker),
        ("database", _database),
        ("spool", _spool),
        ("receiver port", _port),
        ("receiver tls", _receiver_tls),
        ("authenticity", _authenticity),
    ):
        yield _guarded(name, check, settings)
    yield _widgets()


def _guarded(name: str, check: Callable[[Settings], Check], settings: Settings) -> Check:
    try:
        return check(settings)
    except WorkbenchError as exc:
        return Check(name, "fail", exc.what, exc.fix)


def _spelling(environment: Mapping[str, str]) -> Check:
    known = {
        str(field.validation_alias or f"WORKBENCH_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    given = {name.upper() for name in environment if name.upper().startswith(PREFIXES)}
    unknown = sorted(given - known)
    if not unknown:
        file = ", .env in this folder" if Path(".env").is_file() else ""
        return Check("settings", "ok", f"{len(given)} of the environment{file}")
    near = get_close_matches(unknown[0], known, n=1, cutoff=0.8)
    fix = f"did you mean {near[0]}?" if near else "see .env.example for the names"
    return Check("settings", "warn", f"no setting is called {', '.join(unknown)}", fix)


def _organisation(settings: Settings) -> Check:
    if not settings.live:
        told = f"no credentials: a simulator is used, at {settings.api_url}"
        return Check("organisation", "ok", told)
    domain = region_domain(settings.region)
    return Check("organisation", "ok", f"live: region {settings.region} ({domain})")


def _api(settings: Settings) -> Iterator[Check]:
    """Check login host, credentials, API host and permissions; stop at the first that fails."""
    if settings.enrich == "off":
        yield Check("credentials", "ok", "not needed: WORKBENCH_ENRICH=off")
        return
    try:
        auth = ClientCredentials(
            *settings.credentials, login_url=settings.login_url, timeout=TIMEOUT
        )
        auth.token()
    except OAuthError as exc:
        yield Check("credentials", "fail", exc.what, exc.fix)
        return
    except WorkbenchError as exc:
        yield _unreachable("login host", settings.login_url, settings, exc)
        return
    yield Check("credentials", "ok", f"accepted by {settings.login_url}")
    with GenesysClient(settings.api_url, auth, timeout=TIMEOUT, max_wait=2.0, attempts=1) as client:
        for permission, path in PERMISSIONS:
            check = _permission(client, permission, path, settings)
            yield check
            if check.name == "api host":
                return
        yield from _outlets(client, settings)


def _outlets(client: GenesysClient, settings: Settings) -> Iterator[Check]:
    for have, permission, path, command in OUTLETS:
        found = _permission(client, permission, path, settings)
        if found.state == "ok":
            yield Check(f"outlet {have}", "ok", command)
        else:
            yield Check(f"outlet {have}", "warn", found.finding, found.fix)
    yield Check("outlet aws", "ok", f"{BY_AWS}; what it takes is set up in AWS")


def _permission(client: GenesysClient, permission: str, path: str, settings: Settings) -> Check:
    name = f"permission {permission}"
    try:
        client.request("GET", path)
    except NotFound as exc:
        if not exc.code:  # each error of the platform has one
            told = f"{settings.api_url} answers, but not like Genesys Cloud"
            return Check("api host", "fail", told, "check GENESYS_CLOUD_API_URL")
    except Forbidden as exc:
        return Check(name, "fail", exc.what, exc.fix)
    except GenesysError as exc:
        return _unreachable("api host", settings.api_url, settings, exc)
    return Check(name, "ok", "granted")


def _unreachable(name: str, url: str, settings: Settings, exc: WorkbenchError) -> Check:
    if isinstance(exc, GenesysError) and exc.status == 0 and not settings.live:
        fix = "start it: genesys-workbench simulate; or set GENESYS_CLOUD_CLIENT_ID and _SECRET"
        return Check(name, "warn", f"no simulator answers at {url}", fix)
    return Check(name, "fail", f"{url}: {exc.what}", exc.fix)


def _broker(settings: Settings) -> Check:
    broker = locate(settings)
    if broker.kind == "memory":
        return Check("broker", "warn", broker.why, "for real use: apt-get install rabbitmq-server")
    if broker.url is None:
        return Check("broker", "ok", f"{broker.why}; it starts with the receiver or the worker")
    try:
        check_topology(broker.url, topology(settings))
    except TopologyError as exc:
        return Check("broker", "fail", exc.what, exc.fix or "genesys-workbench queue setup")
    stuck = _stuck(broker)
    if stuck:
        fix = "genesys-workbench queue setup; or make room: genesys-workbench queue redrive"
        told = f"{stuck} messages cannot become dead letters: their queue is missing or full"
        return Check("broker", "fail", told, fix)
    told = f"{hide_password(broker.url)} takes and gives messages"
    facts = broker_facts(broker.url)
    return Check("broker", "ok", f"{told}; {facts}" if facts else told)


def _stuck(broker: Broker) -> int:
    if broker.url is None or broker.management_url is None:
        return 0
    with Management(broker.management_url, broker_url=broker.url) as management:
        try:
            return management.figures()[QUEUE].stuck
        except (BrokerError, KeyError):  # the plugin need not be there
            return 0


def _database(settings: Settings) -> Check:
    with closing(Store.prepared(settings.store_url)) as store:
        counts = store.counts()
    place = hide_password(settings.store_url)
    return Check("database", "ok", f"{place}: {counts['events']} events")


def _spool(settings: Settings) -> Check:
    if settings.spool_max_events == 0:
        fix = "unset WORKBENCH_SPOOL_MAX_EVENTS to keep events on disk then"
        return Check("spool", "warn", "off: a broker outage is answered 503", fix)
    spool = Spool(settings.spool_file, max_events=settings.spool_max_events)
    try:
        waiting = len(spool)
    finally:
        spool.close()
    if waiting:
        fix = "they go to the broker when the receiver runs: genesys-workbench receive"
        return Check("spool", "warn", f"{settings.spool_file}: {waiting} events wait", fix)
    return Check("spool", "ok", f"{settings.spool_file}: nothing waits")


def _port(settings: Settings) -> Check:
    place = f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as exc:
            return _taken(place, exc, settings)
    return Check("receiver port", "ok", f"{place} is free")


def _taken(place: str, exc: OSError, settings: Settings) -> Check:
    """Tell a receiver of ours from another program."""
    url = f"{settings.scheme}://{place}/readyz"
    verify = receiver_context(settings, url)
    try:
        state = httpx.get(url, timeout=2, trust_env=False, verify=verify).json()
        return Check("receiver port", "ok", f"a receiver runs at {place}; broker {state['broker']}")
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        fix = "stop what uses it, or set WORKBENCH_PORT to a free one"
        why = (exc.strerror or str(exc)).lower()
        return Check("receiver port", "warn", f"{place} cannot be used: {why}", fix)


def _receiver_tls(settings: Settings) -> Check:
    facts = receiver_facts(settings)
    if facts is not None:
        return Check("receiver tls", "ok", f"https with {facts}")
    if settings.host in LOOPBACK:
        return Check("receiver tls", "ok", "http, on this computer only")
    fix = "set WORKBENCH_TLS_CERT_FILE and _KEY_FILE, unless a proxy in front of it speaks https"
    return Check("receiver tls", "warn", "deliveries come unencrypted", fix)


def _authenticity(settings: Settings) -> Check:
    if settings.webhook_secret is None:
        fix = "set WORKBENCH_WEBHOOK_SECRET before the receiver can be reached from outside"
        return Check("authenticity", "warn", "anybody who reaches the port can post events", fix)
    secrets = (settings.webhook_secret, settings.webhook_secret_previous)
    if any(is_weak(secret) for secret in secrets if secret is not None):
        fix = 'make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        return Check("authenticity", "warn", "the webhook secret is short enough to guess", fix)
    return Check("authenticity", "ok", "deliveries must prove themselves")


def _widgets() -> Check:
    missing = [name for name in ("jupyterlab", "ipywidgets") if find_spec(name) is None]
    if missing:
        told = f"{' and '.join(missing)} not installed: no notebooks"
        return Check("widgets", "warn", told, f"pip install {' '.join(missing)}")
    return Check("widgets", "ok", "jupyterlab and ipywidgets are installed")
