"""The simulator's endpoints: token, rate limit, conversations; errors and headers."""

from __future__ import annotations

import re

import httpx
import pytest

from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.server import Simulator
from tests.simulator_fakes import DETAILS, HOOKS, UNKNOWN, ask_token, authorize, query


@pytest.mark.parametrize("path", ["/oauth/token", "/login/oauth/token"])
def test_a_known_client_gets_a_bearer_token(client, path):
    body = ask_token(client, path=path).json()
    assert body.keys() == {"access_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 86399)


def test_the_credentials_may_be_form_fields(client):
    answer = ask_token(client, auth=None, client_id="demo", client_secret="demo")
    assert answer.json()["token_type"] == "bearer"


def test_an_unknown_client_is_400_in_the_shape_of_oauth(client):
    answer = ask_token(client, auth=("nobody", "demo"))
    text = "client not found: nobody"
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_client",
        "description": text,
        "error_description": text,
    }


def test_a_wrong_secret_is_401_and_not_repeated(client):
    answer = ask_token(client, auth=("demo", "canary"))
    assert answer.status_code == 401
    assert answer.json()["description"] == "authentication failed"
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    ("auth", "form", "error"),
    [
        (("demo", "demo"), {"grant_type": "password"}, "unsupported_grant_type"),
        (("demo", "demo"), {"grant_type": ""}, "unsupported_grant_type"),
        (None, {}, "invalid_request"),
    ],
)
def test_a_malformed_token_request_is_400(client, auth, form, error):
    answer = ask_token(client, auth=auth, **form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"", "Basic ZGVtbzpkZW1v"),
        (b"\xff\xfe", "Basic ZGVtbzpkZW1v"),
        (b"grant_type=client_credentials", "Basic !!"),
    ],
)
def test_an_unreadable_token_request_is_400(client, content, header):
    answer = client.post("/oauth/token", content=content, headers={"Authorization": header})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "authentication.required"),
        ({"Authorization": "Basic ZGVtbzpkZW1v"}, "authentication.required"),
        ({"Authorization": "Bearer invented"}, "bad.credentials"),
    ],
)
def test_a_call_without_a_good_token_is_401(sim, header, code):
    answer = httpx.get(f"{sim.url}{HOOKS}", headers=header, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["inin-ratelimit-allowed"] == "300"


def test_a_token_ends_when_its_time_is_over(running, client):
    running.clock.now += 86398
    assert client.get(HOOKS).status_code == 200
    running.clock.now += 1
    answer = client.get(HOOKS)
    assert (answer.status_code, answer.json()["code"]) == (401, "credentials.expired")


def test_every_reply_says_where_the_token_stands_and_how_to_ask_support(client):
    first, second = client.get(HOOKS), client.get("/api/v2/nothing")
    assert [r.headers["inin-ratelimit-count"] for r in (first, second)] == ["1", "2"]
    assert second.headers["inin-ratelimit-reset"] == "60"
    assert second.headers["inin-correlation-id"] == second.json()["contextId"]
    assert first.headers["inin-correlation-id"] != second.headers["inin-correlation-id"]


def test_the_call_beyond_the_allowance_is_429_until_the_minute_is_over(running, client):
    assert {client.get(HOOKS).status_code for _ in range(300)} == {200}
    running.clock.now += 47.5
    answer = client.get(HOOKS)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == answer.headers["inin-ratelimit-reset"] == "13"
    assert answer.json()["code"] == "too.many.requests"
    assert "Retry the request in [13] seconds" in answer.json()["message"]
    running.clock.now += 12.5
    assert client.get(HOOKS).status_code == 200


def test_another_token_has_an_allowance_of_its_own(client):
    assert client.get(HOOKS).headers["inin-ratelimit-count"] == "1"
    authorize(client)
    assert client.get(HOOKS).headers["inin-ratelimit-count"] == "1"


def test_calls_are_counted_by_endpoint(sim, client):
    sim.requests.clear()
    client.get(f"/api/v2/conversations/{UNKNOWN}")
    client.get(f"/platform/api/v2/conversations/{UNKNOWN}")
    client.get(DETAILS)
    client.get(f"/api/v2/analytics/conversations/{UNKNOWN}/details")
    query(client, sim)
    client.get(HOOKS)
    client.get(f"{HOOKS}/{UNKNOWN}")
    client.get("/elsewhere")
    assert sim.requests == {
        "conversation": 2,
        "details": 2,
        "details_query": 1,
        "webhooks": 2,
        "other": 1,
    }


@pytest.mark.parametrize("prefix", ["", "/platform"])
def test_a_conversation_is_answered_in_the_rest_form(sim, client, prefix):
    conversation = sim.world.conversations[3]
    answer = client.get(f"{prefix}/api/v2/conversations/{conversation.id}")
    assert answer.json() == rest_conversation(conversation)
    assert sim.world.by_id(conversation.id.upper()) is None
    upper = client.get(f"{prefix}/api/v2/conversations/{conversation.id.upper()}")
    assert upper.json()["id"] == conversation.id


@pytest.mark.parametrize("path", ["/api/v2/conversations/{}", f"{DETAILS[:-8]}/{{}}/details"])
def test_an_unknown_conversation_is_404_in_the_platforms_shape(client, path):
    answer = client.get(path.format(UNKNOWN))
    assert answer.status_code == 404
    assert answer.json() == {
        "message": "The requested resource was not found.",
        "code": "not.found",
        "status": 404,
        "contextId": answer.headers["inin-correlation-id"],
        "details": [],
        "errors": [],
    }


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v2/conversations/xyz", "conversationId"),
        ("/api/v2/analytics/conversations/xyz/details", "conversationId"),
        (f"{DETAILS}?id=xyz", "id"),
        (f"{HOOKS}/xyz", "webhookId"),
    ],
)
def test_what_is_not_a_uuid_is_400_with_the_platforms_sentence(client, path, name):
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad.request")
    assert answer.json()["message"] == f"{name} xyz is not a valid UUID."


def test_an_unknown_path_is_404_and_a_wrong_method_405(client):
    assert client.get("/api/v2/nothing").json()["code"] == "not.found"
    wrong = client.post(f"/api/v2/conversations/{UNKNOWN}")
    assert (wrong.status_code, wrong.json()["status"]) == (405, 405)
    assert "GET" in wrong.headers["allow"]
    assert client.patch(HOOKS).status_code == 405


def test_details_of_one_are_answered_in_the_analytics_form(sim, client):
    conversation = sim.world.conversations[0]
    answer = client.get(f"/api/v2/analytics/conversations/{conversation.id}/details")
    assert answer.json() == analytics_conversation(conversation)


@pytest.mark.parametrize("form", ["?id={0},{1},{2}", "?id={0}&id={1}&id={2}", "?id={0},{0},{1}"])
def test_details_of_some_leave_out_unknown_ids(sim, client, form):
    first, second = (item.id for item in sim.world.conversations[:2])
    answer = client.get(DETAILS + form.format(first, second, UNKNOWN)).json()
    assert [item["conversationId"] for item in answer["conversations"]] == [first, second]


def test_details_without_an_id_are_400(client):
    assert client.get(f"{DETAILS}?id=,").json()["details"][0]["fieldName"] == "id"


def test_two_simulators_with_one_seed_answer_alike():
    def told(seed):
        with Simulator(seed, conversations=2) as sim:
            answer = httpx.get(f"{sim.url}{HOOKS}", trust_env=False)
            return sim.world.conversations[0].id, answer.json()["contextId"]

    assert told(7) == told(7) != told(8)


def test_the_description_is_ready_to_paste(sim):
    lines = sim.describe()
    text = "\n".join(lines)
    assert lines[0].endswith(sim.url)
    assert all(item.id in text for item in sim.world.conversations[:3])
    assert f"curl -s -u demo:demo -d grant_type=client_credentials {sim.url}/oauth/token" in text
    assert re.search(r"http://127\.0\.0\.1:8000/webhook/genesys/conversation -H .* -d '{", text)


def test_a_secret_of_ones_own_is_not_described():
    sim = Simulator(conversations=1, credentials=("me", "canary"))
    assert "canary" not in "\n".join(sim.describe())
    assert "canary" not in repr(sim._state)
