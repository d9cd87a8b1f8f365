"""The index page of executed runs."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from genesys_workbench.errors import UsageError
from genesys_workbench.runs.gallery import write_gallery
from genesys_workbench.runs.kept import Stopped
from genesys_workbench.runs.thumbnail import thumbnail
from tests.runs_fakes import cell, error, kept, left, shown

EVIL = '<script>alert("1")</script>&'
PICTURE = "<div><svg viewBox='0 0 4 3'><title>Bars</title></svg></div>"


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def page_of(folder: Path, page: Path | None = None) -> Tags:
    written, _ = write_gallery(folder, page or folder / "index.html")
    return Tags(written.read_text("utf-8"))


def test_each_run_is_shown_with_title_outcome_parameters_and_links(tmp_path: Path) -> None:
    kept(left(tmp_path / "in/one two.ipynb", cell("# First"), cell("1"), media=["a", "b"], n=None))
    (tmp_path / "in/one two.html").touch()
    bad = cell("x", outputs=[error(evalue="no such queue")])
    kept(left(tmp_path / "b.ipynb", cell("# Second"), bad), name="the bad one")
    page = page_of(tmp_path)
    for words in ("First", "Passed", "1.5 s", "2026-01-05 08:00 UTC", "a, b", "None"):
        assert words in page.words
    for words in ("Second", "the bad one", "Failed", "ValueError: no such queue"):
        assert words in page.words
    assert "1 passed, 1 failed" in page.words
    links = {link["href"] for link in page.all("a")}
    assert links == {"in/one%20two.html", "in/one%20two.ipynb", "b.ipynb"}


def test_links_lead_from_the_page_to_the_runs(tmp_path: Path) -> None:
    kept(left(tmp_path / "runs/a.ipynb", cell("1")))
    page = page_of(tmp_path / "runs", tmp_path / "site/deep/index.html")
    assert {link["href"] for link in page.all("a")} == {"../../runs/a.ipynb"}


def test_the_newest_run_comes_first(tmp_path: Path) -> None:
    for name, hour in {"a": "07", "b": "09", "c": "08"}.items():
        path = left(tmp_path / f"{name}.ipynb", cell(f"# {name}"))
        path.write_text(path.read_text().replace("T08:00", f"T{hour}:00"))
        kept(path)
    _, runs = write_gallery(tmp_path, tmp_path / "index.html")
    assert [run.title for run in runs] == ["b", "c", "a"]


def test_nothing_of_a_notebook_is_taken_for_markup(tmp_path: Path) -> None:
    bad = cell("x", outputs=[error(EVIL, EVIL)])
    kept(left(tmp_path / "a.ipynb", cell(f"# {EVIL}"), bad, name=EVIL), name=EVIL)
    page = page_of(tmp_path)
    assert len(page.all("script")) == 1
    assert page.words.count('alert("1")') >= 4


def test_the_page_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    kept(left(tmp_path / "a.ipynb", cell("1", outputs=[shown(text_html=PICTURE)])))
    text = write_gallery(tmp_path, tmp_path / "index.html")[0].read_text()
    assert not re.search(r"https?:|//cdn|@import|url\(", unescape(text))
    assert "prefers-color-scheme: dark" in text


def test_the_picture_of_a_run_is_framed_without_scripts(tmp_path: Path) -> None:
    kept(left(tmp_path / "a.ipynb", cell("1", outputs=[shown(text_html=PICTURE)])))
    (frame,) = page_of(tmp_path).all("iframe")
    assert frame["sandbox"] == ""
    assert frame["title"] == "Picture of sample"
    assert PICTURE in str(frame["srcdoc"])
    assert "default-src 'none'" in str(frame["srcdoc"])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text_html": ["<p>", "<svg/></p>"]}, "<p><svg/></p>"),
        ({"image_svg+xml": "<svg/>"}, "<svg/>"),
        ({"image_png": "aGV\nsbG8=\n"}, '<img alt="" src="data:image/png;base64,aGVsbG8=">'),
    ],
)
def test_the_first_picture_is_the_thumbnail(data: dict[str, Any], expected: str) -> None:
    table = shown(text_html="<table></table>", application_json={"a": 1})
    later = shown(text_html="<svg>later</svg>")
    shows = cell("1", outputs=[table, shown(**data), later])
    found = thumbnail({"cells": [cell("# Title"), shows]})
    assert found is not None
    assert found.endswith(expected)


def test_where_there_is_no_picture_the_first_table_is_the_thumbnail() -> None:
    words, table = shown(text_html="<p>words</p>"), shown(text_html="<table><td>1</table>")
    shows = cell("1", outputs=[words, table, shown(text_html="<table>later</table>")])
    found = thumbnail({"cells": [shows]})
    assert found is not None
    assert found.endswith("<table><td>1</table>")


def test_a_run_without_picture_and_table_shows_its_title(tmp_path: Path) -> None:
    kept(left(tmp_path / "a.ipynb", cell("# Only words"), cell("1")))
    page = page_of(tmp_path)
    assert page.all("iframe") == []
    assert page.words.count("Only words") == 2


def test_an_interrupted_run_is_called_so(tmp_path: Path) -> None:
    kept(left(tmp_path / "a.ipynb", cell("1")), stopped=Stopped("interrupted", "K", "by a signal"))
    assert "1 interrupted" in page_of(tmp_path).words


def test_notebooks_that_are_no_runs_are_left_out(tmp_path: Path) -> None:
    kept(left(tmp_path / "a.ipynb", cell("1")))
    left(tmp_path / "plain papermill.ipynb", cell("1"))
    (tmp_path / "broken.ipynb").write_text("{")
    assert len(write_gallery(tmp_path, tmp_path / "index.html")[1]) == 1


def test_a_folder_without_runs_is_refused_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no executed run") as caught:
        write_gallery(tmp_path, tmp_path / "index.html")
    assert "genesys-workbench run 00_start_here --html --out" in caught.value.fix
    assert not (tmp_path / "index.html").exists()


def test_a_page_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    kept(left(tmp_path / "a.ipynb", cell("1")))
    with pytest.raises(UsageError, match="cannot be written"):
        write_gallery(tmp_path, tmp_path / "a.ipynb/index.html")
