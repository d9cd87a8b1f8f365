"""A run in which much fails: no secret in answers, dead letters, records, logs and files."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import Forbidden, GenesysError, OAuthError, ServerError, Unauthorized
from genesys_workbench.messages import DEAD_QUEUE
from genesys_workbench.queues import dead_letters, peek, states
from genesys_workbench.receiver import PATH, Receiver
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.workbench import Workbench
from tests.canaries import (
    CANARIES,
    CLIENT,
    CLIENT_ID,
    ENVIRONMENT,
    PREVIOUS,
    WEBHOOK,
    printed,
    seen,
)
from tests.integration.workers import wait_until
from tests.log_state import everything_logged


@pytest.fixture(autouse=True)
def secrets_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with everything_logged() as stream:
        yield stream


@pytest.fixture
def platform() -> Iterator[Simulator]:
    """A simulator that knows the canary as the client's secret."""
    with Simulator(credentials=(CLIENT_ID, CLIENT)) as running:
        yield running


def call(platform: Simulator) -> None:
    settings = load_settings(api_url_override=platform.url)
    with GenesysClient.from_settings(settings, attempts=1) as client:
        client.get_conversation("c1")


def test_a_wrong_client_secret_is_not_told(log: io.StringIO) -> None:
    with Simulator() as platform, pytest.raises(OAuthError) as caught:
        call(platform)
    assert seen(printed(caught.value, with_locals=True) + log.getvalue()) == []


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Unauthorized), (403, Forbidden), (500, ServerError)]
)
def test_no_refusal_of_the_api_tells_secret_or_token(
    platform: Simulator, log: io.StringIO, status: int, kind: type[GenesysError]
) -> None:
    platform.faults.add(Fault(endpoint="conversation", status=status))
    settings = load_settings(api_url_override=platform.url)
    with GenesysClient.from_settings(settings, attempts=1) as client:
        auth: Any = client._http.auth
        first = auth.token().get_secret_value()
        with pytest.raises(kind) as caught:
            client.get_conversation("c1")
        second = auth.token().get_secret_value()
        shown = printed(caught.value, with_locals=True) + f"{client!r} {auth!r} {vars(auth)}"
    assert platform.requests["conversation"] >= 1
    assert "HTTP Request" in log.getvalue()
    assert seen(shown + log.getvalue(), first, second) == []


def deliveries() -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield headers and bodies that are refused, each with a secret where it does not belong."""
    body = json.dumps({"conversationId": "c1"}).encode()
    yield {"Authorization": f"Bearer {WEBHOOK}"}, body
    yield {"X-Webhook-Secret": f"{WEBHOOK}x"}, body
    yield {"X-Hub-Signature-256": f"sha256={WEBHOOK}"}, body
    yield {"webhook-id": WEBHOOK, "webhook-timestamp": PREVIOUS, "webhook-signature": CLIENT}, body
    good = {"X-Webhook-Secret": WEBHOOK}
    yield good, WEBHOOK.encode()
    yield good, json.dumps({"conversationId": f"{PREVIOUS} x"}).encode()
    yield good, json.dumps({WEBHOOK: [PREVIOUS]}).encode()
    yield good | {"Content-Encoding": PREVIOUS}, body


def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """Deliver with a client that logs nothing itself; return status and answer."""
    request = urllib.request.Request(
        url, body, {"Content-Type": "application/json"} | headers, method="POST"
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode() + str(refused.headers)


def fail_in_every_way(bench: Workbench) -> str:
    """Let deliveries be refused, and tasks fail; return what senders were answered."""
    assert bench.simulator is not None
    bench.simulator.faults.add(Fault(endpoint="conversation", status=403, count=1))
    url = str(bench.receiver.url)
    answers = [post(url, *each) for each in deliveries()]
    answers.append(post(f"{url}?secret={WEBHOOK}", {}, b"{}"))
    assert {status for status, _ in answers} == {400, 401, 415, 422}
    for number, secret in enumerate((WEBHOOK, PREVIOUS)):
        event = {"conversationId": f"00000000-0000-4000-8000-00000000000{number}"}
        headers = {"X-Webhook-Secret": secret, "Authorization": f"Bearer {CLIENT}"}
        answers.append(post(url, headers, json.dumps(event).encode()))
        assert answers[-1][0] == 202
    wait_until(lambda: states("memory://")[1].ready == 2, what="the dead letters")
    return str(answers)


def test_a_run_with_failures_tells_no_secret_anywhere(log: io.StringIO, tmp_path: Path) -> None:
    settings = load_settings(
        client_id=None,
        client_secret=None,
        api_url_override=None,
        broker_url=SecretStr("memory://"),
        database_url=SecretStr(f"sqlite:///{tmp_path / 'store.db'}"),
        port=0,
        max_retries=0,
    )
    with Workbench(settings) as bench:
        shown = [fail_in_every_way(bench)]
        letters = dead_letters("memory://")
        assert {letter.reason for letter in letters} == {"forbidden", "not_found"}
        shown += [f"{each} {each.message}" for each in letters]
        shown += [str(each) for each in peek("memory://", queue=DEAD_QUEUE)]
        shown += [str(bench.store.event(str(each.event_id))) for each in letters]
        shown += [str(row) for row in bench.store.events()]
        shown += [repr(each) for each in (bench, bench.client, bench.publisher, bench.receiver)]
    assert seen("\n".join(shown)) == []
    assert "delivery answered" in log.getvalue()
    assert seen(log.getvalue()) == []
    assert {file.name for file in in_files(tmp_path)} >= {"store.db"}
    assert [file.name for file in in_files(tmp_path) if secret_in(file)] == []


def in_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def secret_in(file: Path) -> bool:
    content = file.read_bytes()
    return any(canary.encode() in content for canary in CANARIES)


@pytest.mark.parametrize("path", ["/readyz", "/healthz", "/metrics", "/openapi.json", "/nothing"])
def test_no_page_of_the_receiver_tells_a_secret(path: str, tmp_path: Path) -> None:
    with Receiver(load_settings(port=0, data_dir=tmp_path)) as receiver:
        base = str(receiver.url).removesuffix(PATH)
        answer = httpx.get(base + path, trust_env=False)
    assert answer.status_code in (200, 404, 503)
    assert seen(f"{answer.text} {answer.headers}") == []
