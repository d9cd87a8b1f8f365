"""Options that several commands share, and the settings that they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from ..settings import Settings

__all__ = ["Broker", "Json", "Port", "Target", "check_url", "settings_for", "time_of"]


def check_url(value: str | None) -> str | None:
    """Return a URL that events can be sent to.

    Raises:
        BadParameter: It is none; its text never quotes the URL, which may hold a password.
    """
    if value is None or _is_http(value):
        return value
    raise typer.BadParameter(
        "not an http or https URL with a host and without a password, "
        "such as http://127.0.0.1:8000/webhook/genesys/conversation"
    )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and url.isprintable()
            and " " not in url
        )
    except ValueError:
        return False


Json = Annotated[
    bool, typer.Option("--json", help="Write JSON (one object, or JSON Lines) to stdout.")
]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Instead of WORKBENCH_PORT; 0: a free one.")
]
Broker = Annotated[
    str | None,
    typer.Option(
        "--broker",
        metavar="local|memory://|amqp://…",
        help="Instead of WORKBENCH_BROKER_URL.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option("--to", metavar="URL", help="Instead of the local receiver.", callback=check_url),
]


def settings_for(*, broker: str | None = None, **overrides: Any) -> Settings:
    """Read the settings, with command-line options on top.

    Raises:
        SettingsError: A value is malformed, or ``.env`` cannot be read.
    """
    from ..settings import load_settings

    given = {"broker_url": broker, **overrides}
    return load_settings(**{key: value for key, value in given.items() if value is not None})


def time_of(value: str | None, name: str) -> datetime | None:
    """Read a time that was given with an option; None where none was.

    Raises:
        BadParameter: It is none.
    """
    from ..errors import InvalidDelivery
    from ..events import parse_time

    try:
        return parse_time(value, name)
    except InvalidDelivery as exc:
        raise typer.BadParameter(exc.what) from exc
