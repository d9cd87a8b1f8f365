"""Everything that the simulator's endpoints share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .channels import Channels
from .deliveries import Deliveries
from .faults import Faults
from .jobs_api import JobsApi
from .limits import RateLimits
from .oauth import Tokens
from .present import Present
from .times import make_id
from .triggers_api import TriggersApi
from .webhooks_api import Webhooks

__all__ = ["IdSource", "SimulatorState"]


class IdSource:
    """Ids that look random and are the same in every run with the same seed."""

    def __init__(self, seed: int = 42) -> None:
        self._seed = seed
        self._counts: Counter[str] = Counter()

    def __call__(self, kind: str) -> str:
        """Return the next id of a kind, a UUID."""
        self._counts[kind] += 1
        return make_id("simulator", self._seed, kind, self._counts[kind])


@dataclass(kw_only=True)
class SimulatorState:
    """What the endpoints read and change.

    Attributes:
        credentials: The one client id and secret that the token endpoint knows.
        present: The conversations as they stand now, for the calls that read them.
        webhooks: None when the organisation has no such endpoint, as the real ones.
        heartbeat: Seconds between two signs of life on a socket.
        requests: Calls since the start by endpoint, refused and spoilt ones included.
    """

    present: Present
    channels: Channels
    credentials: tuple[str, str] = field(repr=False)
    tokens: Tokens
    limits: RateLimits
    faults: Faults
    webhooks: Webhooks | None
    triggers: TriggersApi
    jobs: JobsApi
    deliveries: Deliveries
    new_id: IdSource
    heartbeat: float = 30.0
    requests: Counter[str] = field(default_factory=Counter)
