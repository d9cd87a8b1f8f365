"""Where the simulator's conversations come from: an invented world here, a cassette elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from .analytics import analytics_conversation
from .drawing import Drawn, Moment, draw, timeline
from .envelopes import correlation_id
from .notification import MEDIA, media_conversation, notification_conversation
from .people import Queue, User
from .plans import DeliveryPlan
from .rest import rest_conversation
from .truth import SimConversation, as_of
from .world import World

__all__ = ["Change", "Invented", "Source"]

Hears = Callable[[str], bool]


class Change(Protocol):
    """Something that happens to a conversation."""

    @property
    def at(self) -> datetime:
        """Aware time."""

    def frames(self, hears: Hears) -> Iterator[dict[str, Any]]:
        """Yield the frames that a socket carries, of the topics that somebody hears."""


class Source(Protocol):
    """Conversations in order of their start, each with its place, and how they are told."""

    @property
    def seed(self) -> int:
        """Of the order in which events are sent, and of ids."""

    @property
    def start(self) -> datetime:
        """Aware time at which a clock begins to run."""

    @property
    def queues(self) -> Sequence[Queue]:
        """All queues."""

    @property
    def users(self) -> Sequence[User]:
        """All agents."""

    def __len__(self) -> int: ...

    def id_of(self, place: int) -> str:
        """Return a conversation's id."""

    def start_of(self, place: int) -> datetime:
        """Return the aware time at which it began."""

    def known_from(self, place: int) -> datetime:
        """Return the aware time from which it can be known; not before that of a lower place."""

    def place_of(self, conversation_id: str) -> int | None:
        """Return the place of an id, None where analytics knows no such conversation."""

    def analytics(
        self, place: int, at: datetime | None, *, attributes: bool = False
    ) -> dict[str, Any]:
        """Return the analytics body at a time (None: when all is over).

        Args:
            place: Of the conversation.
            at: Aware time.
            attributes: Whether participants carry their attributes, as the results of jobs do.
        """

    def begun(self, conversation_id: str) -> datetime | None:
        """Return the aware time at which it began, None where there is no REST body of it."""

    def rest(self, conversation_id: str, at: datetime | None) -> dict[str, Any]:
        """Return the REST body of a conversation that has begun."""

    def changes(self) -> Iterator[Change]:
        """Yield what happens, in order of time."""

    def drawn(self, plan: DeliveryPlan, kinds: frozenset[str]) -> Iterator[Drawn]:
        """Yield the events of a plan's deliveries without end.

        Raises:
            SettingsError: There is no such event.
        """


class Invented:
    """A world of the simulator's own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.seed = world.seed
        self.start = world.start
        self.queues = world.queues
        self.users = world.users

    def __len__(self) -> int:
        return len(self._world.conversations)

    def id_of(self, place: int) -> str:
        """See `Source`."""
        return self._world.conversations[place].id

    def start_of(self, place: int) -> datetime:
        """See `Source`."""
        return self._world.conversations[place].start

    def known_from(self, place: int) -> datetime:
        """See `Source`: when it begins."""
        return self.start_of(place)

    def place_of(self, conversation_id: str) -> int | None:
        """See `Source`."""
        return self._world.place_of(conversation_id)

    def analytics(
        self, place: int, at: datetime | None, *, attributes: bool = False
    ) -> dict[str, Any]:
        """See `Source`."""
        found = self._world.conversations[place]
        return analytics_conversation(_then(found, at), attributes=attributes)

    def begun(self, conversation_id: str) -> datetime | None:
        """See `Source`."""
        found = self._world.by_id(conversation_id)
        return None if found is None else found.start

    def rest(self, conversation_id: str, at: datetime | None) -> dict[str, Any]:
        """See `Source`."""
        found = self._world.by_id(conversation_id)
        if found is None:
            raise KeyError(conversation_id)
        return rest_conversation(_then(found, at))

    def changes(self) -> Iterator[Change]:
        """See `Source`."""
        return map(_Invention, timeline(self._world.conversations))

    def drawn(self, plan: DeliveryPlan, kinds: frozenset[str]) -> Iterator[Drawn]:
        """See `Source`."""
        return draw(
            self._world.conversations,
            kinds=kinds,
            envelope=plan.envelope,
            skip=plan.skip,
            salt=plan.salt,
            seed=self.seed,
        )


class _Invention:
    """A moment of an invented world as a change."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.at = moment.event.occurred_at

    def frames(self, hears: Hears) -> Iterator[dict[str, Any]]:
        """Yield the detail event, and the conversation for its queues and users."""
        event = self._moment.event
        detail = f"v2.detail.events.conversation.{event.conversation_id}.{event.what}"
        if hears(detail):
            yield self._frame(detail, event.body)
        topics = _topics_of(self._moment)
        whole = [topic for topic in topics if hears(topic)]
        parts = {
            medium: [f"{topic}.{medium}" for topic in topics if hears(f"{topic}.{medium}")]
            for medium in MEDIA
        }
        if not whole and not any(parts.values()):
            return
        body = notification_conversation(self._moment.conversation, self.at)
        yield from (self._frame(topic, body) for topic in whole)
        for medium, heard in parts.items():
            part = media_conversation(body, medium) if heard else None
            if part is not None:
                yield from (self._frame(topic, part) for topic in heard)

    def _frame(self, topic: str, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "topicName": topic,
            "version": "2",
            "eventBody": body,
            "metadata": {"CorrelationId": correlation_id(self._moment.event)},
        }


def _then(conversation: SimConversation, at: datetime | None) -> SimConversation:
    return conversation if at is None else as_of(conversation, at)


def _topics_of(moment: Moment) -> list[str]:
    """Return the topics of the queues and users that have taken part so far."""
    people = as_of(moment.conversation, moment.event.occurred_at).participants
    queues = [f"v2.routing.queues.{one.queue.id}.conversations" for one in people if one.queue]
    users = [f"v2.users.{one.user.id}.conversations" for one in people if one.user]
    return list(dict.fromkeys([*queues, *users]))
