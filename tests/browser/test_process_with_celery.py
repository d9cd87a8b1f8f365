"""The queue panel in JupyterLab: fire a task, see it, open a dead letter, send it back."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from tests.browser.lab import WIDTHS, Lab

if TYPE_CHECKING:
    from playwright.sync_api import Locator

NOTEBOOK = "04_process_with_celery"
PANEL = "button"  # the cell that shows it
BEFORE = ("parameters", "open", "wire", "code", PANEL, "retry", "dead")


def panel(lab: Lab) -> Locator:
    return lab.output(PANEL).get_by_role("region", name="Queues and tasks")


def task_rows(lab: Lab) -> Locator:
    return panel(lab).get_by_role("table", name="Tasks, the newest first").locator("tbody tr")


def the_dead(lab: Lab) -> Locator:
    return task_rows(lab).filter(has_text="forbidden")


def screenshots(lab: Lab) -> None:
    for theme, width in product(("light", "dark"), WIDTHS):
        lab.theme(theme)
        lab.size(width)
        panel(lab).evaluate("panel => panel.scrollIntoView()")
        lab.screenshot(f"{NOTEBOOK}-{theme}-{width}")


def test_a_dead_letter_is_opened_and_sent_back_by_a_click(lab: Lab) -> None:
    lab.open(NOTEBOOK)
    for cell in BEFORE:
        lab.run(cell)
    assert lab.failures() == []

    panel(lab).get_by_role("button", name="Dead 1", exact=True).click()
    the_dead(lab).wait_for()
    assert task_rows(lab).count() == 1
    the_dead(lab).focus()
    lab.page.keyboard.press("Enter")
    chosen = panel(lab).get_by_role("region", name="The chosen task")
    chosen.get_by_text("conversation:communication:view").first.wait_for()
    chosen.get_by_text("Traceback").click()
    chosen.get_by_text("process_interaction").first.wait_for()
    screenshots(lab)

    lab.run("mend")
    chosen.get_by_role("button", name="Retry", exact=True).click()
    panel(lab).get_by_text("The dead letter is back in the queue.").wait_for()
    panel(lab).get_by_text("No task is in this state.").wait_for()
    panel(lab).get_by_role("button", name="All", exact=True).click()
    mended = task_rows(lab).filter(has_text="cbf53f0e")
    mended.filter(has_text="processed").wait_for()
    assert lab.errors == []


def test_a_task_is_fired_and_the_worker_stopped_by_a_click(lab: Lab) -> None:
    lab.open(NOTEBOOK)
    for cell in BEFORE[:5]:
        lab.run(cell)
    task_rows(lab).nth(2).wait_for()
    panel(lab).get_by_role("button", name="Stop worker", exact=True).click()
    panel(lab).get_by_text("worker stopped").wait_for(timeout=30_000)
    panel(lab).get_by_role("combobox", name="Sample event").select_option("callback")
    panel(lab).get_by_role("button", name="Fire", exact=True).click()
    panel(lab).get_by_role("button", name="Queued 1", exact=True).click()
    task_rows(lab).filter(has_text="queued").wait_for()
    panel(lab).get_by_role("button", name="Start worker", exact=True).click()
    panel(lab).get_by_role("button", name="Processed 4", exact=True).click(timeout=30_000)
    task_rows(lab).filter(has_text="callback").wait_for()
    assert lab.errors == []
