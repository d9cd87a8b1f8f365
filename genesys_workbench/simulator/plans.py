"""What a run of deliveries shall be like."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import SettingsError
from .envelopes import ENVELOPES
from .signing import Signer

__all__ = ["DeliveryPlan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPlan:
    """One run of deliveries.

    Attributes:
        events: Distinct events for each target; repetitions come on top.
        targets: URLs; None means the enabled webhooks.
        rate: Events per second; None means as fast as the receivers answer.
        speed: Of events that were recorded: seconds of then in a second of now, if no rate is
            given.
        envelope: One of the four, or ``mixed`` for all by turns.
        duplicates: Share of the events that are sent twice.
        disorder: Share of the events that come late, by up to 20 places.
        delay: Each delivery is held back by a random time of up to so many seconds.
        redeliver: Further attempts after a connection failure or any status but 2xx.
        backoff: Seconds before the second attempt, doubled for each further one.
        retry_cap: Longest wait between attempts in seconds, whatever Retry-After says.
        salt: Gives the same events other ids, so that two runs differ.
        skip: Events to leave out at the beginning.
        signer: Proves the origin.
        concurrency: Requests under way at once.
        timeout: Seconds to wait for an answer.

    Raises:
        SettingsError: A value is out of range; the text names all that are.
    """

    events: int
    targets: tuple[str, ...] | None = None
    rate: float | None = None
    speed: float | None = None
    envelope: str = "mixed"
    duplicates: float = 0.0
    disorder: float = 0.0
    delay: float = 0.0
    redeliver: int = 5
    backoff: float = 0.5
    retry_cap: float = 5.0
    salt: str = ""
    skip: int = 0
    signer: Signer | None = None
    concurrency: int = 16
    timeout: float = 10.0

    def __post_init__(self) -> None:
        checks = {
            "events must be at least 1": self.events >= 1,
            "targets must be http or https URLs": all(map(_is_url, self.targets or ("http://x",))),
            "rate and speed must be above 0": all(
                each is None or each > 0 for each in (self.rate, self.speed)
            ),
            f"envelope must be mixed or one of {', '.join(ENVELOPES)}": self.envelope
            in ("mixed", *ENVELOPES),
            "duplicates and disorder must be 0 to 1": all(
                0 <= share <= 1 for share in (self.duplicates, self.disorder)
            ),
            "delay, backoff, retry_cap, redeliver and skip must not be negative": min(
                self.delay, self.backoff, self.retry_cap, self.redeliver, self.skip
            )
            >= 0,
            "concurrency must be at least 1": self.concurrency >= 1,
            "timeout must be above 0": self.timeout > 0,
        }
        wrong = [text for text, fine in checks.items() if not fine]
        if wrong:
            raise SettingsError(f"The deliveries cannot be made: {'; '.join(wrong)}.")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
