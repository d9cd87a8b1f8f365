"""One exchange with the platform over httpx: bounded in time and size, errors mapped.

Tracebacks of httpx and h11 hold header values and bodies in their frames, so the causes that
are passed on have theirs removed.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx

from .api_errors import Answer
from .deadline import Deadlines, DeadlineTransport
from .errors import BadResponse, GenesysError, SettingsError, Unreachable

__all__ = [
    "EXCHANGE_SECONDS",
    "TOO_LARGE",
    "BoundedTransport",
    "base_url",
    "exchange",
    "new_client",
    "was_not_sent",
]

TOO_LARGE = "too.large"
MAX_BYTES = 32 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
EXCHANGE_SECONDS = 60.0
# labels of 1 to 63 characters: the resolver's own complaint about others is no httpx error
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f.]*:[0-9a-f:.]*")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class BoundedTransport(httpx.BaseTransport):
    """Another transport, with a deadline for the whole body and error bodies cut short.

    httpx reads the whole body of a 401 before it sends the request again, however long it is.

    Args:
        inner: Carries the requests.
        deadlines: Of `inner`, if it is a `DeadlineTransport`: they hold for the headers too.
        owned: Whether to close `inner` with this one.
        clock: Monotonic seconds.
        seconds: For one exchange.
    """

    def __init__(
        self,
        inner: httpx.BaseTransport,
        *,
        deadlines: Deadlines | None = None,
        owned: bool = True,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = EXCHANGE_SECONDS,
    ) -> None:
        self._inner = inner
        self._deadlines = deadlines
        self._owned = owned
        self._clock = clock
        self._seconds = seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; the deadline starts here."""
        deadline = self._clock() + self._seconds
        if self._deadlines is not None:
            self._deadlines.start(self._seconds)
        response = self._inner.handle_request(request)
        limit = MAX_ERROR_BYTES if response.status_code >= 300 else None
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _BoundedStream(response.stream, self._clock, deadline, limit)
        return response

    def close(self) -> None:
        """Close the inner transport, unless it belongs to the caller."""
        if self._owned:
            self._inner.close()


class _BoundedStream(httpx.SyncByteStream):
    def __init__(
        self,
        inner: httpx.SyncByteStream,
        clock: Callable[[], float],
        deadline: float,
        limit: int | None,
    ) -> None:
        self._inner, self._clock, self._deadline, self._limit = inner, clock, deadline, limit

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            yield chunk
            size += len(chunk)
            if self._limit is not None and size >= self._limit:
                return
            if self._clock() > self._deadline:
                raise httpx.ReadTimeout("the answer did not end in time")

    def close(self) -> None:
        self._inner.close()


def new_client(
    *,
    timeout: httpx.Timeout,
    seconds: float,
    clock: Callable[[], float],
    transport: httpx.BaseTransport | None,
    auth: httpx.Auth | None = None,
) -> httpx.Client:
    """Return a client that takes nothing from the environment and follows no redirect.

    Args:
        timeout: Of each step of an exchange.
        seconds: Of a whole exchange.
        clock: Monotonic seconds.
        transport: Carries the requests; httpx's own by default.
        auth: Puts the token on each request.
    """
    limits = httpx.Limits(max_connections=50, max_keepalive_connections=10)
    deadlines = Deadlines(clock)
    inner = transport or DeadlineTransport(deadlines, limits=limits)
    return httpx.Client(
        transport=BoundedTransport(
            inner, deadlines=deadlines, owned=transport is None, clock=clock, seconds=seconds
        ),
        auth=auth,
        timeout=timeout,
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": _user_agent(), "Accept": "application/json"},
    )


@cache
def _user_agent() -> str:
    return f"genesys-workbench/{version('genesys-workbench')}"


def base_url(url: str, *, name: str) -> str:
    """Check a base URL and return it without a trailing slash.

    Raises:
        SettingsError: Not http or https, without a host, or with credentials in it.
    """
    if not _is_base(url):
        raise SettingsError(
            f"{name} is not an http or https URL with a host and without credentials.",
            fix=f"set {name} to a base URL such as https://api.mypurecloud.com",
        )
    return url.rstrip("/")


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    place = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return (
        parts.scheme in ("http", "https")
        and _HOST.fullmatch(parts.hostname or "") is not None
        and port != 0
        and "@" not in parts.netloc
        and _VISIBLE.fullmatch(url) is not None
        and place == url
    )


def exchange(http: httpx.Client, request: httpx.Request, *, where: str) -> Answer:
    """Send a request and read its answer, of whatever status.

    Args:
        http: A client of `new_client`.
        request: Built by that client, so that it carries its timeouts.
        where: Method and path, or another name of the call, for the error's text.

    Raises:
        Unreachable: No answer, or not in time.
        BadResponse: An answer that is not HTTP, is cut short or is larger than 32 MiB.
    """
    try:
        response = http.send(request, stream=True)
        try:
            body = _read(response)
        finally:
            response.close()
    except httpx.HTTPError as exc:
        raise _connection_error(exc, where) from _without_frames(exc)
    if body is None:
        raise BadResponse(
            f"{where} answered more than {MAX_BYTES // 1024 // 1024} MiB — it was not read further",
            fix="ask for less at once, and check GENESYS_CLOUD_API_URL",
            status=response.status_code,
            code=TOO_LARGE,
        )
    return Answer(response.status_code, dict(response.headers), body)


def _read(response: httpx.Response) -> bytes | None:
    """Return the decoded body, None if it is too large (so a compressed bomb stops here too)."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


def _connection_error(exc: httpx.HTTPError, where: str) -> GenesysError:
    # httpx says both with one class; nothing sent at all is the connection's fault
    garbled = isinstance(exc, httpx.RemoteProtocolError) and "disconnected" not in str(exc)
    if garbled or isinstance(exc, httpx.DecodingError):
        return BadResponse(
            f"{where} got an answer that is cut short or not HTTP",
            fix="try again; if it stays, check GENESYS_CLOUD_API_URL and proxies in between",
        )
    detail = f": {exc}" if isinstance(exc, httpx.NetworkError | httpx.ReadTimeout) else ""
    return Unreachable(
        f"{where} got no answer ({type(exc).__name__}{detail})",
        fix="check the network, GENESYS_CLOUD_REGION and GENESYS_CLOUD_API_URL, "
        "then run: genesys-workbench doctor",
    )


def _without_frames(exc: BaseException) -> BaseException:
    link: BaseException | None = exc
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return exc


def was_not_sent(error: GenesysError) -> bool:
    """Return whether the request surely never left: there was no connection."""
    return isinstance(error.__cause__, _NOT_SENT)
