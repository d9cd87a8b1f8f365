"""The log of refused deliveries: bounded, complete in its counts, silent about who and what."""

from __future__ import annotations

import logging
import re

import pytest

from genesys_workbench.privacy import network_of
from genesys_workbench.refusals import PAUSE, Refusals

SENDER = "203.0.113.77"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refusals(clock: Clock, caplog: pytest.LogCaptureFixture) -> Refusals:
    caplog.set_level(logging.DEBUG)
    return Refusals(clock=clock)


def test_ten_thousand_refusals_in_a_minute_are_seven_lines_that_count_them_all(
    refusals: Refusals, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(10_000):
        refusals.tell(401, "No proof.", sender=SENDER)
        clock.now += 60 / 10_000
    clock.now += PAUSE
    refusals.tell(401, "No proof.", sender=SENDER)
    assert len(caplog.records) == 7
    untold = sum(int(each) for each in re.findall(r"And (\d+) times", caplog.text))
    assert untold + len(caplog.records) == 10_001


def test_the_first_refusal_is_told_at_once_with_status_and_reason(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    refusals.tell(401, "No proof.", sender=SENDER)
    (record,) = caplog.records
    assert record.getMessage() == "delivery answered 401 to 203.0.113.0/24: No proof."
    assert record.status == 401  # type: ignore[attr-defined]


def test_a_flood_of_one_status_does_not_hide_another(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    for status in (401, 401, 503, 401, 503):
        refusals.tell(status, "No.", sender=SENDER)
    assert [record.status for record in caplog.records] == [401, 503]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (SENDER, "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("testclient", "an unknown sender"),
        ("\x1b[2J", "an unknown sender"),
        (None, "an unknown sender"),
    ],
)
def test_of_a_sender_only_its_network_is_told(address: str | None, told: str) -> None:
    assert network_of(address) == told
