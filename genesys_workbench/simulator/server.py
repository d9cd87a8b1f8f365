"""A running simulator: for tests and notebooks in the same process, and for the command line."""

from __future__ import annotations

import json
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, wait
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import ServingError, SettingsError
from ..serving import ServerThread
from ..settings import SIMULATOR_CREDENTIALS
from .app import create_app
from .cassette import Cassette
from .channels import Channels
from .deliveries import Deliveries
from .faults import Faults
from .jobs_api import JobsApi
from .ledger import Ledger
from .limits import RateLimits
from .oauth import Tokens
from .plans import DeliveryPlan
from .present import Present, SimClock
from .signing import Signer
from .sources import Invented, Source
from .state import IdSource, SimulatorState
from .streaming import HEARTBEAT, closing
from .times import iso
from .triggers_api import TriggersApi
from .webhooks_api import Webhooks
from .world import DEFAULT_START, World

__all__ = ["Simulator"]

_RECEIVER = "http://127.0.0.1:8000/webhook/genesys/conversation"
_PROGRESS_EVERY = 0.1


class Simulator:
    """A Genesys Cloud stand-in on a port of this computer.

    Args:
        seed: Of the world, the ids, the share of faults and the order of deliveries.
        port: 0 takes a free one; a busy one is replaced, and `note` says so.
        conversations: How many the world holds.
        start: Aware time of the first conversation; now for a world that goes on.
        gap: Mean seconds between two conversations.
        credentials: Client id and secret that the token endpoint knows.
        expires_in: Lifetime of a token in seconds.
        rate_limit: Calls per token and minute.
        webhooks: Whether ``/api/v2/webhooks`` exists; in a real organisation it does not.
        signer: Proves the deliveries that name no other signer.
        cassette: Folder of `genesys-workbench record` to play back, instead of inventing a world.
        live: Whether the world goes on from its start, and nothing is known of what is to come;
            else all of it is history. A cassette begins with the first socket or delivery.
        speed: Simulated seconds in a second of a world that goes on, and of the deliveries of a
            cassette.
        heartbeat: Seconds between two signs of life on the socket of a notification channel.
        job_lag: Seconds by which analytics jobs are behind.
        clock: Monotonic seconds, for the tokens and the rate limit.
        local_tls: What verifies https receivers on this computer; None for the system's CAs.
    """

    def __init__(
        self,
        seed: int = 42,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        conversations: int = 500,
        start: datetime | None = None,
        gap: float = 60.0,
        credentials: tuple[str, str] = SIMULATOR_CREDENTIALS,
        expires_in: float = 86399,
        rate_limit: int = 300,
        webhooks: bool = True,
        signer: Signer | None = None,
        cassette: Path | None = None,
        live: bool = False,
        speed: float = 1.0,
        heartbeat: float = HEARTBEAT,
        job_lag: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        local_tls: ssl.SSLContext | None = None,
    ) -> None:
        self._signer = signer
        new_id = IdSource(seed)
        self._world: World | None = None
        source: Source
        if cassette is not None:
            source = Cassette(cassette)
        else:
            began = start or (datetime.now(UTC) if live else DEFAULT_START)
            self._world = World(seed, conversations=conversations, start=began, gap=gap)
            source = Invented(self._world)
        self._cassette = cassette
        self._speed = speed
        sim_clock = (
            SimClock(source.start, speed, waits=cassette is not None, clock=clock) if live else None
        )
        present = Present(source, sim_clock)
        hooks = Webhooks(new_id) if webhooks else None
        self._state = SimulatorState(
            present=present,
            channels=Channels(source, clock=clock),
            heartbeat=heartbeat,
            credentials=credentials,
            tokens=Tokens(expires_in=expires_in, clock=clock),
            limits=RateLimits(rate_limit, clock=clock),
            faults=Faults(seed),
            webhooks=hooks,
            triggers=TriggersApi(new_id),
            jobs=JobsApi(present, new_id, lag=job_lag, clock=clock),
            deliveries=Deliveries(present, hooks, new_id=new_id, local_tls=local_tls),
            new_id=new_id,
        )
        self._server = ServerThread(
            create_app(self._state), host=host, port=port, name="simulator", websockets=True
        )

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> str:
        """Serve, and return the base URL.

        Raises:
            ServingError: The address cannot be used.
        """
        return self._server.start()

    def stop(self) -> None:
        """Stop serving; deliveries under way are cancelled. What was registered stays."""
        self._server.stop()

    @property
    def url(self) -> str:
        """Base URL of API and login, without a trailing slash."""
        return self._server.url

    @property
    def note(self) -> str | None:
        """Whether another port than the wanted one was taken, in words."""
        return self._server.note

    @property
    def world(self) -> World:
        """The invented conversations behind all answers.

        Raises:
            SettingsError: It plays a cassette.
        """
        if self._world is None:
            raise SettingsError("A simulator that plays a cassette has no world of its own.")
        return self._world

    @property
    def faults(self) -> Faults:
        """The faults in force; add to them or clear them at any time."""
        return self._state.faults

    @property
    def requests(self) -> Counter[str]:
        """Calls by endpoint, with the names that faults use, and ``other``."""
        return self._state.requests

    def close_sockets(self) -> None:
        """Close the sockets of all channels, as the platform does, with a notice before."""
        self._server.submit(self._closed(channels=False)).result()

    def deny(self, *permissions: str) -> None:
        """Let the client lack these permissions, such as ``routing:queue:view``, and no others."""
        self._state.channels.denied = set(permissions)

    def end_jobs(self, state: str) -> None:
        """Let the analytics jobs that are made from now on end as ``FAILED``, ``EXPIRED``, …."""
        self._state.jobs.outcome = state

    def expire_tokens(self) -> None:
        """Let all access tokens be over."""
        self._state.tokens.expire()

    def forget_channels(self) -> None:
        """Let all channels be gone, as after a day."""
        self._server.submit(self._closed(channels=True)).result()

    async def _closed(self, *, channels: bool) -> None:
        for channel in self._state.channels:
            if channel.socket is not None:
                channel.socket.tell(closing())
                channel.socket.end(1001)
            if channels:
                self._state.channels.remove(channel.id)

    def now(self) -> datetime:
        """Return the aware time of a world that goes on."""
        return self._state.present.now()

    def deliver(
        self,
        events: int | None = None,
        *,
        targets: Iterable[str] | None = None,
        on_progress: Callable[[dict[str, int]], None] | None = None,
        **options: Any,
    ) -> Ledger:
        """Send events to the enabled webhooks, or to `targets`, and wait for the outcome.

        Args:
            events: Distinct events for each target; None for all of a cassette. Those of a
                cassette are as far apart as they were, unless a rate is given.
            targets: URLs to send to, instead of the webhooks.
            on_progress: Called in this thread, every 0.1 s and at the end, with the counts.
            options: Further fields of `DeliveryPlan`: rate, envelope, duplicates, disorder,
                delay, redeliver, salt, skip, signer, …

        Raises:
            SettingsError: The plan is not valid, or there is no target.
            ServingError: The simulator does not run, or was stopped meanwhile.
        """
        urls = None if targets is None else tuple(targets)
        given = {"signer": self._signer, **self._extent(events), **options}
        plan = DeliveryPlan(targets=urls, **given)
        run = self._state.deliveries.prepare(plan)
        future = self._server.submit(self._state.deliveries.carry_out(run))
        try:
            while not wait([future], _PROGRESS_EVERY).done:
                _tell(on_progress, run.ledger)
            ledger = future.result()
        except CancelledError as exc:
            raise ServingError("The simulator was stopped while it delivered.") from exc
        finally:
            future.cancel()
        _tell(on_progress, ledger)
        return ledger

    def describe(self) -> list[str]:
        """Return what a person wants to know first, line by line."""
        client_id, secret = self._state.credentials
        shown = secret if (client_id, secret) == SIMULATOR_CREDENTIALS else "***"
        source = self._state.present.source
        first = [(source.id_of(place), source.start_of(place)) for place in range(len(source))[:3]]
        played = [] if self._cassette is None else [f"Cassette: {self._cassette}"]
        return [
            f"Simulated Genesys Cloud: {self.url}",
            *played,
            f"Credentials: client id {client_id}, client secret {shown}",
            *(f"Conversation: {one}" for one, _ in first),
            f"Token: curl -s -u {client_id}:{shown} -d grant_type=client_credentials "
            f"{self.url}/oauth/token",
            *(f"Event: {_curl(one, start)}" for one, start in first[:1]),
        ]

    def _extent(self, events: int | None) -> dict[str, Any]:
        source = self._state.present.source
        if isinstance(source, Cassette):
            return {"events": events or max(1, len(source.events)), "speed": self._speed}
        if events is None:
            raise SettingsError("How many events are to be delivered?", fix="pass events=100")
        return {"events": events}


def _tell(on_progress: Callable[[dict[str, int]], None] | None, ledger: Ledger) -> None:
    if on_progress is not None:
        on_progress(ledger.summary)


def _curl(conversation_id: str, when: datetime) -> str:
    body = json.dumps({"conversationId": conversation_id, "timestamp": iso(when)})
    return f"curl -s {_RECEIVER} -H 'Content-Type: application/json' -d '{body}'"
