"""``/api/v2/analytics/conversations/details/jobs``: queries that are answered later.

They know more than a query (participant attributes), but lag behind the present.
https://developer.genesys.cloud/analyticsdatamanagement/analytics/jobs/
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .bodies import ApiError, json_object, valid_uuid
from .present import Present
from .queries import found_places, parse_job
from .times import iso

__all__ = ["PATH", "JobsApi"]

PATH = "/api/v2/analytics/conversations/details/jobs"
_QUEUED, _PENDING = 1.0, 2.0
_LIFE = timedelta(days=1)
_SIZE, _LARGEST = 1000, 1000


@dataclass(slots=True)
class _Job:
    places: Sequence[int]
    begun: float
    submitted: datetime
    end: str


class JobsApi:
    """The jobs of the client.

    Args:
        present: What can be known.
        new_id: Source of ids.
        lag: Seconds by which the data of jobs are behind; 0 where all is history.
        clock: Monotonic seconds, for the states of a job.
        now: Aware UTC now, for its dates.

    Attributes:
        outcome: How the next jobs end: ``FULFILLED``, or ``FAILED``, ``CANCELLED``, ``EXPIRED``.
    """

    def __init__(
        self,
        present: Present,
        new_id: Callable[[str], str],
        *,
        lag: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.outcome = "FULFILLED"
        self._present = present
        self._new_id = new_id
        self._lag = timedelta(seconds=lag)
        self._clock = clock
        self._now = now
        self._jobs: dict[str, _Job] = {}

    async def create(self, request: Request) -> Response:
        """``POST …/jobs``."""
        query = parse_job(await json_object(request))
        job_id = self._new_id("job")
        query_end = min(query.end, self._available())
        places = self._present.between(query.start, max(query.start, query_end))
        found = [at for at in found_places(query, self._present) if at in places]
        self._jobs[job_id] = _Job(found, self._clock(), self._now(), self.outcome)
        return JSONResponse({"jobId": job_id}, 202)

    async def status(self, request: Request) -> Response:
        """``GET …/jobs/{jobId}``."""
        job = self._job(request)
        state = self._state(job)
        body = {
            "state": state,
            "submissionDate": iso(job.submitted),
            "expirationDate": iso(job.submitted + _LIFE),
        }
        if state not in ("QUEUED", "PENDING"):
            body["completionDate"] = iso(job.submitted + timedelta(seconds=_QUEUED + _PENDING))
        if state == "FAILED":
            body["errorMessage"] = "The query could not be carried out."
        return JSONResponse(body)

    async def results(self, request: Request) -> Response:
        """``GET …/jobs/{jobId}/results?cursor=&pageSize=``."""
        job = self._job(request)
        if (state := self._state(job)) != "FULFILLED":
            raise ApiError(400, message=f"The job has no results: it is {state}.", field="jobId")
        size = _number(request, "pageSize", _SIZE, _LARGEST)
        first = _number(request, "cursor", 0, len(job.places))
        page = job.places[first : first + size]
        bodies = self._present.bodies(page, attributes=True)
        body: dict[str, Any] = {"conversations": bodies}
        if first + size < len(job.places):
            body["cursor"] = str(first + size)
        return JSONResponse(body | {"dataAvailabilityDate": iso(self._available())})

    async def delete(self, request: Request) -> Response:
        """``DELETE …/jobs/{jobId}``."""
        self._job(request)
        del self._jobs[request.path_params["job_id"]]
        return Response(status_code=204)

    async def availability(self, _: Request) -> Response:
        """``GET …/jobs/availability``: up to when the data of jobs reach."""
        return JSONResponse({"dataAvailabilityDate": iso(self._available())})

    def _available(self) -> datetime:
        return self._present.now() - self._lag

    def _job(self, request: Request) -> _Job:
        job_id = valid_uuid(request.path_params["job_id"], "jobId")
        if job_id not in self._jobs:
            raise ApiError(404)
        return self._jobs[job_id]

    def _state(self, job: _Job) -> str:
        passed = self._clock() - job.begun
        if passed < _QUEUED:
            return "QUEUED"
        return "PENDING" if passed < _QUEUED + _PENDING else job.end


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise ApiError(400, "invalid.value", f"{name} must be up to {most}.", field=name)
    return int(text)
