"""Which clock counts: signatures go by the wall's, tokens by one that never jumps."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench import auth, authenticity, tokens
from genesys_workbench.auth import ClientCredentials

JUMPS = (3600, -7200, 86400 * 365)


def test_a_jump_of_the_wall_clock_changes_nothing_of_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[httpx.Request] = []

    def login(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"access_token": f"t-{len(asked)}", "expires_in": 3600})

    credentials = ClientCredentials(
        "id",
        SecretStr("secret"),
        login_url="https://login.example",
        transport=httpx.MockTransport(login),
    )
    first, wall = credentials.token(), time.time
    for jump in JUMPS:
        monkeypatch.setattr(time, "time", lambda jump=jump: wall() + jump)
        assert credentials.token() == first
        assert 3500 < credentials.valid_for() <= 3600
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("module", "clocks"),
    [(auth, {"time.monotonic"}), (tokens, set()), (authenticity, {"time.time"})],
)
def test_no_other_clock_is_read(module: object, clocks: set[str]) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))  # type: ignore[attr-defined]
    read = {ast.unparse(each) for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    assert {each for each in read if each.startswith(("time.", "datetime."))} == clocks
