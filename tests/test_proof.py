"""Nothing counts as published before the queues are proven."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from genesys_workbench import proof as proof_module
from genesys_workbench.errors import BrokerError, BrokerUnreachable, Unroutable
from genesys_workbench.events import parse_event
from genesys_workbench.intake import Intake
from genesys_workbench.metrics import Metrics
from genesys_workbench.proof import Proof
from genesys_workbench.settings import Settings
from genesys_workbench.spool import Spool
from tests.publishers import ScriptedPublisher

EVENT = parse_event({"conversationId": "c-1", "eventId": "e-1"})
AWAY = BrokerUnreachable("away", fix="bring it back")


class Broker:
    """Fails so many times to prove its queues."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.asked = 0

    async def prove(self) -> None:
        self.asked += 1
        if self.asked <= self.failures:
            raise BrokerUnreachable("away", fix="bring it back")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_module, "PAUSE", 0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


def intake(publisher: ScriptedPublisher, spool: Spool | None, proof: Proof) -> Intake:
    return Intake(publisher, spool, metrics=Metrics(), clock=lambda: datetime.now(UTC), proof=proof)


def test_a_proof_is_tried_until_it_succeeds_and_says_once_what_is_wrong(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def run() -> None:
        broker = Broker(failures=5)
        proof = Proof(broker.prove, error=AWAY, clock=lambda: 0.0)
        assert not proof.given
        keeping = asyncio.create_task(proof.keep())
        await until(lambda: proof.given)
        keeping.cancel()
        assert broker.asked == 6

    asyncio.run(run())
    assert [each.getMessage() for each in caplog.records] == [
        "nothing counts as published until the queues are proven: away\n  Fix: bring it back"
    ]


def test_what_is_doubted_is_proven_again() -> None:
    async def run() -> None:
        broker = Broker()
        proof = Proof(broker.prove, error=None)
        keeping = asyncio.create_task(proof.keep())
        proof.doubt()
        assert not proof.given
        await until(lambda: proof.given)
        keeping.cancel()
        assert broker.asked == 1

    asyncio.run(run())


def test_an_event_is_spooled_until_the_queues_are_proven_though_the_broker_is_ready(
    settings: Settings,
) -> None:
    async def run() -> None:
        publisher, broker = ScriptedPublisher(), Broker()
        proof = Proof(broker.prove, error=AWAY)
        spool = Spool(settings.spool_file, max_events=10)
        taking = intake(publisher, spool, proof)
        assert not taking.broker_ready
        assert await taking.keep([EVENT]) == ["spooled"]
        assert publisher.messages == []
        taking.start()
        await until(lambda: len(publisher.messages) == 1)
        assert taking.broker_ready
        await taking.stop()
        spool.close()

    asyncio.run(run())


def test_without_a_spool_an_event_is_refused_until_the_queues_are_proven() -> None:
    async def run() -> None:
        publisher, broker = ScriptedPublisher(), Broker()
        taking = intake(publisher, None, Proof(broker.prove, error=AWAY))
        with pytest.raises(BrokerError):
            await taking.keep([EVENT])
        taking.start()
        await until(lambda: taking.broker_ready)
        assert await taking.keep([EVENT]) == ["published"]
        await taking.stop()

    asyncio.run(run())


def test_without_a_spool_a_missing_queue_is_declared_again() -> None:
    async def run() -> None:
        publisher, broker = ScriptedPublisher(), Broker()
        publisher.error = Unroutable("no queue")
        taking = intake(publisher, None, Proof(broker.prove, error=None))
        taking.start()
        with pytest.raises(Unroutable):
            await taking.keep([EVENT])
        await until(lambda: broker.asked == 1)
        await taking.stop()

    asyncio.run(run())
