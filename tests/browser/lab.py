"""JupyterLab as an object: open a notebook, run it, look at outputs, click, take a picture."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx

from genesys_workbench.shipped import shipped_notebooks

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page

Theme = Literal["light", "dark"]
WIDTHS = {1280: 800, 1920: 1080}
PANEL = ".jp-NotebookPanel:visible"
CELL = f"{PANEL} .jp-Notebook .jp-Cell"


@dataclass(frozen=True)
class Server:
    """A running JupyterLab.

    Attributes:
        first: The URL that `genesys-workbench lab` tells, with the token.
    """

    first: str
    url: str
    token: str
    folder: Path

    @classmethod
    def at(cls, url: str, folder: Path) -> Server:
        parts = urlsplit(url)
        return cls(url, f"http://{parts.netloc}", parse_qs(parts.query)["token"][0], folder)

    def api(self, method: str, path: str) -> Any:
        """Call Jupyter's REST API."""
        headers = {"Authorization": f"token {self.token}"}
        answer = httpx.request(method, f"{self.url}/api/{path}", headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None


class Lab:
    """A page with JupyterLab.

    Cells are counted from 0, Markdown cells included, or named by their id.

    Attributes:
        errors: What the page's console told as an error.
    """

    def __init__(self, server: Server, browser: Browser, artifacts: Path) -> None:
        self.errors: list[str] = []
        self._server = server
        self._artifacts = artifacts
        self._context = browser.new_context()
        self.page: Page = self._context.new_page()
        self.page.on("console", self._keep)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: dialog.accept())  # "leave without saving?"
        self.size(1280)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._server.api("GET", "sessions"):
            self._server.api("DELETE", f"sessions/{session['id']}")
        self._context.close()

    # -- the page

    def size(self, width: int) -> None:
        """Set the width of the window: 1280 or 1920 pixels."""
        self.page.set_viewport_size({"width": width, "height": WIDTHS[width]})

    def theme(self, name: Theme) -> None:
        """Choose a theme, as the Settings menu does."""
        self._command("apputils:change-theme", {"theme": f"JupyterLab {name.title()}"})
        light = str(name == "light").lower()
        self.page.locator(f"body[data-jp-theme-light='{light}']").wait_for(state="attached")

    def screenshot(self, name: str, *, of: Locator | None = None) -> Path:
        """Keep a picture of the window, or of a part of it."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        path = self._artifacts / (re.sub(r"[^\w.=-]+", "-", name) + ".png")
        (of or self.page).screenshot(path=path, animations="disabled")
        return path

    # -- notebooks

    def open(self, notebook: str | Path) -> None:
        """Open a fresh copy of a notebook, and wait until its kernel can work.

        Args:
            notebook: The name of one of ours, or a file of the test's own.
        """
        source = notebook if isinstance(notebook, Path) else shipped_notebooks()[notebook]
        shutil.copyfile(source, self._server.folder / source.name)
        path = f"/lab/tree/{source.name}?reset&token={self._server.token}"
        self.page.goto(self._server.url + path)
        self.page.locator(CELL).first.wait_for(timeout=60_000)
        self.wait_idle()

    def wait_idle(self, *, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(_IS_IDLE, timeout=seconds * 1000)

    def run_all(self, *, seconds: float = 90) -> None:
        """Choose Run > Run All Cells, and wait until all have run or one has failed."""
        self.page.evaluate(_WATCH_RUN_ALL)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function("() => window.haveRun", timeout=seconds * 1000)

    def run(self, cell: int | str) -> None:
        """Run one cell, and wait until it has run."""
        self.page.evaluate(_RUN_CELL, self._index(cell))

    def outputs(self, cell: int | str) -> list[dict[str, Any]]:
        """Return a cell's outputs, as the notebook file would hold them."""
        found: list[dict[str, Any]] = self.page.evaluate(_OUTPUTS, self._index(cell))
        return found

    def failures(self) -> list[str]:
        """Return the errors that cells show, empty if all is well."""
        return [
            f"cell {number}: {output['ename']}: {output['evalue']}"
            for number in range(self.page.locator(CELL).count())
            for output in self.outputs(number)
            if output["output_type"] == "error"
        ]

    # -- within a cell's output

    def show(self, cell: int | str) -> None:
        """Scroll so that a cell is the first that is seen."""
        self.page.locator(CELL).nth(self._index(cell)).evaluate("cell => cell.scrollIntoView()")

    def output(self, cell: int | str) -> Locator:
        """Return what a cell shows below its code, scrolled into view."""
        area = self.page.locator(CELL).nth(self._index(cell)).locator(".jp-Cell-outputWrapper")
        area.scroll_into_view_if_needed()
        return area

    def button(self, cell: int | str, name: str) -> Locator:
        """Return a button in a cell's output by the name that a screen reader tells."""
        return self.output(cell).get_by_role("button", name=name, exact=True)

    def click(self, cell: int | str, name: str) -> None:
        """Click a button in a cell's output."""
        self.button(cell, name).click()

    def rows(self, cell: int | str, *, table: int = 0) -> list[list[str]]:
        """Return the text of each row of a table in a cell's output, its head included."""
        shown = self.output(cell).get_by_role("table").nth(table)
        shown.wait_for()
        found: list[list[str]] = shown.get_by_role("row").evaluate_all(_CELL_TEXTS)
        return found

    def wait_for_text(self, cell: int | str, text: str, *, seconds: float = 20) -> None:
        """Wait until a cell's output contains the text."""
        self.output(cell).filter(has_text=text).wait_for(timeout=seconds * 1000)

    # -- ours

    def _command(self, name: str, arguments: dict[str, Any]) -> None:
        self.page.evaluate("([n, a]) => jupyterapp.commands.execute(n, a)", [name, arguments])

    def _index(self, cell: int | str) -> int:
        if isinstance(cell, int):
            return cell
        ids: list[str] = self.page.evaluate(f"() => {_CELLS}.map(c => c.model.id)")
        return ids.index(cell)

    def _keep(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url')})")


_NOTEBOOK = "jupyterapp.shell.currentWidget"
_CELLS = f"{_NOTEBOOK}.content.widgets"
_IS_IDLE = f"""() => {{
    const kernel = {_NOTEBOOK}?.sessionContext?.session?.kernel;
    return kernel?.status === 'idle' && kernel.connectionStatus === 'connected';
}}"""
# The menu's command hands over to this one, which is done when the last cell is.
_WATCH_RUN_ALL = """() => {
    window.haveRun = false;
    jupyterapp.commands.commandExecuted.connect((_, {id, result}) => {
        if (id === 'notebook:run-all-cells') result.finally(() => { window.haveRun = true; });
    });
}"""
_RUN_CELL = f"""async index => {{
    const notebook = {_NOTEBOOK}.content;
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    await jupyterapp.commands.execute('notebook:run-cell');
}}"""
_OUTPUTS = f"index => {_CELLS}[index].model.outputs?.toJSON() ?? []"
_CELL_TEXTS = """rows => rows.map(
    row => [...row.querySelectorAll('th, td, [role=cell], [role=columnheader], [role=gridcell]')]
        .map(cell => cell.textContent.trim())
)"""
