"""Ports for servers that end and start again on the same one, with nobody getting in between."""

from __future__ import annotations

import atexit
import random
import socket

from .errors import ServingError

__all__ = ["free_port", "hold_port", "let_go_of_port"]

# Below those that systems lend to clients.
PORTS = range(20_000, 30_000)

# The UDP port of the same number is bound for as long as a port is ours: other processes that
# look for a free one see it, and the system lets go of it when this process ends, however it ends.
_held: dict[int, socket.socket] = {}


def free_port() -> int:
    """Return a port that nobody listens at, held until `let_go_of_port` or the process's end.

    Raises:
        ServingError: A hundred were tried, and all are taken.
    """
    # Not the shared generator: with the same seed, two processes would look in the same places.
    for port in random.SystemRandom().sample(PORTS, 100):
        if hold_port(port):
            return port
    raise ServingError(f"No port is free between {PORTS[0]} and {PORTS[-1]}.")


def hold_port(port: int) -> bool:
    """Keep a port from all who ask here for a free one; False if it is listened at or held."""
    lock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        lock.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return False
    if _is_listened_at(port):
        lock.close()
        return False
    _held[port] = lock
    return True


def let_go_of_port(port: int) -> None:
    """Let others have a port that was held; nothing happens if it was not."""
    lock = _held.pop(port, None)
    if lock is not None:
        lock.close()


@atexit.register
def _let_go_of_all() -> None:
    for port in list(_held):
        let_go_of_port(port)


def _is_listened_at(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
