"""TLS: the files that a connection needs, and what it means when one side refuses the other.

The files of a broker travel in its URL, under RabbitMQ's own names, so that whoever has the URL
connects as the settings want it (https://www.rabbitmq.com/docs/uri-query-parameters). Chain and
host name are always verified.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from .errors import SettingsError
from .settings import HiddenUrl, Settings

__all__ = [
    "client_context",
    "kombu_arguments",
    "own_context",
    "receiver_context",
    "secured",
    "server_files",
    "without_files",
]

# Name in the URL → setting.
FILES = {
    "cacertfile": "WORKBENCH_BROKER_CA_FILE",
    "certfile": "WORKBENCH_BROKER_CERT_FILE",
    "keyfile": "WORKBENCH_BROKER_KEY_FILE",
}
LOOPBACK = ("127.0.0.1", "::1", "localhost")
CERTIFICATE, KEY = b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----"
_END = "-----END CERTIFICATE-----"


def secured(url: str, settings: Settings) -> str:
    """Return a broker's URL with the files of the settings in its query.

    Raises:
        SettingsError: The URL is not encrypted, though there are files for it; or one of them
            cannot be used.
    """
    paths = (settings.broker_ca_file, settings.broker_cert_file, settings.broker_key_file)
    given = {name: path.absolute() for name, path in zip(FILES, paths, strict=True) if path}
    if not given or _is_local_plain(url):
        return url
    if not url.startswith("amqps:"):
        names = ", ".join(FILES[name] for name in given)
        raise SettingsError(
            f"{names} is set, but WORKBENCH_BROKER_URL is amqp://, which is not encrypted.",
            fix="use amqps:// and the broker's TLS port, usually 5671; or unset the files",
        )
    place, _, query = url.partition("?")
    files = {**dict(parse_qsl(query)), **given}
    url = HiddenUrl(f"{place}?{urlencode(files, safe='/')}")
    client_context(url)
    return url


def _is_local_plain(url: str) -> bool:
    """A node on this computer needs none: what is said to it does not leave the computer."""
    return url.startswith("amqp:") and (urlsplit(url).hostname or "localhost") in LOOPBACK


def without_files(url: str) -> str:
    """Return the URL as a library takes that knows nothing of the files."""
    place, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in FILES]
    return HiddenUrl("?".join([place, "&".join(kept)] if kept else [place]))


def client_context(url: str) -> ssl.SSLContext | None:
    """Return what verifies a broker and proves us to it; None for one without TLS.

    Raises:
        SettingsError: A file cannot be used; the text names it and its setting.
    """
    if not url.startswith("amqps:"):
        return None
    files = _files(url)
    context = _verifying(files.get("cacertfile"))
    if "certfile" in files:
        pair = files["certfile"], files.get("keyfile", files["certfile"])
        _load_pair(context, pair, (FILES["certfile"], FILES["keyfile"]))
    return context


def kombu_arguments(url: str) -> dict[str, Any]:
    """Return a broker's place as kombu and Celery take it: ``hostname`` and ``ssl``.

    Left to itself, kombu does not verify the host name.
    """
    files = _files(url)
    options = {
        "ca_certs": files.get("cacertfile"),
        "certfile": files.get("certfile"),
        "keyfile": files.get("keyfile"),
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": urlsplit(url).hostname or "localhost",
    }
    place = HiddenUrl(url.partition("?")[0])
    return {"hostname": place, "ssl": options if url.startswith("amqps:") else False}


def server_files(settings: Settings) -> tuple[str, str] | None:
    """Return certificate and key of the receiver, None where it serves without TLS.

    Raises:
        SettingsError: A file cannot be used; the text names it and its setting.
    """
    if settings.tls_cert_file is None or settings.tls_key_file is None:
        return None
    pair = str(settings.tls_cert_file), str(settings.tls_key_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_pair(context, pair, ("WORKBENCH_TLS_CERT_FILE", "WORKBENCH_TLS_KEY_FILE"))
    return pair


def receiver_context(settings: Settings, url: str) -> ssl.SSLContext:
    """Return what a sender on this computer verifies a receiver with.

    Elsewhere that is the system's CAs, or those of ``SSL_CERT_FILE``. On this computer it is the
    receiver's own certificate, whatever name it is for: that name leads to it from outside.
    """
    own = own_context(settings) if urlsplit(url).hostname in LOOPBACK else None
    return own or ssl.create_default_context()


def own_context(settings: Settings) -> ssl.SSLContext | None:
    """Return what takes the receiver's own certificate, as long as it is valid, and no other.

    Raises:
        SettingsError: Its file cannot be used.
    """
    if settings.tls_cert_file is None:
        return None
    _check_pem(str(settings.tls_cert_file), "WORKBENCH_TLS_CERT_FILE", CERTIFICATE)
    own, end, _ = settings.tls_cert_file.read_text("ascii", "replace").partition(_END)
    context = ssl.create_default_context(cadata=own + end)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def _files(url: str) -> dict[str, str]:
    return {name: path for name, path in parse_qsl(url.partition("?")[2]) if name in FILES}


def _verifying(authority: str | None) -> ssl.SSLContext:
    if authority is None:
        return ssl.create_default_context()
    _check_pem(authority, FILES["cacertfile"], CERTIFICATE)
    try:
        return ssl.create_default_context(cafile=authority)
    except ssl.SSLError as exc:
        raise SettingsError(
            f"The file of {FILES['cacertfile']}, {authority}, cannot be used: {exc.reason or exc}.",
            fix="name the certificate of the CA as PEM",
        ) from exc


def _load_pair(context: ssl.SSLContext, pair: tuple[str, str], names: tuple[str, str]) -> None:
    for path, name, marker in zip(pair, names, (CERTIFICATE, KEY), strict=True):
        _check_pem(path, name, marker)

    def no_passphrase() -> str:  # OpenSSL would ask for it on the terminal
        raise SettingsError(
            f"The key of {names[1]}, {pair[1]}, is protected by a passphrase.",
            fix="use one without, which only the service's user may read",
        )

    try:
        context.load_cert_chain(*pair, password=no_passphrase)
    except ssl.SSLError as exc:
        unfit = exc.reason == "KEY_VALUES_MISMATCH"
        told = "do not belong together" if unfit else f"cannot be used: {exc.reason or exc}"
        raise SettingsError(
            f"{names[0]} and {names[1]} {told} ({pair[0]}, {pair[1]}).",
            fix="name a certificate and the key that it was made for, both as PEM",
        ) from exc


def _check_pem(path: str, name: str, marker: bytes) -> None:
    try:
        found = marker in Path(path).read_bytes()
    except OSError as exc:
        why = (exc.strerror or type(exc).__name__).lower()
        raise SettingsError(
            f"The file of {name}, {path}, cannot be read: {why}.",
            fix="correct the path, or let this user read it",
        ) from exc
    if not found:
        kind = "certificate" if marker is CERTIFICATE else "private key"
        raise SettingsError(
            f"The file of {name}, {path}, holds no {kind} in PEM form.", fix="name one that does"
        )
