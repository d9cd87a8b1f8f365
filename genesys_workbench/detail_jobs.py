"""Analytics jobs: detail queries that are answered later, with participant attributes.

https://developer.genesys.cloud/analyticsdatamanagement/analytics/jobs/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from .client import GenesysClient
from .errors import BadResponse, GenesysError, JobFailed
from .paging import object_of, objects_in

__all__ = ["data_available_until", "job_results"]

PATH = "/api/v2/analytics/conversations/details/jobs"
PAGE_SIZE = 1000
FIRST_PAUSE, LAST_PAUSE = 1.0, 15.0
MAX_WAIT = 1800.0
_OVER = {"FAILED", "CANCELLED", "EXPIRED"}


def data_available_until(client: GenesysClient) -> datetime:
    """Return the aware time up to which jobs know what happened; they lag by hours.

    Raises:
        GenesysError: It could not be had.
    """
    answer = object_of(client.request("GET", f"{PATH}/availability"), PATH)
    try:
        return datetime.fromisoformat(answer["dataAvailabilityDate"])
    except (KeyError, TypeError, ValueError) as exc:
        raise BadResponse(
            "The availability of analytics jobs is told without a time",
            fix="check GENESYS_CLOUD_API_URL",
            status=200,
        ) from exc


def job_results(
    client: GenesysClient,
    interval: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    **filters: Any,
) -> Iterator[dict[str, Any]]:
    """Yield the analytics conversations of an interval ``start/end``, as a job finds them.

    Args:
        client: For the calls.
        interval: ISO-8601.
        sleep: Waits for seconds.
        clock: Monotonic seconds.
        **filters: More of the body, such as ``conversationFilters``.

    Raises:
        JobFailed: It ended without results, or not within half an hour.
        GenesysError: A call was refused.
    """
    made = client.request("POST", PATH, json={"interval": interval, **filters})
    job_id = str(object_of(made, PATH).get("jobId"))
    try:
        _wait(client, job_id, sleep, clock)
        yield from _pages(client, job_id)
    finally:
        _forget(client, job_id)


def _wait(
    client: GenesysClient,
    job_id: str,
    sleep: Callable[[float], None],
    clock: Callable[[], float],
) -> None:
    pause, deadline = FIRST_PAUSE, clock() + MAX_WAIT
    while True:
        answer = object_of(client.request("GET", f"{PATH}/{job_id}"), PATH)
        state = answer.get("state")
        if state == "FULFILLED":
            return
        if state in _OVER:
            why = answer.get("errorMessage")
            told = f": {why}" if isinstance(why, str) and why else ""
            raise JobFailed(f"The analytics job ended as {state}{told}", fix="run it again")
        if clock() >= deadline:
            raise JobFailed(
                f"The analytics job is still {state} after {MAX_WAIT / 60:.0f} minutes",
                fix="run it again later, or for a shorter time",
            )
        sleep(pause)
        pause = min(pause * 1.5, LAST_PAUSE)


def _pages(client: GenesysClient, job_id: str) -> Iterator[dict[str, Any]]:
    params: dict[str, Any] = {"pageSize": PAGE_SIZE}
    seen: set[str] = set()
    while True:
        page = object_of(client.request("GET", f"{PATH}/{job_id}/results", params=params), PATH)
        yield from objects_in(page, "conversations", PATH)
        cursor = page.get("cursor")
        if cursor is None:
            return
        if str(cursor) in seen:
            raise BadResponse("The results of a job come again and again", fix="run it again")
        seen.add(str(cursor))
        params["cursor"] = cursor


def _forget(client: GenesysClient, job_id: str) -> None:
    with suppress(GenesysError):  # it ends by itself after a day
        client.request("DELETE", f"{PATH}/{job_id}")
