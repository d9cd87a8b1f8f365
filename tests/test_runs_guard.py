"""Secrets are refused as parameters, and washed out of errors and logs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from genesys_workbench.errors import UsageError
from genesys_workbench.runs.guard import known_secrets, refuse_secrets, washed
from genesys_workbench.settings import load_settings

NONE: frozenset[str] = frozenset()


def test_secrets_are_what_the_settings_hide_and_the_passwords_within_urls() -> None:
    settings = load_settings(
        webhook_secret=SecretStr("a webhook secret"),
        broker_url=SecretStr("amqp://me:p%40ss-of-broker@host"),
        database_url=SecretStr("postgresql://me@host/db"),
    )
    assert known_secrets(settings) == {"a webhook secret", "p%40ss-of-broker", "p@ss-of-broker"}
    assert known_secrets(load_settings()) == NONE


@pytest.mark.parametrize("name", ["client_secret", "ACCESS_TOKEN", "password", "apikey", "api_key"])
def test_a_name_that_looks_like_a_secret_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        refuse_secrets({"events": "1", name: "abc-value"}, NONE)
    assert f"The name of the parameter {name!r}" in caught.value.what
    assert "in the environment or in .env" in caught.value.fix
    assert "abc-value" not in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "hunter2",
        "prefix-long-enough-suffix",
        "amqp://me:pw@host",
        "Bearer abcdefgh12345",
        "token=abc",
        ["voice", "hunter2"],
    ],
)
def test_a_value_that_is_or_looks_like_a_secret_is_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="The value of the parameter 'source'") as caught:
        refuse_secrets({"source": value}, ["hunter2", "long-enough"])
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("value", ["hunter22", "http://127.0.0.1:8000", 5, None, ["voice"], ""])
def test_other_values_are_none(value: Any) -> None:
    refuse_secrets({"source": value}, ["hunter2"])


def test_errors_and_logs_are_washed_of_known_secrets_and_of_what_looks_like_one() -> None:
    text = "KeyError: 'a-long-secret' at amqp://me:pw@host for ann@example.org, +44 20 7946 0000"
    clean = "KeyError: '***' at amqp://me:***@host for <e-mail>, <number>"
    assert washed(text, ["a-long-secret", "short"]) == clean
    assert washed("a-long-secretive word, short", ["a-long-secret", "short"]) == (
        "a-long-secretive word, short"
    )
