"""Shared secret, Standard Webhooks (the reference implementation sends), X-Hub-Signature."""

from __future__ import annotations

import ast
import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook
from starlette.datastructures import Headers

from genesys_workbench import authenticity
from genesys_workbench.authenticity import MAX_SIGNATURES, Verifier
from genesys_workbench.errors import InvalidDelivery
from genesys_workbench.settings import AuthScheme, load_settings

OLD = SecretStr("whsec_" + base64.b64encode(b"old-key-of-31-bytes-for-a-test.").decode())
NEW = SecretStr("whsec_" + base64.b64encode(b"new-key-of-31-bytes-for-a-test.").decode())
BODY = '{"conversationId": "c-1", "text": "äöü"}'.encode()
NOW = 1767600000


def verifier(*secrets: SecretStr, schemes: tuple[AuthScheme, ...] | None = None) -> Verifier:
    return Verifier(
        secrets, schemes=schemes or ("header", "standard", "hub"), clock=lambda: float(NOW)
    )


def passes(checker: Verifier, headers: dict[str, str], body: bytes = BODY) -> bool:
    try:
        checker.check(Headers(headers), body)
    except InvalidDelivery as exc:
        assert exc.status == 401
        return False
    return True


def standard(secret: SecretStr, *, at: int = NOW, body: bytes = BODY) -> dict[str, str]:
    signature = Webhook(secret.get_secret_value()).sign(
        "msg_1", datetime.fromtimestamp(at, UTC), body.decode()
    )
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signature,
    }


def test_without_a_secret_everything_is_let_in() -> None:
    assert passes(verifier(), {})


def test_the_shared_secret_in_its_header_is_enough() -> None:
    assert passes(verifier(NEW), {"X-Webhook-Secret": NEW.get_secret_value()})
    assert not passes(verifier(NEW), {"X-Webhook-Secret": "guess"})
    assert not passes(verifier(NEW), {"X-Other": NEW.get_secret_value()})


def test_the_name_of_the_header_is_a_setting() -> None:
    checker = Verifier.from_settings(
        load_settings(webhook_secret="s3cret", webhook_secret_header="X-Api-Key")
    )
    assert passes(checker, {"x-api-key": "s3cret"})
    assert not passes(checker, {"X-Webhook-Secret": "s3cret"})


def test_both_secrets_count_while_they_are_rotated() -> None:
    checker = verifier(NEW, OLD)
    assert passes(checker, {"X-Webhook-Secret": OLD.get_secret_value()})
    assert passes(checker, standard(OLD))
    assert passes(checker, standard(NEW))
    assert not passes(verifier(NEW), standard(OLD))


def test_the_reference_implementation_of_standard_webhooks_is_accepted() -> None:
    assert passes(verifier(NEW), standard(NEW))
    plain = SecretStr(base64.b64encode(b"without the prefix, still base64").decode())
    assert passes(verifier(plain), standard(plain))


def test_a_key_of_standard_webhooks_counts_without_its_padding_too() -> None:
    bare = SecretStr(NEW.get_secret_value().rstrip("="))
    assert bare != NEW
    assert passes(verifier(bare), standard(NEW))
    assert passes(verifier(bare), standard(bare))


def test_a_list_of_signatures_needs_one_match_and_other_versions_do_not_count() -> None:
    headers = standard(NEW)
    good = headers["webhook-signature"]
    assert passes(verifier(NEW), headers | {"webhook-signature": f"v1,AAAA v1a,BBBB {good}"})
    for other in ("v1a,BBBB", good.replace("v1,", "v1a,"), good.removeprefix("v1,"), f" ,{good}"):
        assert not passes(verifier(NEW), headers | {"webhook-signature": other})


def test_more_signatures_than_any_sender_makes_are_not_looked_at() -> None:
    headers = standard(NEW)
    good = headers["webhook-signature"]
    last = " ".join(["v1,AAAA"] * (MAX_SIGNATURES - 1) + [good])
    assert passes(verifier(NEW), headers | {"webhook-signature": last})
    assert not passes(verifier(NEW), headers | {"webhook-signature": f"v1,AAAA {last}"})


@pytest.mark.parametrize(
    ("skew", "good"), [(0, True), (240, True), (-240, True), (360, False), (-360, False)]
)
def test_four_minutes_of_skew_pass_and_six_do_not(skew: int, good: bool) -> None:
    assert passes(verifier(NEW), standard(NEW, at=NOW + skew)) is good


def test_a_changed_body_or_id_or_time_is_refused() -> None:
    headers = standard(NEW)
    assert not passes(verifier(NEW), headers, BODY + b" ")
    assert not passes(verifier(NEW), headers | {"webhook-id": "msg_2"})
    assert not passes(verifier(NEW), headers | {"webhook-timestamp": str(NOW + 1)})


def test_the_hub_signature_is_accepted_in_base64_and_in_hex() -> None:
    secret = SecretStr("hub-secret")
    mac = hmac.new(b"hub-secret", BODY, hashlib.sha256)
    for value in (base64.b64encode(mac.digest()).decode(), mac.hexdigest()):
        assert passes(verifier(secret), {"X-Hub-Signature-256": f"sha256={value}"})
        assert not passes(verifier(secret), {"X-Hub-Signature-256": f"sha1={value}"})
        assert not passes(verifier(secret), {"X-Hub-Signature-256": value})
        assert not passes(verifier(secret), {"X-Hub-Signature-256": f"sha256={value}"}, b"x")


@pytest.mark.parametrize("text", ["gehäm-schlüssel-№5", "k" * 5000, "with, a {few} marks;="])
def test_any_text_can_be_the_secret_in_every_scheme(text: str) -> None:
    secret = SecretStr(text)
    mac = hmac.new(text.encode(), BODY, hashlib.sha256)
    signed = hmac.new(text.encode(), f"msg_1.{NOW}.".encode() + BODY, hashlib.sha256).digest()
    proofs: list[dict[str, bytes]] = [
        {"x-webhook-secret": text.encode()},
        {"x-hub-signature-256": b"sha256=" + base64.b64encode(mac.digest())},
        {
            "webhook-id": b"msg_1",
            "webhook-timestamp": str(NOW).encode(),
            "webhook-signature": b"v1," + base64.b64encode(signed),
        },
    ]
    for proof in proofs:
        headers = Headers(raw=[(name.encode(), value) for name, value in proof.items()])
        verifier(secret).check(headers, BODY)
        with pytest.raises(InvalidDelivery):
            verifier(SecretStr(f"{text}x")).check(headers, BODY)


def test_a_scheme_that_is_not_accepted_does_not_count() -> None:
    checker = verifier(NEW, schemes=("standard",))
    assert not passes(checker, {"X-Webhook-Secret": NEW.get_secret_value()})
    assert passes(checker, standard(NEW))


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "x-hub-signature-256",
                "x-webhook-secret",
            ]
        ),
        st.text(st.characters(max_codepoint=255), max_size=40),
    )
)
def test_no_malformed_header_does_anything_but_401(headers: dict[str, str]) -> None:
    assert not passes(verifier(NEW, OLD), headers)


def test_neither_repr_nor_refusal_tell_the_secret() -> None:
    checker = verifier(NEW)
    with pytest.raises(InvalidDelivery) as caught:
        checker.check(Headers({"X-Webhook-Secret": "guess-1"}), BODY)
    told = repr(checker) + str(caught.value)
    assert NEW.get_secret_value() not in told
    assert "guess-1" not in told


def test_a_proof_that_is_missing_costs_no_hash_and_a_wrong_one_a_hash_for_each_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[int] = []
    hash_of = authenticity._hmac

    def counted(key: bytes, content: bytes) -> bytes:
        hashed.append(len(content))
        return hash_of(key, content)

    monkeypatch.setattr(authenticity, "_hmac", counted)
    for headers, count in (
        ({}, 0),
        ({"X-Webhook-Secret": "guess"}, 0),
        (standard(NEW, at=NOW - 3600), 0),
        ({"X-Hub-Signature-256": "sha256=guess"}, 2),
        (standard(NEW) | {"webhook-id": "msg_2"}, 2),
    ):
        hashed.clear()
        assert not passes(verifier(NEW, OLD), headers)
        assert len(hashed) == count


def test_every_scheme_and_every_secret_is_tried_though_the_first_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    headers = {
        "X-Webhook-Secret": NEW.get_secret_value(),
        **standard(NEW),
        "X-Hub-Signature-256": "sha256=guess",
    }
    assert passes(verifier(NEW, OLD), headers)
    assert len(compared) == 2 + 2 + 4


def test_nothing_secret_is_compared_in_a_time_that_tells() -> None:
    tree = ast.parse(Path(str(authenticity.__file__)).read_text("utf-8"))
    compared = [node for node in ast.walk(tree) if isinstance(node, ast.Compare)]
    telling = {
        ast.unparse(each)
        for each in compared
        if any(isinstance(how, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for how in each.ops)
    }
    assert telling == {"method != 'sha256'"}
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert "hmac.compare_digest" in map(ast.unparse, called)
