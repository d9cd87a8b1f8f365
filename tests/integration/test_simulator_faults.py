"""Faults on purpose: each knob does on the wire what its name says."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import httpx
import pytest

from genesys_workbench.errors import SettingsError
from genesys_workbench.simulator.faults import Fault, Faults
from genesys_workbench.simulator.injection import faulty_answer
from genesys_workbench.simulator.server import Simulator

CONVERSATION = "/api/v2/conversations/{}"


@pytest.fixture(scope="module")
def running():
    with (
        Simulator(conversations=5, rate_limit=100_000) as sim,
        httpx.Client(base_url=sim.url, trust_env=False, timeout=5) as client,
    ):
        client.headers["Authorization"] = f"Bearer {sim._state.tokens.issue()}"
        yield SimpleNamespace(sim=sim, client=client)


@pytest.fixture
def sim(running):
    yield running.sim
    running.sim.faults.clear()


@pytest.fixture
def client(running):
    return running.client


@pytest.fixture
def path(sim):
    return CONVERSATION.format(sim.world.conversations[0].id)


def server_errors(caplog):
    return [record for record in caplog.records if record.name == "uvicorn.error"]


def test_without_a_fault_all_is_well(client, path):
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad.request"),
        (401, "bad.credentials"),
        (403, "not.authorized"),
        (404, "not.found"),
        (405, "method.not.allowed"),
        (415, "unsupported.media.type"),
        (429, "too.many.requests"),
        (500, "internal.server.error"),
        (503, "service.unavailable"),
        (504, "request.timeout"),
        (418, "http.418"),
    ],
)
def test_a_status_comes_with_the_platforms_body_and_headers(sim, client, path, status, code):
    sim.faults.add(Fault("conversation", status=status, count=1))
    answer = client.get(path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.json()["code"] == code
    assert answer.json()["contextId"] == answer.headers["inin-correlation-id"]
    assert answer.headers["inin-ratelimit-allowed"] == "100000"
    assert "retry-after" not in answer.headers
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("value", ["7", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"])
def test_a_retry_after_is_sent_as_given(sim, client, path, value):
    sim.faults.add(Fault("conversation", status=429, retry_after=value))
    assert client.get(path).headers["retry-after"] == value


def test_a_refused_token_has_the_shape_of_oauth(sim, client):
    sim.faults.add(Fault("token", status=401, count=1))
    sim.faults.add(Fault("token", status=400, count=1))
    sim.faults.add(Fault("token", status=503, count=1))
    answers = [client.post("/oauth/token") for _ in range(3)]
    assert [a.status_code for a in answers] == [401, 400, 503]
    assert answers[0].json()["description"] == "authentication failed"
    assert answers[1].json()["error"] == "invalid_client"
    assert answers[2].json()["code"] == "service.unavailable"


def test_a_redirect_can_be_made_of_status_and_headers(sim, client, path):
    sim.faults.add(Fault("*", status=302, headers={"Location": "http://example.org/"}))
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (302, b"")
    assert answer.headers["location"] == "http://example.org/"


def test_garbage_is_answered_byte_for_byte(sim, client, path):
    sim.faults.add(Fault("conversation", body=b"\xff<html>", count=1))
    sim.faults.add(Fault("conversation", body=b"oops", status=502, count=1))
    first, second = client.get(path), client.get(path)
    assert (first.status_code, first.content) == (200, b"\xff<html>")
    assert (second.status_code, second.content) == (502, b"oops")


def test_a_dropped_connection_gives_no_answer_at_all(sim, client, path, caplog):
    sim.faults.add(Fault("conversation", drop=True, count=1))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.get(path)
    assert client.get(path).status_code == 200
    assert server_errors(caplog) == []


def test_a_truncated_answer_announces_more_than_it_brings(sim, client, path, caplog):
    whole = client.get(path).content
    sim.faults.add(Fault("conversation", truncate=True, count=1))
    with client.stream("GET", path) as answer:
        assert int(answer.headers["content-length"]) == len(whole)
        received = answer.iter_raw()
        assert next(received) == whole[: len(whole) // 2]
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            next(received)
    assert client.get(path).content == whole
    assert server_errors(caplog) == []


def test_a_delay_holds_the_true_answer_back(sim, client, path):
    sim.faults.add(Fault("conversation", delay=0.15, count=1))
    start = time.monotonic()
    assert client.get(path).status_code == 200
    assert time.monotonic() - start >= 0.15


def test_a_delay_outlasts_an_impatient_client(sim, client, path):
    sim.faults.add(Fault("conversation", delay=0.3, count=1))
    with pytest.raises(httpx.ReadTimeout):
        client.get(path, timeout=0.05)


def test_a_header_can_be_added_to_the_true_answer(sim, client, path):
    sim.faults.add(Fault("conversation", headers={"X-Odd": "1"}))
    answer = client.get(path)
    assert (answer.status_code, answer.headers["x-odd"]) == (200, "1")


@pytest.mark.parametrize(
    ("endpoint", "call"),
    [
        ("token", ("POST", "/login/oauth/token")),
        ("conversation", ("GET", "/platform/api/v2/conversations/x")),
        ("details", ("GET", "/api/v2/analytics/conversations/details")),
        ("details", ("GET", "/api/v2/analytics/conversations/x/details")),
        ("details_query", ("POST", "/api/v2/analytics/conversations/details/query")),
        ("webhooks", ("GET", "/api/v2/webhooks")),
        ("webhooks", ("DELETE", "/api/v2/webhooks/x")),
    ],
)
def test_a_fault_befalls_its_own_endpoint_only(sim, client, path, endpoint, call):
    sim.faults.add(Fault(endpoint, status=599))
    assert client.request(*call).status_code == 599
    sim.faults.clear()
    for other in ("token", "conversation", "details", "details_query", "webhooks"):
        if other != endpoint:
            sim.faults.add(Fault(other, status=599))
    assert client.request(*call).status_code != 599


def test_a_fault_of_all_endpoints_befalls_even_an_unknown_path(sim, client):
    sim.faults.add(Fault(status=503))
    assert client.get("/elsewhere").status_code == 503
    assert client.post("/oauth/token").status_code == 503


def test_a_spoilt_call_is_counted(sim, client, path):
    sim.requests.clear()
    sim.faults.add(Fault("conversation", status=500, count=2))
    assert [client.get(path).status_code for _ in range(3)] == [500, 500, 200]
    assert sim.requests == {"conversation": 3}


# --- which call is befallen


def strikes(faults, calls, endpoint="conversation"):
    return [faults.take(endpoint) is not None for _ in range(calls)]


def test_a_counted_fault_befalls_exactly_so_many_calls():
    faults = Faults()
    faults.add(Fault("conversation", status=500, count=3))
    assert strikes(faults, 2, endpoint="token") == [False, False]
    assert strikes(faults, 5) == [True, True, True, False, False]


def test_a_share_is_drawn_from_the_seed():
    def drawn(seed):
        faults = Faults(seed)
        faults.add(Fault("conversation", status=500, share=0.3))
        return strikes(faults, 1000)

    assert drawn(1) == drawn(1) != drawn(2)
    assert 250 <= sum(drawn(1)) <= 350


def test_the_first_added_fault_counts_until_it_is_used_up():
    faults = Faults()
    faults.add(Fault("conversation", status=401, count=1))
    faults.add(Fault("*", status=500))
    assert [faults.take("conversation").status for _ in range(2)] == [401, 500]


def test_many_threads_share_a_count_exactly():
    faults, taken = Faults(), []
    faults.add(Fault("*", status=500, count=100))
    threads = [threading.Thread(target=lambda: taken.extend(strikes(faults, 50))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), sum(taken)) == (400, 100)


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"endpoint": "tokens"}, "details_query, queues, webhooks"),
        ({"status": 99}, "200 to 599"),
        ({"delay": -1}, "delay"),
        ({"count": 0}, "count"),
        ({"share": 1.5}, "share"),
    ],
)
def test_a_knob_out_of_range_is_refused(knobs, says):
    with pytest.raises(SettingsError, match=says):
        Fault(**knobs)


def test_an_answer_of_its_own_keeps_the_correlation_id():
    answer = faulty_answer(Fault(status=500), "conversation", "the-id")
    assert b'"contextId":"the-id"' in answer.body


# --- the knobs over HTTP


def test_faults_are_set_read_and_cleared_over_http(sim, client, path):
    knobs = {"endpoint": "conversation", "status": 503, "body": "busy", "count": 2}
    made = client.post("/_sim/faults", json=knobs)
    assert made.status_code == 201
    assert client.get(path).text == "busy"
    left = {"endpoint": "conversation", "status": 503, "body": "4 bytes", "count": 1}
    assert client.get("/_sim/faults").json() == [left]
    assert client.delete("/_sim/faults").status_code == 204
    assert client.get("/_sim/faults").json() == []
    assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("knobs", "says"),
    [
        ({"status": "many"}, "not valid: status"),
        ({"stauts": 500}, "stauts is not one of"),
        ({"status": 9}, "200 to 599"),
    ],
)
def test_a_wrong_knob_over_http_is_400_and_named(sim, client, knobs, says):
    answer = client.post("/_sim/faults", json=knobs)
    assert answer.status_code == 400
    assert says in answer.json()["message"]
    assert sim.faults.listing() == []


def test_a_web_page_cannot_turn_the_knobs_with_a_form(sim, client):
    assert client.post("/_sim/faults", data={"status": "500"}).status_code == 415
    assert sim.faults.listing() == []
