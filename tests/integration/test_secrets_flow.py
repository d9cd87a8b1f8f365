"""A run in which much fails: no secret in answers, dead letters, records, logs and files."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from genesys_workbench.client import GenesysClient
from genesys_workbench.deliverylog import Delivery
from genesys_workbench.errors import Forbidden, GenesysError, OAuthError, ServerError, Unauthorized
from genesys_workbench.messages import DEAD_QUEUE
from genesys_workbench.queues import dead_letters, peek, states
from genesys_workbench.receiver import Receiver
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.workbench import Workbench
from tests.canaries import (
    CANARIES,
    CLIENT,
    CLIENT_ID,
    PERSON,
    PREVIOUS,
    WEBHOOK,
    in_files,
    printed,
    seen,
)
from tests.integration.workers import wait_until

pytestmark = pytest.mark.usefixtures("canary_environment")


@pytest.fixture
def platform() -> Iterator[Simulator]:
    """A simulator that knows the canary as the client's secret."""
    with Simulator(credentials=(CLIENT_ID, CLIENT)) as running:
        yield running


def call(platform: Simulator) -> None:
    settings = load_settings(api_url_override=platform.url)
    with GenesysClient.from_settings(settings, attempts=1) as client:
        client.get_conversation("c1")


def test_a_wrong_client_secret_is_not_told(whole_log: io.StringIO) -> None:
    with Simulator() as platform, pytest.raises(OAuthError) as caught:
        call(platform)
    assert seen(printed(caught.value, with_locals=True) + whole_log.getvalue()) == []


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Unauthorized), (403, Forbidden), (500, ServerError)]
)
def test_no_refusal_of_the_api_tells_secret_or_token(
    platform: Simulator, whole_log: io.StringIO, status: int, kind: type[GenesysError]
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
    assert "HTTP Request" in whole_log.getvalue()
    assert seen(shown + whole_log.getvalue(), first, second) == []


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


def test_a_run_with_failures_tells_no_secret_anywhere(
    whole_log: io.StringIO, tmp_path: Path
) -> None:
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
        shown += [str(each.headers) for each in noted(bench)]
        letters = dead_letters("memory://")
        assert {letter.reason for letter in letters} == {"forbidden", "not_found"}
        shown += [f"{each} {each.message}" for each in letters]
        shown += [str(each) for each in peek("memory://", queue=DEAD_QUEUE)]
        shown += [str(bench.store.event(str(each.event_id))) for each in letters]
        shown += [str(row) for row in bench.store.events()]
        shown += [repr(each) for each in (bench, bench.client, bench.publisher, bench.receiver)]
    assert seen("\n".join(shown)) == []
    assert "delivery answered" in whole_log.getvalue()
    assert seen(whole_log.getvalue()) == []
    assert "store.db" in in_files(tmp_path, "forbidden")
    assert in_files(tmp_path, *CANARIES) == {}
    assert (tmp_path / "store.db").stat().st_mode & 0o077 == 0


def noted(bench: Workbench) -> Iterator[Delivery]:
    """Yield the accepted deliveries that the receiver has noted, with their headers."""
    numbers = [each.number for each in bench.deliveries.find(outcome="published")]
    for entry in filter(None, map(bench.deliveries.entry, numbers)):
        assert {"x-webhook-secret", "authorization"} <= (entry.headers or {}).keys()
        yield entry


def test_an_event_that_waits_on_disk_waits_without_a_secret_and_for_this_user_only(
    tmp_path: Path,
) -> None:
    event = json.dumps({"conversationId": "waits-on-disk", "customer": PERSON}).encode()
    headers = {"X-Webhook-Secret": WEBHOOK, "Authorization": f"Bearer {CLIENT}"}
    with Receiver(load_settings(port=0, data_dir=tmp_path)) as receiver:
        status, answer = post(str(receiver.url), headers, event)
        assert (status, json.loads(answer)["status"]) == (202, "spooled")
        kept = in_files(tmp_path, "waits-on-disk")
        assert kept.keys() == {"spool.db-wal"}
        assert in_files(tmp_path, *CANARIES) == {}
        assert [path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077] == []
