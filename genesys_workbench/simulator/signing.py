"""How a sender proves who it is: shared secret in a header, or a signature of the body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from ..errors import SettingsError

__all__ = ["SCHEMES", "Signer"]

SCHEMES = ("header", "standard", "hub")


@dataclass(frozen=True, slots=True)
class Signer:
    """Make the headers that prove a delivery's origin.

    Attributes:
        secret: Shared with the receiver; with prefix ``whsec_`` a base64 key for ``standard``,
            else the text's own bytes are the key.
        scheme: ``header`` (the secret itself), ``standard``
            (https://github.com/standard-webhooks/standard-webhooks) or ``hub``
            (X-Hub-Signature-256 in base64, as Genesys Open Messaging sends it).
        header: Name of the header that carries the secret in scheme ``header``.

    Raises:
        SettingsError: Unknown scheme, or a ``whsec_`` secret that is not base64.
    """

    secret: str = field(repr=False)
    scheme: str = "header"
    header: str = "X-Webhook-Secret"

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise SettingsError(
                f"{self.scheme!r} is not a way to sign.", fix=f"use one of {', '.join(SCHEMES)}"
            )
        if self.scheme == "standard":
            self._standard_key()

    def headers(self, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:
        """Return the headers for one attempt.

        Args:
            body: The bytes that are sent.
            message_id: The same for every attempt, so that a receiver knows a redelivery.
            timestamp: Unix seconds of this attempt.
        """
        if self.scheme == "header":
            return {self.header: self.secret}
        if self.scheme == "hub":
            return {"X-Hub-Signature-256": "sha256=" + _mac(self.secret.encode(), body)}
        signed = f"{message_id}.{timestamp}.".encode() + body
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": "v1," + _mac(self._standard_key(), signed),
        }

    def _standard_key(self) -> bytes:
        if not self.secret.startswith("whsec_"):
            return self.secret.encode()
        try:
            text = self.secret.removeprefix("whsec_")
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except ValueError as exc:
            raise SettingsError(
                "The secret begins with whsec_, but what follows is not base64.",
                fix="use whsec_ and the base64 text of 24 to 64 random bytes",
            ) from exc


def _mac(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
