"""Scripts of calls that customers make."""

from __future__ import annotations

from .acts import answer, arrive, enter_queue, hang_up, offer, run_flow, talk
from .people import queues_for
from .stage import Line, Party, Stage

__all__ = [
    "abandoned",
    "active",
    "conference",
    "consult",
    "inbound",
    "ivr_abandoned",
    "long",
    "reoffered",
    "short",
    "transfer",
    "voicemail",
]


def _queued(stage: Stage) -> tuple[Party, Line]:
    customer = arrive(stage, "voice")
    flow = run_flow(stage, customer)
    return customer, enter_queue(stage, customer, stage.target, flow)


def _answered(stage: Stage) -> tuple[Party, Party]:
    customer, acd = _queued(stage)
    stage.wait(2, 150)
    agent = offer(stage, customer, stage.target)
    answer(stage, agent, acd)
    return customer, agent


def inbound(stage: Stage) -> None:
    """Menu, queue, agent."""
    customer, agent = _answered(stage)
    talk(stage, customer, agent, 60, 700)
    hang_up(stage, customer, agent)
    agent.lines[-1].wrap_up()


def long(stage: Stage) -> None:
    """A call of hours."""
    customer, agent = _answered(stage)
    talk(stage, customer, agent, 7300, 11000)
    hang_up(stage, customer, agent)
    agent.lines[-1].wrap_up(60, 300)


def short(stage: Stage) -> None:
    """A call of less than ten seconds: straight to the queue, and a wrong number."""
    customer = arrive(stage, "voice")
    acd = enter_queue(stage, customer, stage.target)
    stage.wait(0.4, 1.2)
    agent = offer(stage, customer, stage.target)
    answer(stage, agent, acd, 0.8, 1.8)
    stage.wait(1.5, 4)
    hang_up(stage, customer, agent)
    agent.lines[-1].wrap_up(1, 6)


def transfer(stage: Stage) -> None:
    """Blind transfer to another queue."""
    customer, first = _answered(stage)
    talk(stage, customer, first, 40, 240)
    first.lines[-1].leave("transfer")
    first.lines[-1].wrap_up(3, 30)
    other = stage.rng.choice([queue for queue in queues_for("voice") if queue != stage.target])
    acd = enter_queue(stage, customer, other)
    stage.wait(2, 90)
    second = offer(stage, customer, other)
    answer(stage, second, acd)
    talk(stage, customer, second, 60, 500)
    hang_up(stage, customer, second)
    second.lines[-1].wrap_up()


def _ask_colleague(stage: Stage, customer: Party, agent: Party) -> Party:
    agent.lines[-1].enter("hold")
    colleague = offer(stage, customer, None, consult_participant_id=agent.id)
    answer(stage, colleague, None)
    stage.wait(15, 90)
    return colleague


def consult(stage: Stage) -> None:
    """Consult transfer: the agents speak before the customer is handed over."""
    customer, first = _answered(stage)
    stage.wait(40, 240)
    second = _ask_colleague(stage, customer, first)
    first.lines[-1].leave("consultTransfer")
    first.lines[-1].wrap_up(3, 30)
    talk(stage, customer, second, 60, 400)
    hang_up(stage, customer, second)
    second.lines[-1].wrap_up()


def conference(stage: Stage) -> None:
    """Two agents and the customer speak together."""
    customer, first = _answered(stage)
    stage.wait(40, 240)
    second = _ask_colleague(stage, customer, first)
    for party in (customer, first, second):
        party.lines[-1].enter("interact", conference=True)
    stage.wait(60, 400)
    hang_up(stage, customer, first, second)
    first.lines[-1].wrap_up()
    second.lines[-1].wrap_up(3, 30)


def reoffered(stage: Stage) -> None:
    """The first agent lets it ring, the second answers."""
    customer, acd = _queued(stage)
    stage.wait(2, 60)
    silent = offer(stage, customer, stage.target)
    stage.wait(15, 15.5)
    silent.lines[-1].leave("noAnswerTransfer")
    stage.wait(0.5, 20)
    agent = offer(stage, customer, stage.target)
    answer(stage, agent, acd)
    talk(stage, customer, agent, 60, 500)
    hang_up(stage, customer, agent)
    agent.lines[-1].wrap_up()


def abandoned(stage: Stage) -> None:
    """The customer hangs up in the queue."""
    customer, acd = _queued(stage)
    stage.wait(4, 300)
    customer.lines[-1].leave("endpoint")
    acd.facts["acd_outcome"] = "ABANDON"
    acd.leave("peer")


def ivr_abandoned(stage: Stage) -> None:
    """The customer hangs up in the menu."""
    customer = arrive(stage, "voice")
    flow = run_flow(stage, customer, 3, 40)
    stage.wait(1, 10)
    customer.lines[-1].leave("endpoint")
    flow.leave("peer")


def voicemail(stage: Stage) -> None:
    """Nobody is free: the customer leaves a voicemail."""
    customer, acd = _queued(stage)
    stage.wait(60, 240)
    acd.facts["acd_outcome"] = "FLOW_OUT"
    acd.leave("transfer")
    call = customer.lines[-1]
    box = stage.party("voicemail", f"Voicemail {stage.target.name}", queue=stage.target)
    numbers = {"ani": call.facts["ani"], "dnis": call.facts["dnis"]}
    line = box.line("voice", "voicemail", direction="inbound", peer_id=call.id, **numbers)
    stage.wait(8, 75)
    call.leave("endpoint")
    line.leave("peer")


def active(stage: Stage) -> None:
    """A call that is still going on."""
    _answered(stage)
