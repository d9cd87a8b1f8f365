"""The metrics of an analytics session, counted from its segments.

https://developer.genesys.cloud/analyticsdatamanagement/analytics/metrics
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from .times import iso, span_ms
from .truth import AGENT_PURPOSES, CUSTOMER_PURPOSES, FLOW_PURPOSES, Participant, SimSession

__all__ = ["metrics", "time_in"]

Metric = tuple[str, int, datetime]
_SHORT_ABANDON_MS = 10_000
_AGENT_TIMES = {
    "alert": "tAlert",
    "contacting": "tContacting",
    "dialing": "tDialing",
    "callback": "tCallback",
    "interact": "tTalk",
    "hold": "tHeld",
    "parked": "tParked",
}
_HANDLED = ("contacting", "dialing", "callback", "interact", "hold")


def time_in(session: SimSession, *kinds: str) -> int:
    """Return the milliseconds that the session spent in segments of these kinds."""
    return sum(
        span_ms(segment.start, segment.end)
        for segment in session.segments
        if segment.kind in kinds and segment.end is not None
    )


def metrics(person: Participant, session: SimSession) -> list[dict[str, Any]]:
    """Return the metrics, in the order in which they were emitted."""
    found = sorted(_found(person, session), key=lambda metric: metric[2])
    return [{"name": name, "value": value, "emitDate": iso(at)} for name, value, at in found]


def _found(person: Participant, session: SimSession) -> Iterator[Metric]:
    if person.purpose in FLOW_PURPOSES:
        yield from _of_flow(session)
    elif person.purpose == "acd":
        yield from _of_queue(session)
    elif person.purpose in AGENT_PURPOSES:
        yield from _of_agent(session)
    elif person.purpose in CUSTOMER_PURPOSES:
        yield from _of_customer(session)
    elif person.purpose == "voicemail" and session.end is not None:
        yield "tVoicemail", span_ms(session.start, session.end), session.end
    elif person.purpose == "dialer":
        yield "nOutboundAttempted", 1, session.start


def _of_flow(session: SimSession) -> Iterator[Metric]:
    yield "nFlow", 1, session.start
    if session.flow is not None and session.flow.outcome_at is not None:
        at = session.flow.outcome_at
        yield "nFlowOutcome", 1, at
        yield "tFlowOutcome", span_ms(session.start, at), at
    if session.end is None:
        return
    total = span_ms(session.start, session.end)
    yield "tFlow", total, session.end
    if session.media == "voice":
        yield "tIvr", total, session.end
    yield (
        ("tFlowExit" if session.disconnect == "transfer" else "tFlowDisconnect"),
        total,
        session.end,
    )


def _of_queue(session: SimSession) -> Iterator[Metric]:
    yield "nOffered", 1, session.start
    if session.end is None:
        return
    total = span_ms(session.start, session.end)
    yield "tAcd", total, session.end
    yield "tWait", total, session.end
    if session.acd_outcome == "ABANDON":
        yield "tAbandon", total, session.end
        if total < _SHORT_ABANDON_MS:
            yield "tShortAbandon", total, session.end
    elif session.acd_outcome == "FLOW_OUT":
        yield "tFlowOut", total, session.end
    else:
        yield "tAnswered", total, session.end


def _of_customer(session: SimSession) -> Iterator[Metric]:
    talk = next((s for s in session.segments if s.kind == "interact"), None)
    if talk is None:
        return
    yield "nConnected", 1, talk.start
    if session.end is not None:
        yield "tConnected", span_ms(talk.start, session.end), session.end


def _of_agent(session: SimSession) -> Iterator[Metric]:
    if session.direction == "outbound":
        yield "nOutbound", 1, session.start
    talk = next((s for s in session.segments if s.kind == "interact"), None)
    if talk is not None:
        yield "nConnected", 1, talk.start
    elif session.disconnect == "noAnswerTransfer" and session.end is not None:
        yield "tNotResponding", time_in(session, "alert"), session.end
    for segment in session.segments:
        if segment.end is not None:
            yield _AGENT_TIMES[segment.kind], span_ms(segment.start, segment.end), segment.end
    yield from _of_transfers(session)
    if session.end is not None:
        yield from _totals(session, session.end)


def _of_transfers(session: SimSession) -> Iterator[Metric]:
    if session.end is None or session.disconnect not in ("transfer", "consultTransfer"):
        return
    yield "nTransferred", 1, session.end
    blind = session.disconnect == "transfer"
    yield ("nBlindTransferred" if blind else "nConsultTransferred"), 1, session.end


def _totals(session: SimSession, end: datetime) -> Iterator[Metric]:
    held, handled = time_in(session, "hold"), time_in(session, *_HANDLED)
    if talked := time_in(session, "interact"):
        yield "tTalkComplete", talked, end
    if held:
        yield "tHeldComplete", held, end
    wrapup = session.wrapup
    if wrapup is not None and wrapup.end is not None:
        work = span_ms(wrapup.start, wrapup.end)
        yield "tAcw", work, wrapup.end
        yield "tHandle", handled + work, wrapup.end
    elif handled and wrapup is None:
        yield "tHandle", handled, end
