"""``/_sim/…``: the simulator's own controls over HTTP.

Only JSON bodies are taken, so that no web page can turn a knob with a plain form.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from ..errors import SettingsError
from .bodies import ApiError, json_object
from .faults import Fault
from .plans import DeliveryPlan
from .signing import Signer
from .state import SimulatorState

__all__ = ["ControlApi"]

_T = TypeVar("_T", Fault, Signer, DeliveryPlan)


class ControlApi:
    """Faults, deliveries and the ledger."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state

    async def add_fault(self, request: Request) -> Response:
        """``POST /_sim/faults``: put a fault in force; ``body`` is a text."""
        fields = await json_object(request)
        if isinstance(fields.get("body"), str):
            fields["body"] = fields["body"].encode()
        self._state.faults.add(_made(Fault, fields))
        return JSONResponse(self._state.faults.listing(), 201)

    async def faults(self, _: Request) -> Response:
        """``GET /_sim/faults``: what is in force."""
        return JSONResponse(self._state.faults.listing())

    async def clear_faults(self, _: Request) -> Response:
        """``DELETE /_sim/faults``."""
        self._state.faults.clear()
        return Response(status_code=204)

    async def start_deliveries(self, request: Request) -> Response:
        """``POST /_sim/deliveries``: begin a run; the fields are those of `DeliveryPlan`."""
        fields = await json_object(request)
        if "signer" in fields:
            fields["signer"] = _made(Signer, fields["signer"])
        plan = _made(DeliveryPlan, fields)
        try:
            run = self._state.deliveries.prepare(plan)
        except SettingsError as exc:
            raise ApiError(400, message=str(exc)) from exc
        self._state.deliveries.launch(run)
        where = {"Location": f"/_sim/deliveries/{run.id}"}
        return JSONResponse(run.progress(), 202, headers=where)

    async def deliveries(self, request: Request) -> Response:
        """``GET /_sim/deliveries/{id}``: how far a run is."""
        run = self._state.deliveries.get(request.path_params["run_id"])
        if run is None:
            raise ApiError(404)
        return JSONResponse(run.progress())

    async def ledger(self, _: Request) -> Response:
        """``GET /_sim/ledger``: all deliveries so far, as JSON Lines."""
        lines = self._state.deliveries.lines()
        return StreamingResponse(lines, media_type="application/x-ndjson")


def _made(kind: type[_T], fields: Any) -> _T:
    """Build a dataclass from JSON, types checked.

    Raises:
        ApiError: 400; names the fields at fault, never their values.
    """
    known = {field.name for field in dataclasses.fields(kind)}
    unknown = sorted(fields.keys() - known) if isinstance(fields, dict) else []
    if unknown:
        raise ApiError(400, message=f"{unknown[0]} is not one of {', '.join(sorted(known))}.")
    try:
        return TypeAdapter(kind).validate_python(fields)
    except SettingsError as exc:
        raise ApiError(400, message=str(exc)) from exc
    except ValidationError as exc:
        names = ", ".join(sorted({".".join(map(str, e["loc"])) or "body" for e in exc.errors()}))
        raise ApiError(400, message=f"These fields are missing or not valid: {names}.") from exc
