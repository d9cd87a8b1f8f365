"""`GenesysClient`: calls to the Genesys Cloud API, within its limits, with errors that help."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import httpx

from .api_errors import REDIRECT, Answer, error_for, json_of
from .auth import ClientCredentials
from .details import ConversationDetails, conversation_path, fetch_details
from .errors import BadRequest, BadResponse, GenesysError, NotFound, RateLimited, ServerError
from .limiter import RateLimiter
from .paging import list_pages, query_pages
from .settings import Settings
from .transport import EXCHANGE_SECONDS, TOO_LARGE, base_url, exchange, new_client, was_not_sent

__all__ = ["GenesysClient"]

log = logging.getLogger(__name__)

BACKOFF, BACKOFF_CAP = 0.5, 20.0
JITTER = 0.5
_RETRIED_STATUS = (500, 502, 503, 504)
_HOPELESS = (REDIRECT, TOO_LARGE)
# a path that did not begin with a slash could change the host, and the token would follow
_PATH = re.compile(r"/[\x21-\x7e]*")
_SHARED = ("timeout", "seconds", "clock", "transport")
_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")


class GenesysClient:
    """Call the API from any number of threads.

    Transient errors are tried again with exponential backoff and full jitter, or after the time
    that the platform asks for. A POST that creates something is tried again only if it surely
    was not processed.

    Args:
        api_url: Base URL: ``https://api.<region's domain>``.
        auth: Puts the token on each request, normally `ClientCredentials`.
        timeout: Of each step of one exchange: connect, write, read, wait for a connection.
        seconds: Of one whole exchange, however its bytes come.
        max_wait: Seconds that one call may sleep altogether; if more are asked for, the error
            is raised at once and carries ``retry_after``.
        attempts: Tries of one call, the first included.
        rng: Random numbers from 0 to 1, for the jitter.
        sleep: Waits for seconds.
        clock: Monotonic seconds.
        transport: Carries the requests; httpx's own by default.
        limiter: Shared with other clients of the same token, if given.
        on_answer: Told of each exchange: status (0: there was no answer), seconds.
    """

    api_url = "?"  # a traceback may print the repr of an object that is half made

    def __init__(
        self,
        api_url: str,
        auth: httpx.Auth,
        *,
        timeout: httpx.Timeout | None = None,
        seconds: float = EXCHANGE_SECONDS,
        max_wait: float = 60.0,
        attempts: int = 4,
        rng: Callable[[], float] = random.random,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
        limiter: RateLimiter | None = None,
        on_answer: Callable[[int, float], None] = lambda *_: None,
    ) -> None:
        self.api_url = base_url(api_url, name="GENESYS_CLOUD_API_URL")
        self.max_wait = max_wait
        self._attempts = attempts
        self._rng = rng
        self._clock = clock
        self._on_answer = on_answer
        self._sleep = sleep
        self.limiter = limiter or RateLimiter(clock=clock, sleep=sleep)
        self._http = new_client(
            timeout=timeout or httpx.Timeout(10.0, connect=5.0),
            seconds=seconds,
            clock=clock,
            transport=transport,
            auth=auth,
        )

    @classmethod
    def from_settings(cls, settings: Settings, **options: Any) -> GenesysClient:
        """Return a client for the organisation (or the simulator) that the settings name.

        Args:
            settings: Give URLs and credentials.
            **options: As of `GenesysClient`; those of the token request serve both.
        """
        client_id, secret = settings.credentials
        options = {"seconds": settings.api_timeout, **options}
        shared = {name: options[name] for name in _SHARED if name in options}
        auth = ClientCredentials(client_id, secret, login_url=settings.login_url, **shared)
        return cls(settings.api_url, auth, **options)

    def __repr__(self) -> str:
        return f"<GenesysClient at {self.api_url}>"

    def __enter__(self) -> GenesysClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get_conversation(self, conversation_id: str) -> dict[str, Any]:
        """Fetch a conversation from the conversations API.

        Raises:
            NotFound: There is none, or not yet.
            BadResponse: The answer is something else than that conversation.
        """
        path = conversation_path(conversation_id)
        answer = self.request("GET", path)
        if isinstance(answer, dict) and answer.get("id") == conversation_id:
            return answer
        raise _not_expected("GET", path, 200)

    def conversation_details(self, ids: Iterable[str]) -> ConversationDetails:
        """Fetch conversations with one call for 50 of them, and by themselves those it lacks.

        Returns:
            Raw JSON by id, of the analytics or of the conversations API. What could not be had
            is absent; ``.missing`` says why, by id.
        """
        return fetch_details(self, ids)

    def query_details(
        self, interval: str, *, page_size: int = 100, **filters: Any
    ) -> Iterator[dict[str, Any]]:
        """Yield the analytics conversations of an interval ``start/end``, each once.

        Args:
            interval: ISO-8601, at most 31 days.
            page_size: 1 to 100.
            **filters: More of the body, such as ``conversationFilters``.
        """
        return query_pages(self.request, interval, page_size=page_size, **filters)

    def pages(
        self, path: str, *, params: Mapping[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the entities of a list, with page numbers or cursors."""
        return list_pages(self.request, path, params)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
    ) -> dict[str, Any] | list[Any] | None:
        """Call the API and return the JSON of its answer, None if that is empty.

        Raises:
            GenesysError: The subclass that fits; errors.py draws the tree.
        """
        method = method.upper()
        if not _PATH.fullmatch(path):
            raise BadRequest(f"{path[:60]!r} is not a path", fix="begin it with /api/v2/")
        request = self._http.build_request(method, self.api_url + path, params=params, json=json)
        repeatable = method in _REPEATABLE or path.endswith("/query")
        budget = self.max_wait
        for attempt in range(1, self._attempts + 1):
            budget -= self.limiter.acquire(budget)
            try:
                return self._once(request, method, path)
            except GenesysError as exc:
                pause = self._pause(exc, attempt, budget)
                _tell(exc, attempt)
                if pause is None or not _worth_another_try(exc, repeatable=repeatable):
                    raise
            self._sleep(pause)
            budget -= pause
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(
        self, request: httpx.Request, method: str, path: str
    ) -> dict[str, Any] | list[Any] | None:
        answer = None
        started = self._clock()
        try:
            answer = exchange(self._http, request, where=f"{method} {path}")
        finally:
            self.limiter.release(answer.headers if answer else None)
            self._on_answer(answer.status if answer else 0, self._clock() - started)
        if 200 <= answer.status < 300:
            return _value(answer, method, path)
        error = error_for(answer, method=method, path=path)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            self.limiter.pause(error.retry_after)
        raise error

    def _pause(self, error: GenesysError, attempt: int, budget: float) -> float | None:
        """Return the seconds until the next try, or None if there is none."""
        if attempt == self._attempts:
            return None
        if error.retry_after is not None:
            if error.retry_after > budget:
                return None
            return min(error.retry_after + JITTER * self._rng(), budget)
        pause = self._rng() * min(BACKOFF * 2 ** (attempt - 1), BACKOFF_CAP)
        return pause if pause <= budget else None


def _tell(error: GenesysError, attempt: int) -> None:
    extra = {
        "status": error.status,
        "reason": error.reason,
        "genesys_correlation_id": error.context_id,
    }
    log.info("try %d: %s", attempt, error.what, extra=extra)


def _worth_another_try(error: GenesysError, *, repeatable: bool) -> bool:
    if isinstance(error, ServerError) and error.status not in _RETRIED_STATUS:
        return False
    if not error.transient or isinstance(error, NotFound) or error.code in _HOPELESS:
        return False
    # 429 and 503 mean: not processed
    return repeatable or error.status in (429, 503) or was_not_sent(error)


def _value(answer: Answer, method: str, path: str) -> dict[str, Any] | list[Any] | None:
    if not answer.body.strip() and (answer.status != 200 or method != "GET"):
        return None
    value = json_of(answer)
    if isinstance(value, dict | list):
        return value
    raise _not_expected(method, path, answer.status)


def _not_expected(method: str, path: str, status: int) -> BadResponse:
    return BadResponse(
        f"{method} {path} answered {status}, but not the JSON that was expected",
        fix="check GENESYS_CLOUD_API_URL: it must be the region's api host, without a proxy's page",
        status=status,
    )
