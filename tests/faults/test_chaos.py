"""Row 46 of the fault table: everything at once, at random, from a seed.

A longer run: ``pytest tests/faults/test_chaos.py -s --chaos-seconds 600 --chaos-seed 7``.
"""

from __future__ import annotations

import time

import pytest

from genesys_workbench.node import PrivateNode
from genesys_workbench.simulator.server import Simulator
from tests.faults.chaos import Chaos
from tests.faults.conftest import MakeRig
from tests.integration.workers import wait_until

EVENTS = 10_000
RATE = 240


@pytest.mark.timeout(0)
def test_row_46_whatever_is_killed_or_cut_under_load_nothing_is_lost_or_doubled(
    make_rig: MakeRig, node: PrivateNode, pytestconfig: pytest.Config
) -> None:
    seed = pytestconfig.getoption("--chaos-seed")
    seconds = pytestconfig.getoption("--chaos-seconds")
    print(f"\nchaos: seed {seed}")
    with Simulator(conversations=300, rate_limit=1_000_000) as api:
        conversations = [each.id for each in api.world.conversations]
        rig = make_rig(
            node,
            conversations=conversations,
            enrich="worker",
            api_url_override=api.url,
            max_retries=30,
        )
        with Chaos(rig, api, seed=seed) as chaos:
            sender, begun = rig.sender, time.monotonic()
            with chaos.strike(), sender.stream(rate=RATE, threads=16, retries=3):
                wait_until(
                    lambda: (
                        time.monotonic() - begun > seconds
                        if seconds
                        else len(sender.ledger) > EVENTS
                    ),
                    seconds=(seconds or 300) + 5,
                    what="the load",
                )
            lasted = time.monotonic() - begun
            rig.wait_ready(seconds=60)
            sender.again()
            audit = rig.settle(seconds=max(180, lasted))
    events, struck = len(sender.ledger), sum(chaos.done.values())
    print(f"chaos: seed {seed}, {lasted:.0f} s, {events} events, {events / lasted:.0f}/s")
    print(f"chaos: {struck} faults {dict(chaos.done)}")
    print(f"chaos: answers {dict(sender.statuses)} {dict(sender.ways)}")
    print(f"chaos: lost {audit.lost}, doubled {len(audit.doubled)}, {audit}")
    assert audit.accepted == len(sender.ledger)
