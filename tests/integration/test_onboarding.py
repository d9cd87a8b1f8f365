"""The door and the first event, simulated and of an organisation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from genesys_workbench.errors import WorkbenchError
from genesys_workbench.onboarding import first_event, first_settings, proofs
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.server import Simulator
from genesys_workbench.workbench import Workbench


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(first_settings(str(tmp_path), broker="memory://")) as bench:
        yield bench


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench with credentials of an organisation that answers like one."""
    with Simulator(conversations=20, credentials=("id", "secret"), webhooks=False) as organisation:
        settings = load_settings(
            client_id="id",
            client_secret=SecretStr("secret"),
            api_url_override=organisation.url,
            broker_url=SecretStr("memory://"),
            webhook_secret=SecretStr("hook"),
            data_dir=tmp_path,
            port=0,
        )
        with Workbench(settings) as bench:
            yield bench


def test_only_a_good_proof_is_let_in_and_knocking_stores_nothing(simulated: Workbench) -> None:
    rows = proofs(simulated)
    assert [(row["let in"], row["status"]) for row in rows] == [("no", 401)] * 3 + [
        ("yes", 422)
    ] * 3
    assert simulated.store.counts()["events"] == 0


def test_the_simulator_delivers_the_first_event_signed(simulated: Workbench) -> None:
    lines: list[str] = []
    record = first_event(simulated, tell=lines.append)
    assert (record["status"], record["enriched"]) == ("processed", True)
    assert lines == ["No credentials are set: the simulator delivers one event, signed."]
    assert simulated.deliveries.statuses() == {202: 1}


def test_an_organisations_first_event_is_waited_for(live: Workbench) -> None:
    with Simulator(conversations=20) as same_world:
        known = same_world.world.conversations[0].id

    def deliver(line: str) -> None:
        assert line.startswith("Waiting up to 60 s for a delivery to http://127.0.0.1:")
        live.trigger("voice-inbound", conversationId=known)

    record = first_event(live, timeout=60, tell=deliver)
    assert (record["conversationId"], record["status"]) == (known, "processed")


def test_if_nothing_comes_the_refused_deliveries_of_the_meantime_are_told(live: Workbench) -> None:
    proofs(live)

    def forge(_: str) -> None:
        httpx.post(live.address(), json={"conversationId": "c-1"}, trust_env=False)

    with pytest.raises(WorkbenchError, match="1 deliveries were refused meanwhile") as caught:
        first_event(live, timeout=0, tell=forge)
    assert "WORKBENCH_WEBHOOK_SECRET" in caught.value.fix


@pytest.mark.parametrize(
    ("have", "envelope"),
    [("aws", "eventbridge"), ("architect", "data-action"), ("laptop", "notification")],
)
def test_simulated_the_first_event_comes_as_the_outlet_sends_it(
    simulated: Workbench, have: str, envelope: str
) -> None:
    assert first_event(simulated, have=have, tell=lambda _: None)["envelope"] == envelope


def test_on_a_laptop_an_organisation_is_listened_to(tmp_path: Path) -> None:
    with Simulator(
        live=True, speed=60, gap=2, conversations=200, credentials=("id", "secret"), webhooks=False
    ) as organisation:
        settings = load_settings(
            client_id="id",
            client_secret=SecretStr("secret"),
            api_url_override=organisation.url,
            broker_url=SecretStr("memory://"),
            data_dir=tmp_path,
            enrich="off",
            port=0,
        )
        queues = [queue.name for queue in organisation.world.queues]
        with Workbench(settings) as bench:
            record = first_event(
                bench, have="laptop", queues=queues, timeout=60, tell=lambda _: None
            )
    assert (record["envelope"], record["status"]) == ("notification", "processed")
    assert record["eventType"] == "created"
