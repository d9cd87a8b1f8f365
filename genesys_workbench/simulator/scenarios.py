"""Which conversations a contact centre sees, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from . import scenarios_calls_out as out
from . import scenarios_digital as digital
from . import scenarios_voice as voice
from .stage import Stage

__all__ = ["SCENARIOS", "Scenario", "choose"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A script and its share.

    Attributes:
        share: Conversations in a thousand.
        media: Medium whose queues are the target.
    """

    name: str
    share: int
    media: str
    play: Callable[[Stage], None]


SCENARIOS = (
    Scenario("voice-inbound", 265, "voice", voice.inbound),
    Scenario("voice-transfer", 50, "voice", voice.transfer),
    Scenario("voice-consult", 25, "voice", voice.consult),
    Scenario("voice-conference", 20, "voice", voice.conference),
    Scenario("voice-reoffered", 25, "voice", voice.reoffered),
    Scenario("voice-abandoned", 55, "voice", voice.abandoned),
    Scenario("voice-ivr-abandoned", 35, "voice", voice.ivr_abandoned),
    Scenario("voice-voicemail", 25, "voice", voice.voicemail),
    Scenario("voice-short", 20, "voice", voice.short),
    Scenario("voice-long", 15, "voice", voice.long),
    Scenario("voice-active", 15, "voice", voice.active),
    Scenario("voice-internal", 30, "voice", out.internal),
    Scenario("voice-outbound", 50, "voice", out.outbound),
    Scenario("voice-campaign", 30, "outbound", out.campaign),
    Scenario("voice-campaign-no-answer", 20, "outbound", out.campaign_no_answer),
    Scenario("chat", 60, "chat", digital.chat),
    Scenario("email", 75, "email", digital.email),
    Scenario("email-waiting", 15, "email", digital.email_waiting),
    Scenario("message-webmessaging", 45, "message", digital.message("webmessaging")),
    Scenario("message-whatsapp", 35, "message", digital.message("whatsapp")),
    Scenario("message-sms", 20, "message", digital.message("sms")),
    Scenario("message-open", 15, "message", digital.message("open")),
    Scenario("message-active", 10, "message", digital.message_active),
    Scenario("message-then-call", 10, "message", digital.message_then_call),
    Scenario("callback", 20, "callback", digital.callback),
    Scenario("voice-then-callback", 15, "callback", digital.call_then_callback),
)
_SHARES = [scenario.share for scenario in SCENARIOS]


def choose(rng: Random) -> Scenario:
    """Throw the dice for a scenario."""
    return rng.choices(SCENARIOS, _SHARES)[0]
