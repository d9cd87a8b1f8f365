"""Scripts of chats, emails, messages and callbacks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from .acts import answer, arrive, enter_queue, hang_up, number_facts, offer, run_flow, talk
from .stage import Line, Party, Stage

__all__ = [
    "call_then_callback",
    "callback",
    "chat",
    "email",
    "email_waiting",
    "message",
    "message_active",
    "message_then_call",
]


def _queued(stage: Stage, media: str, message_type: str | None = None) -> tuple[Party, Line]:
    customer = arrive(stage, media, message_type=message_type)
    flow = run_flow(stage, customer, 0.3, 6)
    return customer, enter_queue(stage, customer, stage.target, flow)


def chat(stage: Stage) -> None:
    """A web chat."""
    customer, acd = _queued(stage, "chat")
    stage.wait(2, 90)
    agent = offer(stage, customer, stage.target)
    answer(stage, agent, acd)
    talk(stage, customer, agent, 90, 900)
    hang_up(stage, customer, agent)
    agent.lines[-1].wrap_up()


def email(stage: Stage) -> None:
    """An email that is answered after hours, and may be parked in between."""
    customer, acd = _queued(stage, "email")
    stage.wait(300, 14_000)
    agent = offer(stage, customer, stage.target)
    answer(stage, agent, acd, 3, 40)
    talk(stage, customer, agent, 90, 900)
    if stage.chance(0.3):
        agent.lines[-1].enter("parked")
        stage.wait(600, 5_000)
        agent.lines[-1].enter("interact")
        stage.wait(60, 300)
    agent.lines[-1].leave("client")
    customer.lines[-1].leave("peer")
    agent.lines[-1].wrap_up(2, 20)


def email_waiting(stage: Stage) -> None:
    """An email that still waits in its queue."""
    _queued(stage, "email")


def _exchange(stage: Stage, customer: Party, agent: Party) -> None:
    for _ in range(stage.rng.randint(2, 4)):
        talk(stage, customer, agent, 8, 120)
        agent.lines[-1].text()
        stage.wait(8, 200)
        customer.lines[-1].text()


def _messaging(stage: Stage, message_type: str) -> tuple[Party, Party]:
    customer, acd = _queued(stage, "message", message_type)
    stage.wait(3, 240)
    agent = offer(stage, customer, stage.target)
    answer(stage, agent, acd, 2, 20)
    _exchange(stage, customer, agent)
    return customer, agent


def message(message_type: str) -> Callable[[Stage], None]:
    """Return the script of a messaging conversation of one type, such as ``whatsapp``."""

    def play(stage: Stage) -> None:
        customer, agent = _messaging(stage, message_type)
        agent.lines[-1].leave("client")
        customer.lines[-1].leave("peer")
        agent.lines[-1].wrap_up()

    return play


def message_active(stage: Stage) -> None:
    """A messaging conversation that is still going on."""
    _messaging(stage, "webmessaging")


def message_then_call(stage: Stage) -> None:
    """Messages, and then the agent calls: two media in one conversation."""
    customer, agent = _messaging(stage, "whatsapp")
    _call_customer(stage, customer, agent)
    hang_up(stage, customer, agent)
    agent.lines[0].wrap_up()


def _call_customer(stage: Stage, customer: Party, agent: Party) -> None:
    numbers = number_facts(stage, outbound=True)
    call = agent.line("voice", "dialing", direction="outbound", **numbers)
    theirs = customer.line("voice", "dialing", direction="outbound", peer_id=call.id, **numbers)
    call.facts["peer_id"] = theirs.id
    stage.wait(4, 20)
    theirs.enter("interact")
    call.enter("interact")
    talk(stage, customer, agent, 40, 400)


def _work_callback(stage: Stage, customer: Party, acd: Line) -> None:
    agent = offer(stage, customer, stage.target)
    stage.wait(2, 20)
    agent.lines[-1].enter("callback")
    acd.facts |= {"acd_outcome": "ANSWERED", "answered_by": agent.facts["user"]}
    acd.leave("transfer")
    stage.wait(5, 40)
    _call_customer(stage, customer, agent)
    hang_up(stage, customer, agent)
    agent.lines[0].wrap_up()


def _callback_facts(stage: Stage, delay: float) -> dict[str, Any]:
    caller = stage.caller
    due = stage.now + timedelta(seconds=delay)
    return {
        "callback_name": caller.name,
        "callback_numbers": (caller.phone,),
        "callback_at": due,
    }


def callback(stage: Stage) -> None:
    """A callback that was asked for on the web site, for a later time."""
    delay = stage.rng.randrange(900, 7200, 300)
    customer = arrive(stage, "callback")
    line = customer.lines[-1]
    line.facts |= _callback_facts(stage, delay)
    acd = enter_queue(stage, customer, stage.target)
    stage.wait(delay, delay + 60)
    _work_callback(stage, customer, acd)


def call_then_callback(stage: Stage) -> None:
    """A caller who does not want to wait and is called back: two media in one conversation."""
    customer, waiting = _queued(stage, "voice")
    stage.wait(60, 200)
    waiting.facts["acd_outcome"] = "FLOW_OUT"
    waiting.leave("transfer")
    customer.line("callback", "interact", direction="inbound", **_callback_facts(stage, 0))
    customer.lines[0].leave("endpoint")
    acd = enter_queue(stage, customer, stage.target)
    stage.wait(120, 1800)
    _work_callback(stage, customer, acd)
