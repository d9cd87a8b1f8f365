"""The secret that senders share with the receiver: what may be one, what key it stands for.

No I/O.
"""

from __future__ import annotations

import base64
from typing import Annotated

from pydantic import AfterValidator, SecretStr

__all__ = ["PREFIX", "WebhookSecret", "is_weak", "standard_key"]

PREFIX = "whsec_"
# A secret that is chosen by a person, or cut short, can be found by trying
STRONG = 16


def standard_key(secret: str) -> bytes:
    """Return the bytes that base64 text stands for, with or without ``whsec_`` and padding.

    Raises:
        ValueError: It is not base64, or stands for nothing.
    """
    text = secret.removeprefix(PREFIX)
    key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    if not key:
        raise ValueError("no key")
    return key


def is_weak(secret: SecretStr) -> bool:
    """Return whether a secret is so short that it can be guessed."""
    text = secret.get_secret_value()
    return len(standard_key(text) if text.startswith(PREFIX) else text) < STRONG


def _usable(secret: SecretStr) -> SecretStr:
    """Refuse what lets in everybody, or what no sender could prove; never tell the secret."""
    text = secret.get_secret_value()
    if not text.strip():
        raise ValueError("must not be blank: anybody could prove it")
    if text != text.strip() or not text.isprintable():
        raise ValueError(
            "must not begin or end with a blank, nor hold characters that are not printable: "
            "no header carries them"
        )
    if text.startswith(PREFIX):
        try:
            standard_key(text)
        except ValueError:
            raise ValueError(f"begins with {PREFIX}, but what follows is not base64") from None
    return secret


WebhookSecret = Annotated[SecretStr, AfterValidator(_usable)]
