"""What TLS is in force, found by a handshake: for the doctor."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from .connecting import broker_error
from .errors import SettingsError
from .settings import Settings, hide_password
from .tls import client_context, own_context, server_files

__all__ = ["broker_facts", "receiver_facts"]

TIMEOUT = 5.0
PORT = 5671


def broker_facts(url: str) -> str | None:
    """Return protocol, and until when the broker's certificate is valid; None without TLS.

    Raises:
        BrokerError: The broker is unreachable, or one side refuses the other.
    """
    context = client_context(url)
    if context is None:
        return None
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    try:
        with (
            socket.create_connection((host, parts.port or PORT), timeout=TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            return f"{secure.version()}, certificate valid until {_end(secure.getpeercert())}"
    except OSError as exc:
        raise broker_error(exc, hide_password(url)) from exc


def receiver_facts(settings: Settings) -> str | None:
    """Return until when the receiver's certificate is valid; None without TLS.

    Raises:
        SettingsError: A client would not take it.
    """
    files, client = server_files(settings), own_context(settings)
    if files is None or client is None:
        return None
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*files)
    try:
        certificate = _shaken(client, server).getpeercert()
    except ssl.SSLError as exc:
        raise SettingsError(
            f"The certificate of WORKBENCH_TLS_CERT_FILE, {files[0]}, is of no use: "
            f"{getattr(exc, 'verify_message', None) or exc.reason}.",
            fix="renew it, and start the receiver again",
        ) from exc
    return f"{files[0]}, valid until {_end(certificate)}"


def _shaken(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    """Shake hands in memory, and return the client's side."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there)
    theirs = server.wrap_bio(there, back, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return ours


def _end(certificate: object) -> str:
    told = certificate["notAfter"] if isinstance(certificate, dict) else ""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(told), UTC).date().isoformat()
