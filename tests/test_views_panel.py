"""What all panels share: reading goes on, clicks are answered, nothing runs unseen."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from genesys_workbench.errors import WorkbenchError
from genesys_workbench.views.panel import Action, Panel
from genesys_workbench.views.picture import Picture
from tests.integration.workers import wait_until


class Counter(Panel):
    """Counts its readings; the second and third fail."""

    _esm = "export default { render() {} }"
    label = "counter"
    readings = 0

    @property
    def actions(self) -> Mapping[str, Action]:
        return {"add": self.add, "fail": self.fail}

    def read(self) -> dict[str, Any]:
        self.readings += 1
        if self.readings == 2:
            raise RuntimeError("broken for amqp://guest:canary@127.0.0.1/")
        if self.readings == 3:
            raise WorkbenchError("The store is away.", fix="start it")
        return {"readings": self.readings}

    def picture(self, state: Mapping[str, Any], *, times: bool) -> Picture:
        return Picture(f"<p>{state['readings']}</p>", str(state["readings"]))

    def add(self, number: int) -> str:
        return f"{number} more"

    def fail(self) -> str:
        raise WorkbenchError("It cannot be done.", fix="do without")


@pytest.fixture
def panel() -> Iterator[Counter]:
    opened = Counter(every=0.01)
    yield opened
    opened.close()


@pytest.fixture
def sent(panel: Counter, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What goes to the browser, in answer to clicks."""
    answers: list[dict[str, Any]] = []
    monkeypatch.setattr(panel, "send", answers.append)
    return answers


def reader() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "genesys-counter-reader"]


def test_no_thread_reads_while_no_browser_shows_it(panel: Counter) -> None:
    assert reader() == []
    assert panel.readings == 1


def test_reading_goes_on_after_any_error_and_the_error_is_shown(panel: Counter) -> None:
    panel.refresh()
    assert panel.state == {"readings": 1, "problem": "The panel could not be read: RuntimeError."}
    panel.refresh()
    assert panel.state == {"readings": 1, "problem": "The store is away.\n  Fix: start it"}
    panel._on_message(panel, {"view": 1}, [])
    wait_until(lambda: panel.state["readings"] > 5, what="further readings")
    assert panel.state["problem"] == ""


def test_reading_stops_with_the_last_view_and_the_thread_with_the_panel(panel: Counter) -> None:
    panel._on_message(panel, {"view": 1}, [])
    assert reader() == ["genesys-counter-reader"]
    panel._on_message(panel, {"view": -1}, [])
    panel.close()
    assert reader() == []


@pytest.mark.parametrize(
    ("click", "ok", "text"),
    [
        ({"action": "add", "arguments": {"number": 3}}, True, "3 more"),
        ({"action": "fail"}, False, "It cannot be done.\n  Fix: do without"),
        ({"action": "nothing"}, False, "The counter has no action 'nothing'."),
        ({"action": "add", "arguments": {"colour": "red"}}, False, "unexpected keyword argument"),
    ],
)
def test_a_click_is_answered_in_a_sentence(
    panel: Counter, sent: list[dict[str, Any]], click: dict[str, Any], ok: bool, text: str
) -> None:
    panel._on_message(panel, {**click, "number": 7}, [])
    wait_until(lambda: sent, what="the answer")
    assert (sent[0]["number"], sent[0]["ok"]) == (7, ok)
    assert text in sent[0]["text"]


def test_a_snapshot_is_that_of_now(panel: Counter) -> None:
    panel.readings = 10
    assert repr(panel.snapshot()) == "11"
