"""Secrets stay out of runs: papermill writes every parameter into the file that it makes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from ..errors import UsageError
from ..privacy import scrub
from ..settings import Settings

__all__ = ["known_secrets", "refuse_secrets", "washed"]

_NAME = re.compile(r"secret|token|passw|pwd|credential|api_?key", re.IGNORECASE)
_VALUE = re.compile(
    r"://[^\s:/@]*:[^\s@]+@"
    r"|(?:secret|token|password|passwd|pwd|credential|api[_-]?key)\w*[\"']?\s*[=:]\s*\S"
    r"|\b(?:bearer|basic)\s+\S{8}",
    re.IGNORECASE,
)
# A shorter one could be a part of anything.
MIN_FOUND_INSIDE = 8


def known_secrets(settings: Settings) -> frozenset[str]:
    """Return what the settings keep secret: values, and the passwords within URLs."""
    return frozenset(secret for secret in _secrets(settings) if secret)


def _secrets(settings: Settings) -> Iterator[str]:
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if not isinstance(value, SecretStr):
            continue
        text = value.get_secret_value()
        if "://" not in text:
            yield text
        elif password := urlsplit(text).password:
            yield from (password, unquote(password))


def refuse_secrets(given: Mapping[str, Any], secrets: Iterable[str]) -> None:
    """Check that no parameter is a secret, by its name or its value.

    Raises:
        UsageError: One is; the text names it, never its value.
    """
    for name, value in given.items():
        named = bool(_NAME.search(name))
        if named or any(_is_secret(text, secrets) for text in _texts(value)):
            raise UsageError(
                f"The {'name' if named else 'value'} of the parameter {name!r} looks like a "
                "secret, and papermill writes parameters into the notebook that the run makes.",
                fix="set it in the environment or in .env (see .env.example), "
                "where load_settings() finds it",
            )


def washed(text: str, secrets: Iterable[str]) -> str:
    """Return a text of an error or a log without secrets, addresses and telephone numbers."""
    for secret in secrets:
        if len(secret) >= MIN_FOUND_INSIDE:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return scrub(text)


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _is_secret(text: str, secrets: Iterable[str]) -> bool:
    return bool(_VALUE.search(text)) or any(
        text == secret or (len(secret) >= MIN_FOUND_INSIDE and secret in text) for secret in secrets
    )
