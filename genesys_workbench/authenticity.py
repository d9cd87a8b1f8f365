"""Is a delivery from whom it claims to be? Three schemes, constant time. No I/O.

======== =======================================================================
header   a shared secret in a header of one's choice: EventBridge API destinations,
         Web Services data actions
standard Standard Webhooks: ``webhook-id``, ``-timestamp``, ``-signature``
hub      ``X-Hub-Signature-256``: Genesys Open Messaging (base64) and GitHub (hex)
======== =======================================================================

Only Standard Webhooks knows the time, so only there an old delivery is refused. One that is played
again in time, or under another scheme, is harmless: its event carries the same id as the first
time, whatever its ``webhook-id``, and is stored once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence

from pydantic import SecretStr

from .errors import InvalidDelivery
from .settings import AuthScheme, Settings
from .webhook_secrets import PREFIX, standard_key

__all__ = ["TOLERANCE", "Verifier"]

# https://github.com/standard-webhooks/standard-webhooks: 5 minutes both ways
TOLERANCE = 300
# Of one delivery; a sender that rotates its keys sends two
MAX_SIGNATURES = 16


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
        # all of them, so that the time does not tell which proof was right
        proofs = [check(headers, body) for check in self._checks]
        if any(proofs):
            return
        raise InvalidDelivery(
            "The delivery carries no valid secret or signature.",
            status=401,
            fix=f"send the secret in the header {self._header}, or sign the body by Standard "
            "Webhooks or X-Hub-Signature-256",
        )

    def _by_header(self, headers: Mapping[str, str], _: bytes) -> bool:
        given = _as_sent(headers.get(self._header.lower(), ""))
        wanted = [secret.get_secret_value().encode() for secret in self._secrets]
        return _any_equal([given], wanted)

    def _by_standard(self, headers: Mapping[str, str], body: bytes) -> bool:
        message_id = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        if not (message_id and timestamp.isascii() and timestamp.isdigit()):
            return False
        if len(timestamp) > 12 or abs(self._clock() - int(timestamp)) > TOLERANCE:
            return False
        content = _as_sent(f"{message_id}.{timestamp}.") + body
        signatures = headers.get("webhook-signature", "").split(" ", MAX_SIGNATURES)
        given = [
            _as_sent(part.removeprefix("v1,"))
            for part in signatures[:MAX_SIGNATURES]
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
        return _any_equal([_as_sent(value)], wanted)


def _hmac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _as_sent(value: str) -> bytes:
    """Return the bytes of a header, which the server has read as Latin-1."""
    return value.encode("latin-1", "replace")


def _standard_keys(secret: SecretStr) -> list[bytes]:
    """Return the key of ``whsec_<base64>``; of another secret its plain and its base64 reading."""
    value = secret.get_secret_value()
    plain = [] if value.startswith(PREFIX) else [value.encode()]
    try:
        return [*plain, standard_key(value)]
    except ValueError:
        return plain


def _any_equal(given: Sequence[bytes], wanted: Sequence[bytes]) -> bool:
    """Compare every pair, so that the time tells nothing of which one matched."""
    matches = [hmac.compare_digest(one, other) for one in given for other in wanted]
    return any(matches)
