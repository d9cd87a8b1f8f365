from __future__ import annotations

import base64
import logging
import pickle

import httpx
import pytest

from genesys_workbench.errors import (
    OAuthError,
    ServerError,
    Unreachable,
)

from .api_fakes import SECRET, TOKEN, Api, client_of, error, token
from .auth_fakes import assert_hidden, auth_of, everything_printed


def test_secret_and_token_are_in_no_repr_and_in_no_state():
    auth, _, _ = auth_of(token())
    auth.token()
    assert_hidden(f"{auth!r} {auth} {vars(auth)} {auth.token()!r}")
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        pickle.dumps(auth)
    assert_hidden(everything_printed(caught.value))


@pytest.mark.parametrize("style", ["basic", "form"])
def test_secret_and_token_are_in_no_log_and_no_traceback(caplog, style):
    caplog.set_level(logging.DEBUG)
    hostile = (
        f"secret {SECRET} of Basic {base64.b64encode(f'client-id:{SECRET}'.encode()).decode()}"
    )
    answers = [
        httpx.Response(401, json={"error": "invalid_client", "description": hostile}),
        httpx.Response(500, text=SECRET),
        httpx.ConnectError("refused"),
    ]
    for answer in answers:
        auth, _, _ = auth_of(answer, style=style)
        with pytest.raises((OAuthError, ServerError, Unreachable)) as caught:
            auth.token()
        assert_hidden(everything_printed(caught.value))
    assert_hidden(caplog.text)


def test_the_token_is_in_no_error_of_an_api_call(caplog):
    caplog.set_level(logging.DEBUG)
    echo = error(403, "not.authorized", f"no right for Bearer {TOKEN}-1")
    for step in (echo, httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("garbage")):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            client_of(Api(step), attempts=1).request("GET", "/api/v2/x")
        assert_hidden(everything_printed(caught.value))
    assert "HTTP Request" in caplog.text
    assert_hidden(caplog.text)
