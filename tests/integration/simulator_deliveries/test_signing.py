"""How deliveries prove their origin."""

from __future__ import annotations

import base64
import hmac
import json

import pytest
from standardwebhooks import Webhook as StandardWebhook
from starlette.responses import JSONResponse

from genesys_workbench.errors import SettingsError
from genesys_workbench.simulator.plans import DeliveryPlan
from genesys_workbench.simulator.signing import Signer


def sent_with(sim, receiver, signer):
    sim.deliver(1, targets=[receiver.url], signer=signer)
    _, raw, headers = receiver.got[0]
    return raw, headers


def test_the_secret_may_travel_in_a_header(sim, receiver):
    _, headers = sent_with(sim, receiver, Signer("s3cret", header="X-Api-Key"))
    assert headers["x-api-key"] == "s3cret"


def test_a_standard_webhooks_signature_satisfies_the_reference_library(sim, receiver):
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    raw, headers = sent_with(sim, receiver, Signer(secret, scheme="standard"))
    assert StandardWebhook(secret).verify(raw, headers) == json.loads(raw)
    assert headers["webhook-id"] == receiver.ids[0]


def test_a_plain_secret_is_the_key_of_a_standard_signature():
    key = base64.b64encode(b"plain").decode()
    headers = Signer("plain", scheme="standard").headers(b"{}", message_id="m", timestamp=1)
    assert headers == Signer(f"whsec_{key}", scheme="standard").headers(
        b"{}", message_id="m", timestamp=1
    )


def test_a_hub_signature_is_base64_as_genesys_sends_it(sim, receiver):
    raw, headers = sent_with(sim, receiver, Signer("s3cret", scheme="hub"))
    mac = base64.b64encode(hmac.digest(b"s3cret", raw, "sha256")).decode()
    assert headers["x-hub-signature-256"] == f"sha256={mac}"


def test_a_redelivery_keeps_its_id_and_is_signed_anew(sim, receiver):
    answers = iter([500, 202])
    receiver.answer = lambda body: JSONResponse({}, next(answers))
    signer = Signer("plain", scheme="standard")
    sim.deliver(1, targets=[receiver.url], signer=signer, backoff=0.001)
    first, second = (headers for _, _, headers in receiver.got)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) >= int(first["webhook-timestamp"])


@pytest.mark.parametrize(("secret", "scheme"), [("x", "md5"), ("whsec_!", "standard")])
def test_a_signer_that_cannot_work_is_refused_without_the_secret(secret, scheme):
    with pytest.raises(SettingsError) as caught:
        Signer(secret, scheme=scheme)
    assert "whsec_!" not in str(caught.value)


def test_a_signer_does_not_show_its_secret():
    assert "canary" not in repr(DeliveryPlan(events=1, signer=Signer("canary")))
