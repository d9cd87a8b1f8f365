"""Retries in the embedded worker, more than one of the same event."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from genesys_workbench.events import parse_event
from genesys_workbench.messages import encode
from genesys_workbench.queues import dead_letters
from genesys_workbench.settings import load_settings
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.workbench import Workbench


def test_an_event_that_fails_three_times_is_tried_a_fourth(tmp_path: Path) -> None:
    settings = load_settings(broker_url="memory://", data_dir=tmp_path, port=0, retry_base=0.1)
    with Workbench(settings) as bench:
        assert bench.simulator is not None
        bench.simulator.faults.add(Fault("conversation", status=404, count=3))
        event = parse_event({"conversationId": bench.simulator.world.conversations[0].id})
        bench.publisher.publish(encode(event, received_at=datetime.now(UTC))).result(5)
        bench.wait_for(event.event_id)
        found = bench.store.event(event.event_id)
    assert found is not None
    outcomes = [note["outcome"] for note in found["attempts"]]
    assert outcomes == ["retry", "retry", "retry", "processed"]
    assert dead_letters("memory://") == []
