"""The sender's side: the proof of origin, and a command that sends the same bytes."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from pydantic import SecretStr

from genesys_workbench.authenticity import Verifier
from genesys_workbench.errors import WorkbenchError
from genesys_workbench.posting import as_curl, send_fixture, signer_of
from genesys_workbench.settings import load_settings

URL = "http://127.0.0.1:8000/webhook/genesys/conversation"
# Stands in for curl: tells its arguments, and what is piped into it
CURL = """curl() {
    for each in "$@"; do printf '%s\\0' "$each"; done
    case "$*" in *@-) cat;; esac
}
"""


def run(command: str, **environment: str) -> list[bytes]:
    """Return what a shell makes of a command: curl's arguments, then its standard input."""
    found = subprocess.run(
        ["sh", "-c", CURL + command],
        capture_output=True,
        check=True,
        env={**os.environ, **environment},
        timeout=20,
    )
    assert found.stderr == b""
    return found.stdout.split(b"\0")


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        "it's \"quoted\" and 'quoted'",
        "two\nlines\n",
        "$HOME `id` $(id) \\ ! *",
        "Zoë 日本 😀",
        "@/etc/passwd",
        "",
        "-x",
    ],
)
def test_a_shell_gives_curl_the_very_bytes(text: str) -> None:
    command = as_curl(text.encode(), URL, content_type="application/json")
    *arguments, _ = run(command)
    assert arguments[-2:] == [b"--data-raw", text.encode()]
    assert arguments[:4] == [b"-sS", URL.encode(), b"-H", b"Content-Type: application/json"]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"nul \0 byte", bytes(range(256))])
def test_bytes_that_no_argument_can_hold_are_piped(body: bytes) -> None:
    told = b"\0".join(run(as_curl(body, URL, content_type="application/json")))
    assert told.endswith(b"--data-binary\0@-\0" + body)


def test_the_secret_is_taken_from_the_environment_and_never_written() -> None:
    command = as_curl(b"{}", URL, content_type="a/b", secret_header="X-Webhook-Secret")
    arguments = run(command, WORKBENCH_WEBHOOK_SECRET="it's $ecret")
    assert b"X-Webhook-Secret: it's $ecret" in arguments
    assert "ecret" not in command.replace("X-Webhook-Secret", "")


def test_a_content_type_cannot_break_out() -> None:
    odd = "a/b'; touch /tmp/never; '"
    assert f"Content-Type: {odd}".encode() in run(as_curl(b"{}", URL, content_type=odd))


@pytest.mark.parametrize("scheme", ["header", "standard", "hub"])
def test_the_proof_is_the_one_that_the_receiver_takes_first(scheme: str) -> None:
    settings = load_settings(webhook_secret=SecretStr("a secret"), webhook_auth=scheme)
    signer = signer_of(settings)
    assert signer is not None
    body = json.dumps({"conversationId": "c"}).encode()
    headers = signer.headers(body, message_id="m", timestamp=1_000)
    told = {name.lower(): value for name, value in headers.items()}
    verifier = Verifier([SecretStr("a secret")], schemes=[scheme], clock=lambda: 1_000)  # type: ignore[list-item]
    verifier.check({**told, "X-Webhook-Secret": told.get("x-webhook-secret", "")}, body)


def test_where_no_receiver_answers_the_error_says_how_to_start_one() -> None:
    with pytest.raises(WorkbenchError, match="No receiver answers") as raised:
        next(send_fixture(load_settings(), "http://127.0.0.1:1/", name="voice-inbound"))
    assert "genesys-workbench receive" in raised.value.fix
