"""The client against the simulator, over real connections."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from genesys_workbench.client import GenesysClient
from genesys_workbench.errors import NoWebhookEndpoint, OAuthError, RateLimited
from genesys_workbench.settings import Settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.webhooks import delete_webhook, ensure_webhook, list_webhooks

URL = "http://127.0.0.1:8000/webhook/genesys/conversation"
INTERVAL = "2000-01-01T00:00:00Z/2000-01-02T00:00:00Z"


class Clock:
    """Monotonic seconds that only sleep moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def client_of(simulator, **options):
    settings = Settings(_env_file=None, api_url_override=simulator.url)
    return GenesysClient.from_settings(settings, **options)


def ids_of(simulator, number):
    return [conversation.id for conversation in simulator.world.conversations][:number]


def test_fifty_threads_ask_for_one_token_per_expiry():
    clock = Clock()
    with Simulator(expires_in=60, rate_limit=100_000, clock=clock) as simulator:
        conversation_id = ids_of(simulator, 1)[0]
        with client_of(simulator, clock=clock) as client, ThreadPoolExecutor(50) as pool:
            for expiry in range(1, 4):
                wanted = [conversation_id] * 100
                answers = list(pool.map(client.get_conversation, wanted))
                assert {answer["id"] for answer in answers} == {conversation_id}
                assert simulator.requests["token"] == expiry
                clock.sleep(31)
        assert simulator.requests["conversation"] == 300


def test_tokens_that_the_platform_revokes_cost_one_token_request_for_all_threads():
    clock = Clock()
    with Simulator(expires_in=3600, clock=clock) as simulator, client_of(simulator) as client:
        conversation_id = ids_of(simulator, 1)[0]
        client.get_conversation(conversation_id)
        clock.sleep(3601)  # only the platform's clock: the client still trusts its token
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(client.get_conversation, [conversation_id] * 20))
        assert len(answers) == 20
        assert simulator.requests["token"] == 2


def test_a_small_allowance_is_kept_without_a_single_429():
    clock = Clock()
    with (
        Simulator(rate_limit=20, clock=clock) as simulator,
        client_of(simulator, clock=clock, sleep=clock.sleep) as client,
    ):
        conversation_id = ids_of(simulator, 1)[0]
        for _ in range(70):
            client.get_conversation(conversation_id)
        assert simulator.requests["conversation"] == 70
        assert clock.now == pytest.approx(1000 + 180, abs=5)


def test_a_storm_of_429_is_waited_out_or_raised_at_once_by_max_wait():
    clock = Clock()
    with Simulator(rate_limit=1000) as simulator:
        conversation_id = ids_of(simulator, 1)[0]
        simulator.faults.add(Fault("conversation", status=429, retry_after="9", count=3))
        patient = {"clock": clock, "sleep": clock.sleep, "rng": lambda: 0.0}
        with client_of(simulator, **patient) as client:
            assert client.get_conversation(conversation_id)["id"] == conversation_id
        assert clock.now == 1027
        simulator.faults.add(Fault("conversation", status=429, retry_after="9"))
        with client_of(simulator, max_wait=1.0) as client, pytest.raises(RateLimited) as caught:
            client.get_conversation(conversation_id)
        assert caught.value.retry_after == 9


@pytest.mark.parametrize(
    "fault",
    [{"status": 502}, {"drop": True}, {"truncate": True}, {"body": b"<html>"}],
    ids=["502", "dropped", "truncated", "garbage"],
)
def test_a_fault_that_passes_is_not_seen_by_the_caller(fault):
    with Simulator() as simulator, client_of(simulator, sleep=lambda _: None) as client:
        conversation_id = ids_of(simulator, 1)[0]
        client.get_conversation(conversation_id)
        simulator.faults.add(Fault("conversation", count=2, **fault))
        assert client.get_conversation(conversation_id)["id"] == conversation_id
        assert simulator.requests["conversation"] == 4


def test_a_wrong_secret_is_asked_once_by_all_threads():
    with Simulator(credentials=("demo", "another")) as simulator, client_of(simulator) as client:

        def call(conversation_id):
            with pytest.raises(OAuthError, match="secret is wrong"):
                client.get_conversation(conversation_id)

        with ThreadPoolExecutor(20) as pool:
            list(pool.map(call, ids_of(simulator, 20)))
        assert simulator.requests["token"] == 1


def test_a_hundred_conversations_cost_two_calls():
    with Simulator() as simulator, client_of(simulator) as client:
        ids = ids_of(simulator, 100)
        result = client.conversation_details(ids)
        assert set(result) | set(result.missing) == set(ids)
        assert len(result) > 90
        assert simulator.requests["details"] == 2
        assert simulator.requests["conversation"] == len(result.missing)


def test_a_query_yields_every_conversation_of_the_world_once():
    with Simulator() as simulator, client_of(simulator) as client:
        starts = [conversation.start for conversation in simulator.world.conversations]
        interval = f"{min(starts).isoformat()}/{max(starts).isoformat()}"
        found = [item["conversationId"] for item in client.query_details(interval)]
        assert len(found) == len(set(found))
        assert len(found) > 450


def test_a_webhook_is_created_kept_and_deleted():
    with Simulator() as simulator, client_of(simulator) as client:
        assert ensure_webhook(client, URL).action == "created"
        assert ensure_webhook(client, URL + "/").action == "kept"
        assert ensure_webhook(client, URL, events=["conversation:updated"]).action == "updated"
        assert [hook["address"] for hook in list_webhooks(client)] == [URL]
        assert delete_webhook(client, URL) == 1
        assert list_webhooks(client) == []


def test_without_the_endpoint_the_error_names_the_outlets_of_the_platform():
    with (
        Simulator(webhooks=False) as simulator,
        client_of(simulator) as client,
        pytest.raises(NoWebhookEndpoint, match="Amazon EventBridge"),
    ):
        ensure_webhook(client, URL)


def test_two_processes_at_once_leave_one_registration():
    code = (
        "import sys\n"
        "from genesys_workbench.client import GenesysClient\n"
        "from genesys_workbench.settings import Settings\n"
        "from genesys_workbench.webhooks import ensure_webhook\n"
        "settings = Settings(_env_file=None, api_url_override=sys.argv[1])\n"
        "with GenesysClient.from_settings(settings) as client:\n"
        "    client.request('GET', '/api/v2/webhooks')\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    print(ensure_webhook(client, sys.argv[2]).action)\n"
    )
    with Simulator() as simulator:
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", code, simulator.url, URL],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for process in processes:
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        actions = [process.communicate(timeout=20)[0].strip() for process in processes]
        with client_of(simulator) as client:
            assert len(list_webhooks(client)) == 1
        assert "created" in actions
