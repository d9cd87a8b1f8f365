"""The live panel and the payload browser in JupyterLab: click, and see rows change."""

from __future__ import annotations

from itertools import product

from playwright.sync_api import Locator

from tests.browser.lab import WIDTHS, Lab

NOTEBOOK = "02_receive_events"
LIVE, PAYLOADS = "live", "payloads"
# A conversation that nothing else in the notebook speaks of, so that the worker fetches it.
UNTOUCHED = "voice-abandoned"


def panel(lab: Lab, cell: str) -> Locator:
    return lab.output(cell).locator("section.gw")


def newest(lab: Lab) -> Locator:
    """Return the first row of the live list."""
    return panel(lab, LIVE).locator("tbody tr").first


def wait_for_newest(lab: Lab, text: str) -> None:
    newest(lab).filter(has_text=text).wait_for(timeout=20_000)


def wait_for_words(lab: Lab, words: str) -> None:
    """Wait for the status line, which screen readers tell as well."""
    panel(lab, LIVE).get_by_role("status").filter(has_text=words).wait_for(timeout=20_000)


def test_events_are_triggered_replayed_and_broken_by_button(lab: Lab) -> None:
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.failures() == []
    _trigger_and_replay(lab)
    _break_and_send_back(lab)
    _stop_and_start(lab)
    _filter(lab)
    _look_into(lab)
    for theme, width in product(("light", "dark"), WIDTHS):
        lab.theme(theme)
        lab.size(width)
        lab.show(LIVE)
        lab.screenshot(f"{NOTEBOOK}-{theme}-{width}")
        lab.page.set_viewport_size({"width": width, "height": 1500})  # for all of a panel
        for cell in (LIVE, PAYLOADS):
            lab.screenshot(f"{NOTEBOOK}-{cell}-{theme}-{width}", of=panel(lab, cell))
    assert lab.errors == []


def _trigger_and_replay(lab: Lab) -> None:
    before = len(lab.rows(LIVE))
    lab.click(LIVE, "Trigger")
    wait_for_words(lab, "voice-inbound: 1 sent and accepted.")
    wait_for_newest(lab, "processed")
    assert len(lab.rows(LIVE)) == before + 1
    newest(lab).focus()
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("ArrowUp")
    lab.page.keyboard.press("Enter")
    lab.click(LIVE, "Replay")
    wait_for_newest(lab, "replayed 1×")
    assert newest(lab).locator("td").nth(4).inner_text() == "2"
    lab.wait_for_text(LIVE, "attempt 1: replayed")


def _break_and_send_back(lab: Lab) -> None:
    live = panel(lab, LIVE)
    live.get_by_label("How many calls; empty for all").fill("1")
    live.get_by_label("What goes wrong").select_option("403")
    lab.click(LIVE, "Break")
    lab.wait_for_text(LIVE, "the next 1 conversation calls: 403 permission missing")
    live.get_by_label("Sample event").select_option(UNTOUCHED)
    lab.click(LIVE, "Trigger")
    wait_for_newest(lab, "dead letter")
    lab.wait_for_text(LIVE, "no fault in force")
    newest(lab).click()
    lab.wait_for_text(LIVE, "attempt 1: dead letter")
    lab.click(LIVE, "Send the dead letter back")
    wait_for_newest(lab, "processed")


def _stop_and_start(lab: Lab) -> None:
    lab.click(LIVE, "Stop receiver")
    lab.wait_for_text(LIVE, "receiver stopped")
    lab.click(LIVE, "Trigger")
    wait_for_words(lab, "The receiver does not run.")
    lab.click(LIVE, "Start receiver")
    lab.wait_for_text(LIVE, "receiver runs")
    lab.click(LIVE, "Trigger")
    wait_for_words(lab, f"{UNTOUCHED}: 1 sent and accepted.")


def _filter(lab: Lab) -> None:
    live = panel(lab, LIVE)
    live.get_by_label("State").select_option("refused")
    lab.wait_for_text(LIVE, "3 shown by the filter")
    assert {row[3] for row in lab.rows(LIVE)[1:]} == {"refused 400", "refused 401", "refused 422"}
    live.get_by_label("State").select_option("all")
    lab.wait_for_text(LIVE, "newest ")


def _look_into(lab: Lab) -> None:
    payloads = panel(lab, PAYLOADS)
    payloads.get_by_role("searchbox").fill("eventbridge ani")
    payloads.locator("tbody tr").filter(has_text="customer.start").first.click()
    payloads.get_by_role("tab", name="Attempts").click()
    payloads.get_by_text("attempt 1: processed").wait_for()
    payloads.get_by_role("tab", name="Attempts").press("ArrowRight")
    payloads.get_by_text('"$WORKBENCH_WEBHOOK_SECRET"').wait_for()
    payloads.get_by_role("tab", name="Payload").click()
    payloads.get_by_text("masked-").first.wait_for()
