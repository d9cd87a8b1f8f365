"""Scripts of calls that the contact centre makes, and of those within it."""

from __future__ import annotations

from typing import Any

from .acts import answer, contact_facts, hang_up, number_facts, offer, talk
from .people import OUTBOUND_QUEUE
from .stage import Line, Party, Stage
from .times import make_id
from .truth import Outbound

__all__ = ["campaign", "campaign_no_answer", "internal", "outbound"]


def outbound(stage: Stage) -> None:
    """An agent dials a customer, mostly on behalf of a queue."""
    user, numbers = stage.next_user(), number_facts(stage, outbound=True)
    for_queue = stage.chance(0.7)
    purpose, theirs = ("agent", "customer") if for_queue else ("user", "external")
    queue = stage.target if for_queue else None
    agent = stage.party(purpose, user.name, user=user, queue=queue)
    call = agent.line("voice", "contacting", direction="outbound", **numbers)
    customer = _dialled(stage, theirs, numbers, call)
    call.enter("dialing")
    stage.wait(4, 20)
    customer.lines[-1].enter("interact")
    call.enter("interact")
    talk(stage, customer, agent, 30, 400)
    hang_up(stage, customer, agent)
    call.wrap_up()


def _dialled(stage: Stage, purpose: str, numbers: dict[str, Any], peer: Line) -> Party:
    known = contact_facts(stage)
    customer = stage.party(purpose, stage.caller.name, address=numbers["dnis"], **known)
    line = customer.line("voice", "dialing", direction="outbound", peer_id=peer.id, **numbers)
    peer.facts["peer_id"] = line.id
    return customer


def _dial_by_campaign(stage: Stage) -> tuple[Party, Line]:
    numbers = number_facts(stage, outbound=True)
    source = Outbound(
        make_id("campaign", OUTBOUND_QUEUE.name),
        make_id("contact list", OUTBOUND_QUEUE.name),
        make_id("campaign contact", stage.caller.phone),
    )
    dialer = stage.party("dialer", OUTBOUND_QUEUE.name)
    line = dialer.line("voice", "dialing", direction="outbound", outbound=source, **numbers)
    customer = _dialled(stage, "customer", numbers, line)
    customer.lines[-1].facts["outbound"] = source
    return customer, line


def campaign(stage: Stage) -> None:
    """A campaign dials, the customer answers and gets an agent."""
    customer, dialer = _dial_by_campaign(stage)
    stage.wait(4, 18)
    customer.lines[-1].enter("interact")
    dialer.leave("transfer")
    call = customer.lines[-1]
    facts = {"direction": "outbound", "peer_id": call.id}
    facts |= {key: call.facts[key] for key in ("ani", "dnis")}
    queue = stage.party("acd", OUTBOUND_QUEUE.name, queue=OUTBOUND_QUEUE)
    acd = queue.line("voice", "delay", **facts)
    stage.wait(0.2, 3)
    agent = offer(stage, customer, OUTBOUND_QUEUE)
    answer(stage, agent, acd, 0.3, 2)
    talk(stage, customer, agent, 20, 300)
    hang_up(stage, customer, agent)
    agent.lines[-1].wrap_up()


def campaign_no_answer(stage: Stage) -> None:
    """A campaign dials, nobody answers."""
    customer, dialer = _dial_by_campaign(stage)
    stage.wait(25, 35)
    customer.lines[-1].leave("timeout")
    dialer.leave("peer")


def internal(stage: Stage) -> None:
    """One agent calls another; there is no customer."""
    caller, callee = stage.next_user(), stage.next_user()
    numbers = {"ani": f"sip:{caller.email}", "dnis": f"sip:{callee.email}"}
    first = stage.party("user", caller.name, user=caller)
    out = first.line("voice", "dialing", direction="outbound", **numbers)
    second = stage.party("user", callee.name, user=callee)
    ring = second.line("voice", "alert", direction="inbound", peer_id=out.id, **numbers)
    out.facts["peer_id"] = ring.id
    stage.wait(2, 12)
    ring.enter("interact")
    out.enter("interact")
    stage.wait(20, 400)
    out.leave("client")
    ring.leave("peer")
