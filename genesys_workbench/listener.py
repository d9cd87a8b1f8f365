"""The Notifications bridge in a thread of this process, for notebooks, commands and tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any

from .channels import Subject, find_subjects
from .client import GenesysClient
from .metrics import Metrics
from .notifications import Bridge
from .opening import open_intake
from .publisher import PublisherLike
from .settings import Settings

__all__ = ["Listener", "subjects_for"]


def subjects_for(
    settings: Settings, *, queues: Sequence[str] = (), users: Sequence[str] = ()
) -> list[Subject]:
    """Return what to listen to in the organisation that the settings name.

    Args:
        settings: Name the organisation.
        queues: Names or ids.
        users: E-mail addresses, names or ids.

    Raises:
        UsageError: There is none of that name.
        GenesysError: The organisation cannot be asked.
    """
    with GenesysClient.from_settings(settings) as client:
        return find_subjects(client, queues=queues, users=users)


class Listener:
    """Listens to queues and users between `start` and `stop`.

    Args:
        settings: Name the organisation, and the broker unless a publisher is given.
        subjects: As of `subjects_for`.
        publisher: An open one to use and leave open.
        tell: Called, in another thread, with each line that a person wants to read.
        clock: Aware UTC now, as the organisation has it.
        options: Further ones of `Bridge`.
    """

    def __init__(
        self,
        settings: Settings,
        subjects: Sequence[Subject],
        *,
        publisher: PublisherLike | None = None,
        tell: Callable[[str], None] = lambda _: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **options: Any,
    ) -> None:
        self._settings = settings
        self._subjects = subjects
        self._publisher = publisher
        self._clock = clock
        self._options = {"tell": tell, "clock": clock, **options}
        self._ended: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self._run, name="genesys-listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Leave, and wait until what was heard is safe. Idempotent."""
        if self._loop is not None and self._work is not None and not self._ended.done():
            self._loop.call_soon_threadsafe(self._work.cancel)
        if self._thread is not None:
            self._thread.join()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it ends by itself, which it does only by an error.

        Returns:
            Whether it has ended; False when the seconds were over.

        Raises:
            WorkbenchError: Why it has ended.
        """
        try:
            self._ended.result(seconds)
        except TimeoutError:
            return False
        return True

    def _run(self) -> None:
        try:
            asyncio.run(self._listen())
        except asyncio.CancelledError:
            self._ended.set_result(None)
        except BaseException as exc:  # noqa: BLE001 - raised where somebody waits for the end
            self._ended.set_exception(exc)
        else:
            self._ended.set_result(None)

    async def _listen(self) -> None:
        self._loop, self._work = asyncio.get_running_loop(), asyncio.current_task()
        with GenesysClient.from_settings(self._settings) as client:
            opened = open_intake(
                self._settings, Metrics(), publisher=self._publisher, clock=self._clock
            )
            async with opened as intake:
                await Bridge(client, intake, self._subjects, **self._options).run()
