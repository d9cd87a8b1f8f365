"""What an earlier run of the receiver left behind in its spool."""

from __future__ import annotations

from datetime import UTC, datetime

from genesys_workbench.events import digest, parse_event
from genesys_workbench.messages import encode
from genesys_workbench.spool import Spool
from tests.faults.rig import Rig
from tests.faults.sender import Delivery

__all__ = ["leave_spooled"]


def leave_spooled(rig: Rig, count: int) -> set[str]:
    """Spool new events as a receiver does, and note them as accepted; return their ids."""
    bodies = [rig.sender.event() for _ in range(count)]
    events = [parse_event(body) for body in bodies]
    now = datetime.now(UTC)
    spool = Spool(rig.settings.spool_file, max_events=rig.settings.spool_max_events)
    spool.add([(encode(each, received_at=now), digest(each.source)) for each in events]).result()
    spool.close()
    rig.sender.ledger |= {body["eventId"]: Delivery(body, [202], ["spooled"]) for body in bodies}
    return {body["eventId"] for body in bodies}
