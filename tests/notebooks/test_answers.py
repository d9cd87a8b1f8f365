"""An analyst's questions take five lines at most, and the answers are the simulator's truth."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from genesys_workbench import frames
from genesys_workbench.frames import Frames
from genesys_workbench.simulator.analytics import analytics_conversation
from genesys_workbench.simulator.rest import rest_conversation
from genesys_workbench.simulator.world import World
from tests import truths

WORLD = World(42, conversations=400)
NAMES = {queue.id: queue.name for queue in WORLD.queues}


def mixed() -> list[dict[str, Any]]:
    """Every second conversation as REST tells it, the others as analytics does."""
    shapes = (rest_conversation, analytics_conversation)
    return [shapes[n % 2](one) for n, one in enumerate(WORLD.conversations)]


@pytest.fixture(scope="module", params=["rest", "analytics", "mixed"])
def told(request: pytest.FixtureRequest) -> Frames:
    if request.param == "mixed":
        return frames.from_conversations(mixed())
    shape = rest_conversation if request.param == "rest" else analytics_conversation
    return frames.from_conversations(map(shape, WORLD.conversations), queue_names=NAMES)


def busiest_hour_by_channel(f: Frames) -> Any:
    rows = f.conversations
    counts = rows.groupby([rows.started_at.dt.hour, "media_type"], observed=True).size()
    return counts.unstack(fill_value=0).idxmax()


def median_wait_by_queue(f: Frames) -> Any:
    waits = f.participants[f.participants.purpose == "acd"]
    return waits.groupby("queue_name").wait_s.median()


def transfers_per_agent(f: Frames) -> Any:
    return f.participants.groupby("user_id").transfers.sum()


def abandoned_share(f: Frames) -> Any:
    return f.conversations.abandoned.mean()


def without_an_external_contact(f: Frames) -> Any:
    return f.conversations[f.conversations.external_contact_id.isna()]


QUESTIONS = (
    busiest_hour_by_channel,
    median_wait_by_queue,
    transfers_per_agent,
    abandoned_share,
    without_an_external_contact,
)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: one.__name__)
def test_an_answer_takes_five_lines_at_most(question: Callable[..., Any]) -> None:
    lines = inspect.getsource(question).strip().splitlines()[1:]
    assert 1 <= len(lines) <= 5
    assert not [line for line in lines if re.search(r"\b(?:lambda|for)\b", line)]


def test_the_busiest_hour_by_channel_is_true(told: Frames) -> None:
    truth = truths.busiest_hours(WORLD.conversations)
    assert len(truth) > 3
    assert busiest_hour_by_channel(told).to_dict() == {m: hour for m, (hour, _) in truth.items()}


def test_the_median_wait_by_queue_is_true(told: Frames) -> None:
    truth = truths.median_waits(WORLD.conversations)
    assert len(truth) > 5
    assert median_wait_by_queue(told).to_dict() == pytest.approx(truth)


def test_the_transfers_per_agent_are_true(told: Frames) -> None:
    truth = truths.transfers(WORLD.conversations)
    assert sum(truth.values()) > 10
    found = transfers_per_agent(told)
    assert found[found > 0].to_dict() == truth


def test_the_abandoned_share_is_true(told: Frames) -> None:
    lost, waited = truths.abandoned(WORLD.conversations)
    assert lost > 5
    assert abandoned_share(told) == pytest.approx(lost / waited)


def test_the_conversations_without_an_external_contact_are_true(told: Frames) -> None:
    truth = truths.without_contact(WORLD.conversations)
    assert truth > 20
    assert len(without_an_external_contact(told)) == truth
