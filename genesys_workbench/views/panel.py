"""`Panel`: what the live widgets have in common.

Python holds the state, a plain dict; JavaScript draws it and sends back what was clicked. While
a browser shows the panel a thread of its own reads the state again and again, so that it lives
on while a cell runs; without a browser (nbval, papermill) there is no thread, and `snapshot`
shows the same as a still picture.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from ..errors import WorkbenchError
from ..privacy import scrub
from .picture import Picture

__all__ = ["Action", "Panel", "assets"]

log = logging.getLogger(__name__)

_STATIC = Path(__file__).parent / "static"
# A reading may take at most this share of the time, however slow the broker or the disk.
_LOAD = 0.25

Action = Callable[..., str]
"""Does what a button says; returns the sentence that is shown. Runs in a thread."""


def assets(*names: str) -> str:
    """Return files of ``static/`` as one text."""
    return "\n".join((_STATIC / name).read_text("utf-8") for name in names)


class Panel(anywidget.AnyWidget):
    """A live widget; subclasses give `read`, `picture`, `actions` and the JavaScript.

    Args:
        every: Seconds between two readings; more where a reading takes long.
        clock: Monotonic seconds.
    """

    _css = assets("panel.css")
    state = traitlets.Dict().tag(sync=True)
    label: ClassVar[str] = "panel"

    def __init__(self, *, every: float = 0.3, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every = every
        self._clock = clock
        self._views = 0
        self._closed = threading.Event()
        self._reading = threading.Lock()
        self._thread: threading.Thread | None = None
        self._hands = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"genesys-{self.label}")
        self.on_msg(self._on_message)
        self.refresh()

    def __repr__(self) -> str:
        return f"<{self.label}>"

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be clicked, by name; the arguments come from the browser."""
        return {}

    def read(self) -> dict[str, Any]:
        """Return the state, fit for JSON; called from several threads, one at a time."""
        raise NotImplementedError

    def picture(self, state: Mapping[str, Any], *, times: bool) -> Picture:
        """Draw a state without JavaScript."""
        raise NotImplementedError

    def snapshot(self, *, times: bool = False) -> Picture:
        """Return the panel as a still picture, for export and for comparison.

        Args:
            times: Whether to show what differs from run to run: times, rates, durations.
        """
        self.refresh()
        return self.picture(self.state, times=times)

    def refresh(self) -> None:
        """Read the state and tell the browser what is new."""
        with self._reading:
            try:
                state = self.read() | {"problem": ""}
            except WorkbenchError as exc:
                state = dict(self.state) | {"problem": scrub(str(exc))}
            except Exception as exc:  # noqa: BLE001 - the thread that reads must not end
                log.error("%s: it could not be read: %s", self.label, scrub(repr(exc)))
                problem = f"The panel could not be read: {type(exc).__name__}."
                state = dict(self.state) | {"problem": problem}
            if state != self.state:
                self.state = state

    def do(self, action: str, /, **arguments: Any) -> Future[str]:
        """Do what a button does, in the panel's own thread; the future gives its sentence.

        Raises:
            WorkbenchError: There is no such action.
        """
        known = self.actions
        if action not in known:
            raise WorkbenchError(
                f"The {self.label} has no action {action!r}.", fix=f"one of: {', '.join(known)}"
            )
        return self._hands.submit(self._run, known[action], arguments)

    def close(self) -> None:
        """Stop reading, and take the widget out of the notebook. Idempotent."""
        self._closed.set()
        self._hands.shutdown(wait=True, cancel_futures=True)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        super().close()

    def _run(self, action: Action, arguments: Mapping[str, Any]) -> str:
        try:
            return action(**arguments)
        finally:
            self.refresh()

    def _on_message(self, _: Any, content: Mapping[str, Any], __: Any) -> None:
        """Take what the browser says: a view came or went, or something was clicked."""
        if content.get("view") is not None:
            self._views = max(0, self._views + int(content["view"]))
            self._watch()
            return
        number = content.get("number")
        try:
            future = self.do(str(content.get("action")), **content.get("arguments", {}))
        except WorkbenchError as exc:
            self.send({"number": number, "ok": False, "text": scrub(str(exc))})
            return
        future.add_done_callback(lambda done: self._answer(number, done))

    def _answer(self, number: Any, done: Future[str]) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is not None and not isinstance(error, WorkbenchError):
            log.error("%s: an action failed: %s", self.label, scrub(repr(error)))
        text = done.result() if error is None else scrub(str(error))
        self.send({"number": number, "ok": error is None, "text": text})

    def _watch(self) -> None:
        if self._views and self._thread is None:
            self._thread = threading.Thread(
                target=self._keep_reading, name=f"genesys-{self.label}-reader", daemon=True
            )
            self._thread.start()

    def _keep_reading(self) -> None:
        pause = self._every
        while not self._closed.wait(pause):
            if not self._views:
                pause = self._every
                continue
            started = self._clock()
            self.refresh()
            pause = max(self._every, (self._clock() - started) / _LOAD)
