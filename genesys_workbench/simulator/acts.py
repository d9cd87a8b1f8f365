"""What happens in a contact centre, one act a function; scenarios are made of these."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .people import ORGANIZATION_ID, OWN_EMAIL, OWN_NUMBERS, Queue
from .stage import Line, Party, Stage
from .times import make_id
from .truth import Flow

__all__ = [
    "answer",
    "arrive",
    "contact_facts",
    "enter_queue",
    "hang_up",
    "number_facts",
    "offer",
    "run_flow",
    "talk",
]

_FLOW_TYPES = {
    "voice": ("ivr", "INBOUNDCALL"),
    "chat": ("workflow", "INBOUNDCHAT"),
    "email": ("workflow", "INBOUNDEMAIL"),
    "message": ("workflow", "INBOUNDSHORTMESSAGE"),
    "callback": ("workflow", "WORKFLOW"),
}
_SUBJECTS = ("Question about my order", "Invoice unclear", "Parcel is late", "Change of address")
_TOPICS = ("order", "invoice", "delivery", "fault", "contract")
_LATE_CONTACT_SHARE = 0.15


def contact_facts(stage: Stage) -> dict[str, Any]:
    """Return what is known of the caller from the external contacts."""
    caller = stage.caller
    return {"contact_id": caller.contact_id, "organization_id": caller.organization_id}


def number_facts(stage: Stage, *, outbound: bool = False) -> dict[str, Any]:
    """Return ani and dnis of a call with the caller."""
    theirs, ours = f"tel:{stage.caller.phone}", f"tel:{stage.rng.choice(OWN_NUMBERS)}"
    return {"ani": ours, "dnis": theirs} if outbound else {"ani": theirs, "dnis": ours}


def arrive(stage: Stage, media: str, *, message_type: str | None = None) -> Party:
    """Let the customer make contact."""
    facts = _addresses(stage, media, message_type)
    address = facts.get("ani") or facts.get("address_from") or stage.caller.email
    known = contact_facts(stage)
    if stage.chance(_LATE_CONTACT_SHARE):
        known = {}
    customer = stage.party("customer", stage.caller.name, address=address, **known)
    line = customer.line(media, "interact", direction="inbound", message_type=message_type, **facts)
    if media == "message":
        line.text()
    return customer


def _addresses(stage: Stage, media: str, message_type: str | None) -> dict[str, Any]:
    if media == "voice":
        return number_facts(stage)
    if media == "email":
        facts = {"address_from": stage.caller.email, "address_to": OWN_EMAIL}
        return {**facts, "subject": stage.rng.choice(_SUBJECTS)}
    if media == "message":
        by_phone = message_type in ("sms", "whatsapp")
        sender = stage.caller.phone if by_phone else make_id("sender", stage.caller.email)
        ours = OWN_NUMBERS[0] if by_phone else make_id(ORGANIZATION_ID, message_type)
        return {"address_from": sender, "address_to": ours}
    return {}


def _shared(customer: Party) -> dict[str, Any]:
    """Return the fields that the other sessions take over from the customer's."""
    line = customer.lines[-1]
    keys = (
        "ani dnis address_from address_to subject message_type "
        "callback_name callback_numbers callback_at"
    ).split()
    facts = {key: line.facts[key] for key in keys if line.facts.get(key)}
    return {"direction": line.facts["direction"], "peer_id": line.id, **facts}


def _join(customer: Party, party: Party, kind: str, **facts: Any) -> Line:
    theirs = customer.lines[-1]
    line = party.line(theirs.facts["media"], kind, **_shared(customer), **facts)
    theirs.facts.setdefault("peer_id", line.id)
    return line


def run_flow(stage: Stage, customer: Party, low: float = 8, high: float = 60) -> Line:
    """Lead the customer through the flow of the medium, up to the point where it decides."""
    media = customer.lines[-1].facts["media"]
    purpose, flow_type = _FLOW_TYPES[media]
    if customer.lines[-1].facts.get("message_type") == "webmessaging":
        purpose, flow_type = "botflow", "DIGITALBOT"
    name = f"{media.capitalize()} menu"
    flow_id = make_id("flow", name)
    flow = Flow(flow_id, name, flow_type, "7.0", make_id(flow_id, "outcome"))
    line = _join(customer, stage.party(purpose, name), "system", flow=flow)
    line.enter("ivr")
    stage.wait(low, high)
    customer.note(topic=stage.rng.choice(_TOPICS), language=stage.rng.choice(("en-US", "en-GB")))
    return line


def enter_queue(stage: Stage, customer: Party, queue: Queue, flow: Line | None = None) -> Line:
    """Hand the customer over to a queue."""
    if flow is not None:
        decided: Flow = flow.facts["flow"]
        flow.facts["flow"] = replace(decided, outcome_at=stage.tick(), transfer="ACD")
        flow.leave("transfer")
    return _join(customer, stage.party("acd", queue.name, queue=queue), "delay")


def offer(stage: Stage, customer: Party, queue: Queue | None, **facts: Any) -> Party:
    """Alert an agent, through a queue or directly."""
    user = stage.next_user()
    purpose = "user" if queue is None else "agent"
    agent = stage.party(purpose, user.name, user=user, queue=queue, **facts)
    _join(customer, agent, "alert")
    return agent


def answer(stage: Stage, agent: Party, acd: Line | None, low: float = 2, high: float = 12) -> None:
    """Let the agent pick up; the queue's part ends with that."""
    stage.wait(low, high)
    agent.lines[-1].enter("interact")
    if acd is not None:
        acd.facts |= {"acd_outcome": "ANSWERED", "answered_by": agent.facts["user"]}
        acd.leave("transfer")


def talk(stage: Stage, customer: Party, agent: Party, low: float, high: float) -> None:
    """Talk; calls are held now and then, and late contacts are linked."""
    stage.wait(low, high)
    known = contact_facts(stage)
    if known["contact_id"] and "contact_id" not in customer.facts:
        customer.facts |= {**known, "contact_linked_at": stage.tick()}
    line = agent.lines[-1]
    if line.facts["media"] == "voice" and stage.chance(0.3):
        line.enter("hold")
        stage.wait(8, 120)
        line.enter("interact")
        stage.wait(low / 2, high / 2)


def hang_up(stage: Stage, customer: Party, *agents: Party) -> None:
    """End the conversation from either side."""
    by_agent = stage.chance(0.4)
    first = "peer" if by_agent else "endpoint"
    lines = [line for agent in agents for line in agent.lines if line.open]
    if by_agent:
        for line in lines:
            line.leave("client")
    for line in customer.lines:
        if line.open:
            line.leave(first)
    for line in lines:
        if line.open:
            line.leave("peer")
