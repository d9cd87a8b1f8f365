"""What it means when TLS to a broker fails, in words, with the setting to change."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

from .errors import BrokerError, BrokerRefused, BrokerUnreachable

__all__ = ["certificate_problem", "tls_error"]

# X509_V_ERR_… of OpenSSL (https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/)
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME = (62, 64)
_PAIR = "WORKBENCH_BROKER_CERT_FILE and WORKBENCH_BROKER_KEY_FILE"
# The broker's alerts on a client that shows no certificate; up to TLS 1.2 it names no cause.
_WANTS_ONE = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE")
_REASON = re.compile(r"\[SSL: (\w+)\]")
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")


def tls_error(exc: BaseException | None, whom: str) -> BrokerError | None:
    """Tell why TLS failed; None where something else did.

    Args:
        exc: As pika, kombu or httpx raise it: the cause is somewhere inside.
        whom: Who was connected to, such as ``RabbitMQ at amqps://host``.
    """
    found = [each for each in _inside(exc) if isinstance(each, ssl.SSLError)]
    for each in found:
        if isinstance(each, ssl.SSLCertVerificationError):
            return _not_trusted(each, whom)
    if any(isinstance(each, ssl.SSLEOFError) for each in found) or _cut_off(exc, "SSLEOFError"):
        return _broken_off(whom)
    reason = found[-1].reason or str(found[-1]) if found else _early_alert(exc)
    if reason is not None:
        return _refused(reason, whom)
    if _cut_off(exc, "ConnectionResetError", "Connection reset", "Transport indicated EOF"):
        if "amqps://" in whom:  # the alert that says why may be lost with the connection
            return _broken_off(whom)
        return BrokerUnreachable(
            f"{whom} broke off the connection before it began.",
            fix="see that it is up: rabbitmqctl status; a TLS port, usually 5671, wants amqps:// "
            "in WORKBENCH_BROKER_URL",
        )
    return None


def certificate_problem(exc: BaseException) -> str | None:
    """Return why the other side's certificate is not trusted; None where that is not it."""
    for each in _inside(exc):
        if isinstance(each, ssl.SSLCertVerificationError):
            return str(each.verify_message).rstrip(".")
    return None


def _not_trusted(exc: ssl.SSLCertVerificationError, whom: str) -> BrokerError:
    told = f"The certificate of {whom} is not trusted: {certificate_problem(exc)}."
    if exc.verify_code in _OTHER_NAME:
        return BrokerRefused(
            told, fix="name the host in the URL as its certificate does, or have that reissued"
        )
    if exc.verify_code in (_NOT_YET_VALID, _EXPIRED):
        return BrokerRefused(told, fix="renew the broker's certificate, or set this clock right")
    return BrokerRefused(
        told, fix="set WORKBENCH_BROKER_CA_FILE to the certificate of the CA that issued it"
    )


def _broken_off(whom: str) -> BrokerError:
    """With TLS 1.3 a client is refused after its handshake, and may not come to read why."""
    return BrokerUnreachable(
        f"{whom} broke off the TLS connection.",
        fix="where it wants a client certificate, its log says why it refused ours: none "
        f"(set {_PAIR}), expired, or of another CA; else see that it runs",
    )


def _refused(reason: str, whom: str) -> BrokerError:
    if any(name in reason for name in _NO_TLS):
        return BrokerRefused(
            f"{whom} does not speak TLS at this port.",
            fix="name its TLS port in the URL, usually 5671 (the plugin's: 15671), or use amqp:// "
            "(http://)",
        )
    if any(name in reason for name in _WANTS_ONE):
        return BrokerRefused(f"{whom} wants a client certificate.", fix=f"set {_PAIR}")
    if "ALERT" in reason:
        why = reason.partition("ALERT_")[2].replace("_", " ").lower()
        return BrokerRefused(
            f"{whom} refused the client certificate: {why}.",
            fix=f"name in {_PAIR} one that is valid and of a CA that the broker trusts",
        )
    return BrokerUnreachable(
        f"TLS to {whom} failed: {reason}.", fix="see the broker's log, and: openssl s_client"
    )


def _early_alert(exc: BaseException | None) -> str | None:
    """Return OpenSSL's reason out of the text in which pika keeps it."""
    told = [_REASON.search(str(each)) for each in _inside(exc) if _is_early(each)]
    return next((match[1] for match in told if match), None)


def _cut_off(exc: BaseException | None, *signs: str) -> bool:
    """Tell whether the connection ended before AMQP began, with one of these signs."""
    told = [str(each) for each in _inside(exc) if _is_early(each)]
    return any(sign in text for text in told for sign in signs)


def _is_early(exc: BaseException) -> bool:
    """Tell pika's and kombu's errors of a connection that did not come to be, by their names."""
    return type(exc).__name__ in ("IncompatibleProtocolError", "OperationalError")


def _inside(exc: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that it wraps, the outermost first."""
    waiting: list[object] = [exc]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [*getattr(each, "exceptions", ()), *each.args]
            waiting += [getattr(each, "exception", None), each.__cause__, each.__context__]
