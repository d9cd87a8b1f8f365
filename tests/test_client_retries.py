from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from genesys_workbench.errors import (
    BadRequest,
    BadResponse,
    Forbidden,
    NotFound,
    RateLimited,
    ServerError,
    Unreachable,
)

from .api_fakes import OK, PATH, FakeTime, client_and_time, client_of, error, token


@pytest.mark.parametrize(
    "failure",
    [*(error(status) for status in (500, 502, 503, 504)), httpx.ReadTimeout(""), error(429)],
)
def test_a_transient_error_is_tried_again(failure):
    client, _api, time = client_and_time(failure, failure, OK)
    assert client.request("GET", PATH) == {"id": "c1"}
    assert time.slept == [0.5, 1.0]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 501])
def test_an_error_that_stays_is_not_tried_again(status):
    client, api, _ = client_and_time(error(status))
    with pytest.raises((BadRequest, Forbidden, NotFound, ServerError)):
        client.request("GET", PATH)
    assert len(api.calls) == 1


def test_backoff_doubles_is_capped_and_has_full_jitter():
    client, _, time = client_and_time(error(502), attempts=9, max_wait=1000, rng=lambda: 0.5)
    with pytest.raises(ServerError):
        client.request("GET", PATH)
    assert time.slept == [0.25, 0.5, 1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize("failure", [error(429), error(503), httpx.ConnectError("refused")])
def test_a_creating_post_is_tried_again_if_it_was_not_processed(failure):
    client, _api, _ = client_and_time(failure, OK)
    assert client.request("POST", "/api/v2/webhooks", json={}) == {"id": "c1"}


@pytest.mark.parametrize(
    "failure",
    [error(500), error(502), error(504), httpx.ReadTimeout(""), httpx.Response(201, text="x")],
)
def test_a_creating_post_is_not_tried_again_if_it_may_have_been_processed(failure):
    client, api, _ = client_and_time(failure, OK)
    with pytest.raises((ServerError, Unreachable, BadResponse)):
        client.request("POST", "/api/v2/webhooks", json={})
    assert len(api.calls) == 1


def test_a_query_is_tried_again_although_it_is_a_post():
    client, _, _ = client_and_time(httpx.ReadTimeout(""), httpx.Response(200, json={}))
    assert list(client.query_details("2026-01-01/2026-01-02")) == []


def test_retry_after_in_seconds_is_kept():
    client, _, time = client_and_time(error(429, headers={"Retry-After": "7"}), OK)
    client.request("GET", PATH)
    assert time.slept == [7.5]


@pytest.mark.parametrize("date", [True, False])
def test_retry_after_as_a_date_is_kept(date):
    now = datetime.now(UTC)
    at = now - timedelta(hours=3) if date else now
    headers = {"Retry-After": format_datetime(at + timedelta(seconds=30), usegmt=True)}
    if date:
        headers["Date"] = format_datetime(at, usegmt=True)
    client, _, time = client_and_time(error(503, headers=headers), OK, rng=lambda: 0.0)
    client.request("GET", PATH)
    assert time.slept == [pytest.approx(30, abs=2)]


@pytest.mark.parametrize("garbage", ["soon", "-3", "nan", "inf", "Mon, 99 Foo 2026", "9" * 400])
def test_retry_after_that_is_garbage_falls_back_to_backoff(garbage):
    client, _, time = client_and_time(error(503, headers={"Retry-After": garbage}), OK)
    client.request("GET", PATH)
    assert time.slept == [0.5]


def test_a_retry_after_in_the_past_is_no_wait():
    headers = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    client, _, time = client_and_time(error(429, headers=headers), OK, rng=lambda: 0.0)
    client.request("GET", PATH)
    assert sum(time.slept) == 0


def test_a_429_without_retry_after_waits_for_the_reset_of_the_window():
    headers = {"inin-ratelimit-reset": "12", "Retry-After": "x"}
    client, _, time = client_and_time(error(429, headers=headers), OK)
    client.request("GET", PATH)
    assert sum(time.slept) == 12.5


def test_a_429_without_any_header_waits_as_its_message_says():
    message = "Rate limit exceeded the maximum. Retry the request in [9] seconds"
    client, _, time = client_and_time(error(429, "too.many.requests", message), OK)
    client.request("GET", PATH)
    assert sum(time.slept) == 9.5


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimited), (503, ServerError)])
def test_a_wait_above_max_wait_is_raised_at_once_with_its_seconds(status, kind):
    answer = error(status, headers={"Retry-After": "45"})
    client, api, time = client_and_time(answer, OK, max_wait=2.0)
    with pytest.raises(kind) as caught:
        client.request("GET", PATH)
    assert caught.value.retry_after == 45
    assert time.slept == []
    assert len(api.calls) == 1


def test_the_waits_of_one_call_add_up_to_max_wait_at_most():
    answer = error(429, headers={"Retry-After": "4"})
    client, _api, time = client_and_time(answer, max_wait=10.0, rng=lambda: 0.0)
    with pytest.raises(RateLimited):
        client.request("GET", PATH)
    assert time.slept == [4, 4]


def test_an_absurd_retry_after_is_cut_to_an_hour():
    client, _, _ = client_and_time(error(429, headers={"Retry-After": "99999999"}))
    with pytest.raises(RateLimited) as caught:
        client.request("GET", PATH)
    assert caught.value.retry_after == 3600


def test_after_a_429_other_calls_wait_too():
    client, api, time = client_and_time(error(429, headers={"Retry-After": "30"}), OK, max_wait=1.0)
    for _ in range(2):
        with pytest.raises(RateLimited):
            client.request("GET", PATH)
    assert len(api.calls) == 1
    time.now += 30
    assert client.request("GET", PATH) == {"id": "c1"}


def test_the_allowance_of_the_answers_keeps_the_server_from_answering_429():
    time = FakeTime()
    server = Server(allowed=20, clock=time.clock)
    client = client_of(server, time, max_wait=600)
    for _ in range(100):
        client.request("GET", PATH)
    assert server.refused == 0
    assert 240 <= sum(time.slept) <= 260


def test_many_threads_do_not_provoke_a_429():
    time = FakeTime()
    server = Server(allowed=30, clock=time.clock)
    client = client_of(server, time, max_wait=0)

    def call(_):
        try:
            return client.request("GET", PATH)
        except RateLimited:
            return None

    call(0)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(call, range(60)))
    assert server.refused == 0
    assert sum(answer is not None for answer in answers) == 29


class Server:
    """Count calls in windows of a minute, as the platform does."""

    def __init__(self, *, allowed, clock):
        self.allowed, self.clock = allowed, clock
        self.refused = self.count = 0
        self.ends = 0.0

    def __call__(self, request):
        if request.url.path == "/oauth/token":
            return token()
        if self.clock() >= self.ends:
            self.ends, self.count = self.clock() + 60, 0
        self.count += 1
        reset = str(int(self.ends - self.clock()))
        headers = {
            "inin-ratelimit-count": str(self.count),
            "inin-ratelimit-allowed": str(self.allowed),
            "inin-ratelimit-reset": reset,
        }
        if self.count > self.allowed:
            self.refused += 1
            return error(429, headers=headers | {"Retry-After": reset})
        return httpx.Response(200, json={"id": "c1"}, headers=headers)
