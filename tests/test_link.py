"""What the publisher's connection knows of its broker: whether it lives, and when to try again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from genesys_workbench.backoff import Backoff
from genesys_workbench.pulse import Pulse


class QuietChannel:
    """A channel whose broker answers when the test says so."""

    is_open = True

    def __init__(self) -> None:
        self.asked: list[Callable[[Any], None]] = []

    def basic_qos(self, *, prefetch_count: int, callback: Callable[[Any], None]) -> None:
        assert prefetch_count == 0, "it must change nothing"
        self.asked.append(callback)


def beat(pulse: Pulse, channel: QuietChannel, times: int) -> None:
    for _ in range(times):
        pulse.beat(channel)


def test_a_broker_that_does_not_answer_is_not_alive_after_less_than_two_seconds_of_beats() -> None:
    pulse, channel = Pulse("here"), QuietChannel()
    beat(pulse, channel, 7)
    assert (pulse.alive, len(channel.asked)) == (True, 1)
    beat(pulse, channel, 1)
    assert not pulse.alive
    beat(pulse, channel, 50)
    assert len(channel.asked) == 1, "one question is enough"


def test_an_answer_revives_it_and_it_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="genesys_workbench.link")
    pulse, channel = Pulse("here"), QuietChannel()
    beat(pulse, channel, 20)
    channel.asked[0](None)
    assert pulse.alive
    beat(pulse, channel, 3)
    assert len(channel.asked) == 2
    assert caplog.text.count("does not answer") == caplog.text.count("answers again") == 1


def test_confirms_are_signs_of_life_too_and_need_no_question() -> None:
    pulse, channel = Pulse("here"), QuietChannel()
    for _ in range(50):
        pulse.beat(channel)
        pulse.heard()
    assert (pulse.alive, channel.asked) == (True, [])


def test_a_new_channel_is_asked_although_the_old_one_never_answered() -> None:
    pulse, old, new = Pulse("here"), QuietChannel(), QuietChannel()
    beat(pulse, old, 20)
    pulse.renew()
    assert pulse.alive
    beat(pulse, new, 3)
    assert len(new.asked) == 1


def test_the_next_try_never_waits_longer_than_a_second_and_a_half() -> None:
    slow, quick = Backoff(lambda: 1.0), Backoff(lambda: 0.0)
    pauses = [slow.pause() for _ in range(50)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.4, 1.5)
    assert max(quick.pause() for _ in range(50)) == 0.75
    slow.confirmed()
    assert slow.pause() == 0.4


def test_a_long_outage_is_told_when_it_begins_and_twice_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, logger="genesys_workbench.link")
    backoff = Backoff(lambda: 0.5)
    for second in range(100):
        backoff.tell("It is away.", float(second))
    assert len(caplog.records) == 4
    backoff.tell("It refuses.", 100.0)
    backoff.connected()
    backoff.tell("It refuses.", 100.5)
    assert len(caplog.records) == 6
