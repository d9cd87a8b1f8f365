"""What a newcomer sees: JupyterLab opens on the first notebook, and all of it runs."""

from __future__ import annotations

from itertools import product

from tests.browser.lab import WIDTHS, Lab, Server

NOTEBOOK = "00_start_here"


def test_the_first_page_is_the_first_notebook_and_asks_nothing(server: Server, lab: Lab) -> None:
    lab.page.goto(server.first)
    lab.page.get_by_role("heading", name="Start here").wait_for()
    lab.wait_idle()
    assert lab.page.get_by_role("tab", name=f"{NOTEBOOK}.ipynb").count() == 1
    assert lab.page.get_by_role("dialog").count() == 0
    assert lab.page.get_by_text("Jupyter news").count() == 0


def test_the_first_notebook_runs_and_shows_what_it_found(lab: Lab) -> None:
    lab.open(NOTEBOOK)
    lab.run_all()
    assert lab.failures() == []
    assert "50 of 50 events are in the store" in lab.output("result").inner_text()
    assert "broker" in [row[0] for row in lab.rows("doctor")]
    for theme, width in product(("light", "dark"), WIDTHS):
        lab.theme(theme)
        lab.size(width)
        lab.show("way-text")
        lab.screenshot(f"{NOTEBOOK}-{theme}-{width}")
    assert lab.errors == []
