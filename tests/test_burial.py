"""A dead letter that finds no place: declared again, kept by the broker, or given back."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from celery.exceptions import Reject

from genesys_workbench import burial, runtime
from genesys_workbench.errors import (
    BrokerError,
    BrokerUnreachable,
    Nacked,
    PublishTimeout,
    TopologyError,
    Unroutable,
)
from genesys_workbench.messages import Message
from genesys_workbench.settings import load_settings
from genesys_workbench.settling import SETTLE_SECONDS

LETTER = Message("e-1", "conversation.other.unknown", b"", {})


class Fake:
    """Stands for runtime and publisher: fails as often as it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.published = 0
        self.publisher = self

    def publish(self, message: Message) -> Future[None]:
        self.published += 1
        future: Future[None] = Future()
        if self.errors:
            future.set_exception(self.errors.pop(0))
        else:
            future.set_result(None)
        return future


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    urls: list[str] = []
    monkeypatch.setattr(burial, "declare_topology", lambda url, _: urls.append(url))
    monkeypatch.setattr(burial, "settle", lambda url, sleep: sleep(SETTLE_SECONDS))
    return urls


def use(fake: Fake, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> list[float]:
    """Take the fake for the runtime; return the list of pauses."""
    given = load_settings(broker_url="amqp://127.0.0.1/", **settings)
    monkeypatch.setattr(runtime, "settings", lambda: given)
    monkeypatch.setattr(runtime, "current", lambda: fake)
    return []


@pytest.mark.parametrize("error", [Unroutable("x"), TopologyError("x")])
def test_a_queue_that_is_missing_is_declared_again_and_takes_the_letter(
    error: BrokerError, declared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = Fake(error)
    pauses = use(fake, monkeypatch)
    burial.bury(LETTER, sleep=pauses.append)
    assert (fake.published, declared, pauses) == (2, ["amqp://127.0.0.1/"], [SETTLE_SECONDS])


@pytest.mark.parametrize(
    ("queue_type", "errors", "requeue"),
    [
        ("quorum", [Nacked("full")], False),
        ("quorum", [Unroutable("x"), Unroutable("x")], False),
        ("quorum", [BrokerUnreachable("x")], True),
        ("quorum", [PublishTimeout("x")], True),
        ("quorum", [TimeoutError()], True),
        ("classic", [Nacked("full")], True),
        ("classic", [Unroutable("x"), Unroutable("x")], True),
    ],
)
def test_a_letter_without_a_place_stays_with_the_broker(
    queue_type: str,
    errors: list[Exception],
    requeue: bool,
    declared: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses = use(Fake(*errors), monkeypatch, queue_type=queue_type)
    with pytest.raises(Reject) as left:
        burial.bury(LETTER, sleep=pauses.append)
    assert left.value.requeue is requeue
    assert (burial.PAUSE in pauses) is requeue
