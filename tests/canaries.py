"""Canaries that stand for all secrets and all people, and looking for them in what was shown."""

from __future__ import annotations

import base64
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

__all__ = [
    "ADDRESSES",
    "BROKER",
    "BROKER_URL",
    "CANARIES",
    "CLIENT",
    "CLIENT_ID",
    "DATABASE",
    "DATABASE_URL",
    "ENVIRONMENT",
    "PEOPLE",
    "PERSON",
    "PLAIN",
    "PREVIOUS",
    "WEBHOOK",
    "in_files",
    "printed",
    "seen",
]

CLIENT_ID = "canary-client"
CLIENT = "canary-c1ient-secret"
WEBHOOK = "canary-w3bhook-secret"
PREVIOUS = "canary-pr3vious-secret"
# As passwords may be: they stand percent-encoded in a URL
BROKER = "canary@br0ker/password"
DATABASE = "canary@d8base/password"
NOWHERE = "127.0.0.1:1"
BROKER_URL = f"amqp://bench:{quote(BROKER, safe='')}@{NOWHERE}/"
DATABASE_URL = f"postgresql://bench:{quote(DATABASE, safe='')}@{NOWHERE}/bench"

PLAIN = (CLIENT, WEBHOOK, PREVIOUS, BROKER, DATABASE)
CANARIES = frozenset(
    {
        *PLAIN,
        *(quote(each, safe="") for each in PLAIN),
        *(base64.b64encode(each.encode()).decode() for each in PLAIN),
        base64.b64encode(f"{CLIENT_ID}:{CLIENT}".encode()).decode(),
    }
)
# Who telephones and writes, as the bodies of events and conversations have it
NAME = "Cornelia Kanaria-Zobel"
ADDRESSES = ("+12025550177", "cornelia.zobel@canary.example")
PERSON: dict[str, Any] = {
    "name": NAME,
    "ani": f"tel:{ADDRESSES[0]}",
    "email": ADDRESSES[1],
    "attributes": {"shoe size": "canary thirty-nine and a half"},
}
PEOPLE = (NAME, *ADDRESSES, PERSON["attributes"]["shoe size"])
ENVIRONMENT = {
    "GENESYS_CLOUD_CLIENT_ID": CLIENT_ID,
    "GENESYS_CLOUD_CLIENT_SECRET": CLIENT,
    "GENESYS_CLOUD_API_URL": f"http://{NOWHERE}",
    "WORKBENCH_BROKER_URL": BROKER_URL,
    "WORKBENCH_DATABASE_URL": DATABASE_URL,
    "WORKBENCH_WEBHOOK_SECRET": WEBHOOK,
    "WORKBENCH_WEBHOOK_SECRET_PREVIOUS": PREVIOUS,
    "WORKBENCH_PORT": "1",
}


def seen(text: str, *more: str) -> list[str]:
    """Return the canaries that a text shows."""
    return [canary for canary in (*CANARIES, *more) if canary in text]


def in_files(folder: Path, *wanted: str, but: str = "") -> dict[str, list[str]]:
    """Return what the files below a folder hold of some texts, by path; `but` is left out."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != but:
            content = path.read_bytes()
            found[str(path.relative_to(folder))] = [w for w in wanted if w.encode() in content]
    return {name: told for name, told in found.items() if told}


def printed(exc: BaseException, *, with_locals: bool) -> str:
    """Print an error with its causes, as a traceback would; the test's own frame left out."""
    assert exc.__traceback__ is not None
    frames = exc.__traceback__.tb_next
    told = traceback.TracebackException(type(exc), exc, frames, capture_locals=with_locals)
    return "".join(told.format()) + f"{exc!r} {exc} {vars(exc)}"
