"""What may be a webhook secret: nothing that lets in everybody, or that no sender could prove."""

from __future__ import annotations

import base64

import pytest
from pydantic import SecretStr

from genesys_workbench.errors import SettingsError
from genesys_workbench.settings import load_settings
from genesys_workbench.webhook_secrets import is_weak, standard_key

WHSEC = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize("name", ["webhook_secret", "webhook_secret_previous"])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "must not be blank"),
        ("  \t", "must not be blank"),
        ("s3cret-of-the-hook\n", "begin or end with a blank"),
        (" s3cret-of-the-hook", "begin or end with a blank"),
        ("s3cret\x00of-the-hook", "not printable"),
        ("s3cret-\udcff-of-the-hook", "not printable"),
        ("whsec_", "not base64"),
        ("whsec_s3cret-of-the-hook", "not base64"),
        ("whsec_schlüssel", "not base64"),
    ],
)
def test_a_secret_that_proves_nothing_is_refused_at_the_start_and_not_told(
    name: str, value: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(**{"webhook_secret": "the-other-secret", name: value})
    assert f"WORKBENCH_{name.upper()}" in str(caught.value)
    hidden = value.strip().removeprefix("whsec_")
    assert hidden == "" or hidden not in f"{caught.value} {caught.value.__cause__}"


def test_a_blank_variable_is_refused_and_not_taken_for_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKBENCH_WEBHOOK_SECRET", " ")
    with pytest.raises(SettingsError, match="must not be blank"):
        load_settings()


def test_a_previous_secret_alone_is_half_a_rotation() -> None:
    with pytest.raises(SettingsError, match="WORKBENCH_WEBHOOK_SECRET_PREVIOUS is set without"):
        load_settings(webhook_secret_previous="the-old-secret")


@pytest.mark.parametrize("value", [WHSEC, WHSEC.rstrip("="), "gehäm 5", "x" * 5000])
def test_any_other_text_is_taken(value: str) -> None:
    assert load_settings(webhook_secret=value).webhook_secret == SecretStr(value)


def test_the_key_of_standard_webhooks_is_the_base64_text_after_the_prefix() -> None:
    assert standard_key(WHSEC) == standard_key(WHSEC.rstrip("=")) == b"k" * 32


@pytest.mark.parametrize(
    ("value", "weak"),
    [("k" * 15, True), ("k" * 16, False), ("whsec_" + "a" * 16, True), (WHSEC, False)],
)
def test_a_secret_of_less_than_16_characters_or_bytes_is_weak(value: str, weak: bool) -> None:
    assert is_weak(SecretStr(value)) is weak
