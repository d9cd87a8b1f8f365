"""Is a delivery from whom it claims to be? Three schemes, constant time. No I/O.

======== =======================================================================
header   a shared secret in a header of one's choice: EventBridge API destinations,
         Web Services data actions
standard Standard Webhooks: ``webhook-id``, ``-timestamp``, ``-signature``
hub      ``X-Hub-Signature-256``: Genesys Open Messaging (base64) and GitHub (hex)
======== =======================================================================
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence

from pydantic import SecretStr

from .errors import InvalidDelivery
from .settings import AuthScheme, Settings

__all__ = ["TOLERANCE", "Verifier"]

# https://github.com/standard-webhooks/standard-webhooks: 5 minutes both ways
TOLERANCE = 300


class Verifier:
    """Check deliveries against one secret, or two while they are being rotated.

    Args:
        secrets: Any match counts; none at all means that everything is let in.
        schemes: Which of the three are accepted.
        header: Name of the shared-secret header.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        secrets: Sequence[SecretStr],
        *,
        schemes: Sequence[AuthScheme] = ("header", "standard", "hub"),
        header: str = "X-Webhook-Secret",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = tuple(secrets)
        self._header = header
        self._clock = clock
        checks = {"header": self._by_header, "standard": self._by_standard, "hub": self._by_hub}
        self._checks = [checks[scheme] for scheme in schemes]

    @classmethod
    def from_settings(cls, settings: Settings) -> Verifier:
        """Make one from ``WORKBENCH_WEBHOOK_*``."""
        pair = (settings.webhook_secret, settings.webhook_secret_previous)
        return cls(
            [secret for secret in pair if secret is not None],
            schemes=settings.webhook_auth,
            header=settings.webhook_secret_header,
        )

    def __repr__(self) -> str:
        return f"Verifier(secrets={len(self._secrets)}, header={self._header!r})"

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Let the delivery pass, or refuse it.

        Args:
            headers: Case-insensitive mapping of the request's headers.
            body: Raw bytes, exactly as received.

        Raises:
            InvalidDelivery: Status 401; says what is expected, never what was sent.
        """
        if not self._secrets:
            return
        for check in self._checks:
            if check(headers, body):
                return
        raise InvalidDelivery(
            "The delivery carries no valid secret or signature.",
            status=401,
            fix=f"send the secret in the header {self._header}, or sign the body by Standard "
            "Webhooks or X-Hub-Signature-256",
        )

    def _by_header(self, headers: Mapping[str, str], _: bytes) -> bool:
        given = headers.get(self._header, "").encode("utf-8", "replace")
        wanted = [secret.get_secret_value().encode() for secret in self._secrets]
        return _any_equal([given], wanted)

    def _by_standard(self, headers: Mapping[str, str], body: bytes) -> bool:
        message_id = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        if not (message_id and timestamp.isascii() and timestamp.isdigit()):
            return False
        if len(timestamp) > 12 or abs(self._clock() - int(timestamp)) > TOLERANCE:
            return False
        content = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
        given = [
            part.partition(",")[2].encode("utf-8", "replace")
            for part in headers.get("webhook-signature", "").split(" ")
            if part.startswith("v1,")
        ]
        keys = [key for secret in self._secrets for key in _standard_keys(secret)]
        return _any_equal(given, [base64.b64encode(_hmac(key, content)) for key in keys])

    def _by_hub(self, headers: Mapping[str, str], body: bytes) -> bool:
        method, _, value = headers.get("x-hub-signature-256", "").partition("=")
        if method != "sha256":
            return False
        wanted = []
        for secret in self._secrets:
            mac = _hmac(secret.get_secret_value().encode(), body)
            wanted += [base64.b64encode(mac), mac.hex().encode()]
        return _any_equal([value.encode("utf-8", "replace")], wanted)


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _standard_keys(secret: SecretStr) -> list[bytes]:
    """Return the key of ``whsec_<base64>``; of another secret its base64 and its plain reading."""
    value = secret.get_secret_value()
    plain = [] if value.startswith("whsec_") else [value.encode()]
    try:
        return [base64.b64decode(value.removeprefix("whsec_"), validate=True), *plain]
    except (binascii.Error, ValueError):
        return plain or [value.encode()]


def _any_equal(given: Sequence[bytes], wanted: Sequence[bytes]) -> bool:
    """Compare every pair, so that the time tells nothing of which one matched."""
    matches = [hmac.compare_digest(one, other) for one in given for other in wanted]
    return any(matches)
