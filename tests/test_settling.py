"""How long queues that were just declared are waited for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genesys_workbench import settling
from genesys_workbench.errors import BrokerUnreachable
from genesys_workbench.settling import SETTLE_SECONDS, settle


def tell(monkeypatch: pytest.MonkeyPatch, *counts: int | None) -> list[float]:
    """Have the broker tell these counts of flushes; return the list of waits."""
    told: Iterator[int | None] = iter(counts)
    monkeypatch.setattr(settling, "_flushes", lambda _: next(told))
    return []


@pytest.mark.parametrize(("fresh", "expected"), [(True, [3.0]), (False, [])])
def test_a_broker_that_does_not_tell_gets_three_seconds_for_new_queues(
    fresh: bool, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = tell(monkeypatch, None)
    settle("amqp://x", waits.append, fresh=fresh)
    assert waits == expected


@pytest.mark.parametrize("fresh", [True, False])
def test_a_private_node_is_waited_for_until_a_flush_began_and_ended(
    fresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = tell(monkeypatch, 7, 7, 8, 9)
    settle("amqp://x", waits.append, fresh=fresh)
    assert waits == [settling.LOOK_EVERY] * 3


@pytest.mark.parametrize("then", [7, 8, 0, None])
def test_a_private_node_that_flushes_no_more_gets_the_time_of_any_other(
    then: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = tell(monkeypatch, 7, *[then] * 60)
    settle("amqp://x", waits.append)
    assert sum(waits) == pytest.approx(SETTLE_SECONDS)


def test_a_broker_that_is_away_is_said_to_be_so() -> None:
    with pytest.raises(BrokerUnreachable, match=r"127\.0\.0\.1:1"):
        settle("amqp://guest:canary@127.0.0.1:1/", lambda _: None)
