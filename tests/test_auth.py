from __future__ import annotations

import base64
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench.auth import ClientCredentials
from genesys_workbench.errors import (
    OAuthError,
    ServerError,
    SettingsError,
    Unauthorized,
)

from .api_fakes import LOGIN, SECRET, TOKEN, Api, FakeTime, client_of, credentials, error, token
from .auth_fakes import assert_hidden, auth_of, everything_printed, value

OK = httpx.Response(200, json={})
THREADS = 50


def in_threads(work):
    barrier = threading.Barrier(THREADS)

    def run(_):
        barrier.wait()
        try:
            return work()
        except Exception as exc:
            return exc

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def slow(answer):
    def handle(request):
        handle.count += 1
        time.sleep(0.05)
        return answer(handle.count)

    handle.count = 0
    return handle


def test_the_token_request_has_a_basic_header_and_the_grant_only():
    auth, host, _ = auth_of(token())
    value(auth)
    request = host.requests[0]
    expected = base64.b64encode(f"client-id:{SECRET}".encode()).decode()
    assert str(request.url) == f"{LOGIN}/oauth/token"
    assert request.headers["authorization"] == f"Basic {expected}"
    assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"]}


def test_the_form_style_sends_id_secret_and_scope_in_the_body():
    auth, host, _ = auth_of(
        token(), style="form", scope="webhooks:read", login_url="https://api.mypurecloud.com/"
    )
    value(auth)
    request = host.requests[0]
    assert str(request.url) == "https://api.mypurecloud.com/oauth/token"
    assert "authorization" not in request.headers
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["client-id"],
        "client_secret": [SECRET],
        "scope": ["webhooks:read"],
    }


def test_a_token_is_kept_until_30_seconds_before_it_expires():
    auth, host, time = auth_of(token("one", 3600), token("two", 3600))
    assert value(auth) == "one"
    time.now += 3569
    assert value(auth) == "one"
    time.now += 1
    assert value(auth) == "two"
    assert len(host.requests) == 2


def test_fifty_threads_ask_for_one_token_per_expiry():
    clock = FakeTime()
    host = slow(lambda n: token(f"tok{n}", 100))
    auth = credentials(httpx.MockTransport(host), clock)
    for expiry in range(1, 4):
        results = in_threads(lambda: value(auth))
        assert set(results) == {f"tok{expiry}"}
        assert host.count == expiry
        clock.now += 101


def test_fifty_threads_that_get_401_renew_the_token_once():
    revoked = threading.Event()

    def answer(request):
        good = f"Bearer {TOKEN}-2" if revoked.is_set() else f"Bearer {TOKEN}-1"
        return OK if request.headers["authorization"] == good else error(401, "bad.credentials")

    api = Api(answer)
    client = client_of(api)
    client.request("GET", "/api/v2/x")
    revoked.set()
    assert in_threads(lambda: client.request("GET", "/api/v2/x")) == [{}] * THREADS
    assert api.tokens == 2


def test_fifty_threads_share_one_failure_of_the_token_host():
    host = slow(lambda n: error(503))
    auth = credentials(httpx.MockTransport(host), FakeTime())
    results = in_threads(lambda: value(auth))
    assert {type(result) for result in results} == {ServerError}
    assert len({id(result) for result in results}) == THREADS
    assert host.count <= 2


def test_while_one_thread_renews_the_others_use_the_token_that_is_still_valid():
    clock, release, entered = FakeTime(), threading.Event(), threading.Event()
    answers = iter([token("old", 100), token("new", 100)])

    def host(request):
        answer = next(answers)
        if clock.now > 1000:
            entered.set()
            assert release.wait(5)
        return answer

    auth = credentials(httpx.MockTransport(host), clock)
    value(auth)
    clock.now += 75
    with ThreadPoolExecutor(1) as pool:
        renewal = pool.submit(value, auth)
        assert entered.wait(5)
        assert value(auth) == "old"
        release.set()
        assert renewal.result() == "new"


def test_a_valid_token_stays_in_use_while_the_token_host_fails_for_the_moment():
    auth, host, time = auth_of(token("one", 100), error(503), error(503), token("two", 100))
    value(auth)
    time.now += 75
    assert [value(auth) for _ in range(20)] == ["one"] * 20
    assert len(host.requests) == 2
    time.now += 5
    assert value(auth) == "one"
    time.now += 20
    assert value(auth) == "two"


def test_a_failing_token_host_is_an_error_once_the_token_has_expired():
    auth, _, time = auth_of(token("one", 100), error(503))
    value(auth)
    time.now += 101
    with pytest.raises(ServerError, match="login host failed"):
        value(auth)


def test_a_failure_just_before_the_token_expires_does_not_delay_the_next_try():
    auth, _, time = auth_of(token("one", 100), error(503), token("two", 100))
    value(auth)
    time.now += 98
    assert value(auth) == "one"
    time.now += 2
    assert value(auth) == "two"


def test_refused_credentials_are_an_error_although_a_token_is_still_valid():
    auth, _, time = auth_of(token("one", 100), httpx.Response(401, json={}))
    value(auth)
    time.now += 75
    with pytest.raises(OAuthError):
        value(auth)


@pytest.mark.parametrize(
    ("status", "words"), [(400, "client id is unknown"), (401, "secret is wrong"), (404, "login")]
)
def test_refused_credentials_name_the_settings_to_check(status, words):
    body = {"error": "invalid_client", "error_description": "authentication failed"}
    auth, _, _ = auth_of(httpx.Response(status, json=body))
    with pytest.raises(OAuthError, match=words) as caught:
        value(auth)
    text = str(caught.value)
    assert "GENESYS_CLOUD_CLIENT_ID" in text
    assert "genesys-workbench doctor" in text
    assert "authentication failed" in text
    assert (caught.value.status, caught.value.code) == (status, "invalid_client")
    assert not caught.value.transient


def test_refused_credentials_are_remembered_for_30_seconds():
    auth, host, time = auth_of(httpx.Response(401, json={"error": "invalid_client"}), token("new"))
    for _ in range(10):
        with pytest.raises(OAuthError):
            value(auth)
        time.now += 2.9
    assert len(host.requests) == 1
    time.now += 1.1
    assert value(auth) == "new"


def test_a_failed_token_request_is_tried_again_by_the_client():
    answers = iter([error(503), token()])

    def host(request):
        return next(answers) if request.url.path == "/oauth/token" else OK

    assert client_of(host).request("GET", "/api/v2/x") == {}


def test_one_401_renews_the_token_and_repeats_the_request():
    api = Api(error(401, "credentials.expired"), httpx.Response(200, json={"a": 1}))
    body = {"name": "x"}
    assert client_of(api).request("POST", "/api/v2/x", json=body) == {"a": 1}
    assert [r.headers["authorization"] for r in api.calls] == [
        f"Bearer {TOKEN}-1",
        f"Bearer {TOKEN}-2",
    ]
    assert api.calls[0].content == api.calls[1].content != b""


def test_a_second_401_is_final():
    api = Api(error(401, "bad.credentials", "Invalid login credentials."))
    with pytest.raises(Unauthorized):
        client_of(api).request("GET", "/api/v2/x")
    assert (len(api.calls), api.tokens) == (2, 2)


def test_a_token_that_is_refused_although_it_is_new_is_not_renewed_for_30_seconds():
    api, time = Api(error(401, "bad.credentials", "Invalid login credentials.")), FakeTime()
    client = client_of(api, time)
    for passed, tokens in ((0, 2), (29, 2), (2, 3)):
        time.now += passed
        with pytest.raises(Unauthorized):
            client.request("GET", "/api/v2/x")
        assert api.tokens == tokens


def test_only_the_token_that_failed_is_dropped():
    auth, host, _ = auth_of(token("one"), token("two"))
    refused = httpx.Response(401)
    late, early = (auth.auth_flow(httpx.Request("GET", LOGIN)) for _ in range(2))
    for flow in (late, early):
        assert next(flow).headers["authorization"] == "Bearer one"
    for flow in (early, late):
        assert flow.send(refused).headers["authorization"] == "Bearer two"
    assert len(host.requests) == 2


def test_a_401_with_an_endless_body_is_cut_short():
    def endless():
        while True:
            endless.sent += 65536
            yield b"x" * 65536

    endless.sent = 0

    def host(request):
        if request.url.path == "/oauth/token":
            return token()
        return httpx.Response(401, content=endless())

    with pytest.raises(Unauthorized):
        client_of(host).request("GET", "/api/v2/x")
    assert endless.sent <= 4 * 65536


@pytest.mark.parametrize(
    "url",
    [
        *("login.mypurecloud.com", "ftp://example.com", "https://u:p@x/", ""),
        *("https://a..b", f"https://{'x' * 64}.example"),
    ],
)
def test_a_login_url_that_is_none_is_a_settings_error(url):
    with pytest.raises(SettingsError, match="GENESYS_CLOUD_LOGIN_URL"):
        ClientCredentials("id", SecretStr(SECRET), login_url=url)


def test_a_secret_that_no_encoding_can_carry_is_a_settings_error():
    with pytest.raises(SettingsError) as caught:
        ClientCredentials("id", SecretStr(SECRET + "\udce9"), login_url=LOGIN)
    assert_hidden(everything_printed(caught.value))
