from __future__ import annotations

import gzip
import logging
import traceback

import httpx
import pytest

from genesys_workbench.errors import (
    BadResponse,
    ServerError,
    Unreachable,
)

from .api_fakes import PATH, FakeTime, client_and_time, client_of, token


def test_a_redirect_is_a_bad_response_and_is_not_followed():
    client, api, _ = client_and_time(
        httpx.Response(302, headers={"Location": "https://x.example/"})
    )
    with pytest.raises(BadResponse, match="never redirects"):
        client.request("GET", PATH)
    assert len(api.calls) == 1


def test_an_answer_above_32_mib_is_not_read_further():
    sent = []

    def huge(request):
        if request.url.path == "/oauth/token":
            return token()
        chunk = b"x" * 2**20
        return httpx.Response(200, content=(sent.append(1) or chunk for _ in range(1000)))

    with pytest.raises(BadResponse, match="32 MiB"):
        client_of(huge).request("GET", PATH)
    assert len(sent) == 33


def test_a_compressed_bomb_is_not_read_further():
    bomb = gzip.compress(b"0" * (40 * 2**20))

    def handle(request):
        if request.url.path == "/oauth/token":
            return token()
        pieces = (bomb[i : i + 1024] for i in range(0, len(bomb), 1024))
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=pieces)

    with pytest.raises(BadResponse, match="32 MiB"):
        client_of(handle).request("GET", PATH)


def test_an_answer_that_drips_for_longer_than_a_minute_is_given_up():
    time = FakeTime()

    def drip(request):
        if request.url.path == "/oauth/token":
            return token()

        def body():
            while True:
                time.now += 5
                yield b" "

        return httpx.Response(200, content=body())

    with pytest.raises(Unreachable, match="did not end in time"):
        client_of(drip, time, attempts=1).request("GET", PATH)
    assert time.now < 1000 + 70


def test_an_error_body_of_any_length_is_cut_short():
    sent = []

    def handle(request):
        if request.url.path == "/oauth/token":
            return token()
        return httpx.Response(500, content=(sent.append(1) or b"x" * 2**16 for _ in range(1000)))

    with pytest.raises(ServerError):
        client_of(handle, attempts=1).request("GET", PATH)
    assert len(sent) <= 2


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ConnectError("[Errno -2] Name or service not known"), Unreachable),
        (httpx.ConnectTimeout(""), Unreachable),
        (httpx.ReadTimeout(""), Unreachable),
        (httpx.ReadError("reset"), Unreachable),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), Unreachable),
        (httpx.RemoteProtocolError("peer closed connection"), BadResponse),
        (httpx.DecodingError("not gzip"), BadResponse),
    ],
)
def test_a_failed_connection_is_one_class_and_keeps_its_cause_without_frames(failure, kind):
    client, api, _ = client_and_time(failure)
    with pytest.raises(kind, match=f"GET {PATH}") as caught:
        client.request("GET", PATH)
    assert len(api.calls) == 4
    assert isinstance(caught.value.__cause__, type(failure))
    assert caught.value.__cause__.__traceback__ is None


def test_personal_data_of_an_answer_is_in_no_traceback_and_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    client, _, _ = client_and_time(httpx.Response(200, content=b'{"ani": "+12025550143", broken'))
    with pytest.raises(BadResponse) as caught:
        client.request("GET", PATH)
    frames = caught.value.__traceback__.tb_next
    printed = traceback.TracebackException(BadResponse, caught.value, frames, capture_locals=True)
    assert "2025550143" not in "".join(printed.format()) + caplog.text
