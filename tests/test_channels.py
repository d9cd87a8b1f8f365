"""Queues and users become topics; names that lead nowhere are told with what there is."""

from __future__ import annotations

from typing import Any

import pytest

from genesys_workbench.channels import (
    MAX_CHANNELS,
    MAX_TOPICS,
    Channel,
    Subject,
    find_subjects,
    open_channel,
    spread,
)
from genesys_workbench.errors import BadResponse, UsageError

ID = "5b7d7b4e-6a0f-4f4e-9a54-2f4b1c3a9d10"
OTHER = "0f0e6a52-3a4c-4f7e-8c54-0c6c8a1b2d3e"


class Organisation:
    """Answers as `GenesysClient` does."""

    def __init__(self, *entities: dict[str, Any], answer: Any = None) -> None:
        self.asked: list[str] = []
        self._entities = entities
        self._answer = answer

    def pages(self, path: str, **_: Any) -> list[dict[str, Any]]:
        self.asked.append(path)
        return list(self._entities)

    def request(self, *_: Any, **__: Any) -> Any:
        return self._answer


def find(organisation: Organisation, **named: Any) -> list[Subject]:
    return find_subjects(organisation, **named)  # type: ignore[arg-type]


def test_an_id_is_taken_without_asking() -> None:
    organisation = Organisation()
    (found,) = find(organisation, queues=[ID.upper()])
    assert found.topic == f"v2.routing.queues.{ID}.conversations"
    assert organisation.asked == []


def test_names_are_found_whatever_their_case_and_users_by_their_address() -> None:
    queues = find(Organisation({"id": ID, "name": "Billing"}), queues=["billing", "BILLING"])
    assert {subject.id for subject in queues} == {ID}
    person = {"id": OTHER, "name": "Ann", "email": "ann@example.com"}
    (user,) = find(Organisation(person), users=["Ann@example.com"])
    assert user.topic == f"v2.users.{OTHER}.conversations"


def test_a_name_that_there_is_not_is_told_with_near_ones_or_with_all() -> None:
    organisation = Organisation({"id": ID, "name": "Billing"}, {"id": OTHER, "name": "Orders"})
    with pytest.raises(UsageError, match="no queue called 'Biling'") as near:
        find(organisation, queues=["Biling"])
    assert near.value.fix == "take one of: Billing"
    with pytest.raises(UsageError) as far:
        find(organisation, queues=["x"])
    assert far.value.fix == "take one of: Billing, Orders"


def test_a_name_of_several_is_not_guessed() -> None:
    organisation = Organisation({"id": ID, "name": "Ann"}, {"id": OTHER, "name": "Ann"})
    with pytest.raises(UsageError, match="2 users are called 'Ann'"):
        find(organisation, users=["Ann"])


def test_nothing_named_is_told() -> None:
    with pytest.raises(UsageError, match="Nothing to listen to"):
        find(Organisation())


def test_a_thousand_topics_go_over_a_channel_and_twenty_channels_is_the_end() -> None:
    many = [Subject("queue", str(number), "") for number in range(MAX_TOPICS + 1)]
    assert [len(part) for part in spread(many)] == [MAX_TOPICS, 1]
    with pytest.raises(UsageError, match="20001 topics"):
        spread(many[:1] * (MAX_CHANNELS * MAX_TOPICS + 1))


@pytest.mark.parametrize("answer", [None, [], {}, {"id": "x", "connectUri": "y", "expires": "z"}])
def test_an_answer_that_is_no_channel_is_told(answer: Any) -> None:
    with pytest.raises(BadResponse, match="no channel"):
        open_channel(Organisation(answer=answer))  # type: ignore[arg-type]


def test_the_address_of_a_socket_is_a_secret() -> None:
    answer = {"id": "streaming-1-abcdefghijkl", "connectUri": "wss://x/y", "expires": "2026-01-05"}
    channel = open_channel(Organisation(answer=answer))  # type: ignore[arg-type]
    assert isinstance(channel, Channel)
    assert "wss" not in repr(channel)
    assert "abcdefghijkl" not in repr(channel)
