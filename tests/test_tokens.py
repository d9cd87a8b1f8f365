from __future__ import annotations

import httpx
import pytest

from genesys_workbench.errors import BadResponse, RateLimited, Unreachable

from .api_fakes import TOKEN, error, token
from .auth_fakes import assert_hidden, auth_of, everything_printed, value


@pytest.mark.parametrize("told", [None, "soon", True, -5, 0, 1e999, [], {}])
def test_a_missing_or_absurd_lifetime_counts_as_five_minutes(told):
    body = {"access_token": TOKEN, "expires_in": told}
    if told == 1e999:
        answer = httpx.Response(200, content=b'{"access_token": "tok", "expires_in": 1e999}')
    else:
        answer = httpx.Response(200, json=body)
    auth, host, time = auth_of(answer)
    value(auth)
    time.now += 269
    value(auth)
    assert len(host.requests) == 1
    time.now += 1
    value(auth)
    assert len(host.requests) == 2


def test_a_lifetime_of_years_is_cut_to_two_days():
    auth, host, time = auth_of(token(expires_in=10**12))
    value(auth)
    time.now += 2 * 86400 - 30
    value(auth)
    assert len(host.requests) == 2


def test_a_short_lifetime_is_used_for_its_first_half():
    auth, host, time = auth_of(token(expires_in="2"))
    value(auth)
    time.now += 0.9
    value(auth)
    assert len(host.requests) == 1
    time.now += 0.2
    value(auth)
    assert len(host.requests) == 2


def test_a_limit_of_the_token_host_is_kept_and_counted_down():
    auth, host, time = auth_of(error(429, headers={"Retry-After": "20"}), token("new"))
    for left in (20.0, 13.0):
        with pytest.raises(RateLimited) as caught:
            value(auth)
        assert caught.value.retry_after == left
        time.now += 7
    time.now += 6
    assert value(auth) == "new"
    assert len(host.requests) == 2


def test_a_limit_without_a_time_holds_for_a_second():
    auth, host, time = auth_of(error(429), token("new"))
    with pytest.raises(RateLimited):
        value(auth)
    time.now += 1
    assert value(auth) == "new"
    assert len(host.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.ConnectError("[Errno 111] refused"), Unreachable),
        (httpx.ReadTimeout("slow"), Unreachable),
        (error(408), Unreachable),
        (httpx.Response(302, headers={"Location": "https://example.com/"}), BadResponse),
        (httpx.Response(200, text="<html>"), BadResponse),
        (httpx.Response(200, json={"access_token": f"{TOKEN}\nX: y"}), BadResponse),
        (httpx.Response(200, json={"access_token": f"é{TOKEN}"}), BadResponse),
        (httpx.Response(200, json=[TOKEN]), BadResponse),
        (httpx.Response(200, content=b'{"access_token": "' + TOKEN.encode()), BadResponse),
    ],
)
def test_other_failures_of_the_token_host_are_transient_errors(answer, kind):
    auth, _, _ = auth_of(answer)
    with pytest.raises(kind) as caught:
        value(auth)
    assert caught.value.transient
    assert_hidden(everything_printed(caught.value))
