"""JupyterLab as people start it, and Chromium as they look at it: one of each for all tests here.

The fixtures end with this folder: while Playwright's loop runs, no test of this thread can start
an event loop of its own.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import Lab, Server
from tests.integration.shells import BENCH, Shell

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Read now: each test begins with an environment without variables of this prefix.
ARTIFACTS = Path(
    os.environ.get("WORKBENCH_ARTIFACTS") or Path(__file__).parent / "artifacts"
).absolute()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
INSTALL = 'apt-get install chromium && pip install -c constraints.txt -e ".[test,lab]"'


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A browser, without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.fail(f"Playwright is not installed. Fix: {INSTALL}", pytrace=False)
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail(f"No Chromium is installed. Fix: {INSTALL}", pytrace=False)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`genesys-workbench lab` on a copy of the notebooks, with a home of its own."""
    folder = tmp_path_factory.mktemp("lab")
    shell = Shell(folder, HOME=str(folder / "home"), **_jupyter(folder))
    try:
        copy = str(folder / "notebooks")
        shell.start("lab", BENCH, "lab", "--no-browser", "--port", "0", "--folder", copy)
        shell.wait_for("lab", "Ready: http")
        url = re.search(r"Ready: (\S+)", shell.said("lab"))
        assert url is not None
        yield Server.at(url[1], folder / "notebooks")
        assert shell.stop("lab")[0] == 0
    finally:
        shell.close()


def _jupyter(folder: Path) -> dict[str, str]:
    """Return variables that let the page's tests ask JupyterLab itself what it knows."""
    config = folder / "jupyter"
    config.mkdir()
    (config / "jupyter_lab_config.json").write_text('{"LabApp": {"expose_app_in_browser": true}}')
    return {"JUPYTER_CONFIG_DIR": str(config)}


@pytest.fixture
def lab(server: Server, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A page that is signed in; its kernels end with the test, and a failed test leaves a shot."""
    with Lab(server, chromium, ARTIFACTS) as opened:
        failed = request.session.testsfailed
        yield opened
        if request.session.testsfailed > failed:
            opened.screenshot(f"failed-{request.node.name}")
