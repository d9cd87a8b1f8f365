"""A broker's sign of life: one that hangs keeps its connection, and heartbeats tell it late."""

from __future__ import annotations

import logging

from pika.channel import Channel

__all__ = ["Pulse"]

log = logging.getLogger(f"{__package__}.link")  # one name for all that it tells

# In beats of the link, five a second: an outage is seen after 1.6 s.
ASK_AFTER, GIVE_UP_AFTER = 2, 8


class Pulse:
    """Asks for a sign of life where none came by itself.

    It counts beats of the event loop and not seconds, so that a process that was itself held up
    does not blame the broker: answers are read between two beats.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._beats = 0
        self._asked = False

    @property
    def alive(self) -> bool:
        """Whether the broker has answered lately."""
        return self._beats < GIVE_UP_AFTER

    def renew(self) -> None:
        """Begin anew with a new channel."""
        self._beats, self._asked = 0, False

    def beat(self, channel: Channel) -> None:
        """Count one beat; ask where it was quiet."""
        self._beats += 1
        if self._beats == GIVE_UP_AFTER:
            log.warning("RabbitMQ at %s is connected, but does not answer", self._place)
        if self._beats >= ASK_AFTER and not self._asked and channel.is_open:
            self._asked = True
            # It is answered and changes nothing, since nobody consumes on this channel.
            channel.basic_qos(prefetch_count=0, callback=lambda _: self._answered())

    def heard(self) -> None:
        """Note a confirm, or the answer to a question."""
        if not self.alive:
            log.info("RabbitMQ at %s answers again", self._place)
        self._beats = 0

    def _answered(self) -> None:
        self._asked = False
        self.heard()
