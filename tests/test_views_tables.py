"""Tables and JSON trees: words that tell what a cell or a value is."""

from __future__ import annotations

from datetime import UTC, datetime
from math import nan
from typing import Any

import pandas as pd
import pytest

from genesys_workbench import views
from genesys_workbench.doctor import Check
from genesys_workbench.views.picture import Picture
from tests.picture_fakes import parsed


def cells(picture: Picture) -> list[list[str]]:
    rows = parsed(picture).iter("tr")
    return [["".join(cell.itertext()) for cell in row] for row in rows]


def test_a_table_tells_each_value_as_people_write_it() -> None:
    day = datetime(2026, 1, 5, 8, tzinfo=UTC)
    frame = pd.DataFrame(
        {
            "calls": pd.array([1234, None], dtype="Int64"),
            "wait": [8.8564, nan],
            "done": [True, False],
            "queues": [["a", "b"], []],
            "at": [day, None],
            "more": [{"x": 1}, {}],
        },
        index=pd.Index(["voice", None], name="channel"),
    )
    picture = views.table(frame, title="Channels")
    assert cells(picture) == [
        ["channel", "calls", "wait", "done", "queues", "at", "more"],
        ["voice", "1,234", "8.856", "yes", "a, b", "2026-01-05 08:00:00 UTC", "x: 1"],
        ["–", "–", "–", "no", "–", "–", "–"],
    ]
    assert picture.text.splitlines()[2].split("  ")[0] == "voice"


def test_figures_stand_to_the_right_in_html_and_in_words() -> None:
    picture = views.table(pd.DataFrame({"n": [5, 1200], "w": ["a", "b"]}, index=["x", "y"]))
    (column,) = [[c.get("class") for c in row] for row in list(parsed(picture).iter("tr"))[1:2]]
    assert column == [None, "r", None]
    assert picture.text.splitlines() == ["       n  w", "x      5  a", "y  1,200  b"]


def test_a_series_is_a_table_of_two_columns() -> None:
    assert cells(views.table(pd.Series({"a": 1}, name="n"))) == [["", "n"], ["a", "1"]]
    assert cells(views.table(pd.Series({"a": 1}))) == [["", ""], ["a", "1"]]


def test_an_empty_table_keeps_its_head() -> None:
    assert cells(views.table(pd.DataFrame(columns=["a"]))) == [["", "a"]]


FOUND = [
    Check("python", "ok", "3.11"),
    Check("broker", "warn", "memory", "install it"),
    Check("spool", "fail", "/tmp/spool.db", "free some space"),
]


def test_checks_have_a_sign_and_a_word_beside_the_colour() -> None:
    picture = views.checks(FOUND)
    assert cells(picture)[1:] == [
        ["python", "✓ ok", "3.11", "–"],
        ["broker", "! warn", "memory", "install it"],
        ["spool", "× fail", "/tmp/spool.db", "free some space"],
    ]
    assert picture.text.splitlines()[2] == "broker  ! warn  memory         install it"
    colours = [span.get("style") for span in parsed(picture).iter("span")]
    assert len(set(colours)) == 3


def test_findings_which_name_paths_and_ports_can_be_left_out() -> None:
    picture = views.checks(FOUND, findings=False)
    assert cells(picture)[0] == ["check", "state", "what to do"]
    assert "/tmp" not in picture.html + picture.text


def leaf(value: Any) -> tuple[str, str, str]:
    """Return the class, the tip and the text of a value's leaf."""
    (span,) = parsed(views.json_tree(value)).iter("span")
    return span.get("class", ""), span.get("title", ""), span.text or ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5", ("text", "text", "“5”")),
        (5, ("number", "number", "5")),
        (2.5, ("number", "number", "2.5")),
        (None, ("word", "word", "null")),
        (True, ("word", "word", "true")),
        ({}, ("value", "value", "{0 keys}")),
        ([], ("value", "value", "[0 items]")),
        (datetime(2026, 1, 5), ("text", "text", "“2026-01-05 00:00:00”")),
    ],
)
def test_types_are_told_by_more_than_colour(value: Any, expected: tuple[str, str, str]) -> None:
    assert leaf(value) == expected


def test_a_long_text_is_cut_and_told_in_full_where_the_mouse_rests() -> None:
    kind, tip, text = leaf("x" * 5000)
    assert (kind, len(text)) == ("text", 123)
    assert tip == f"text of 5,000 characters: {'x' * 5000}"


def test_a_tree_is_open_to_its_depth() -> None:
    value = {"a": {"b": {"c": [1, 2]}}}
    nodes = list(parsed(views.json_tree(value, depth=2)).iter("details"))
    assert ["open" in node.attrib for node in nodes] == [True, True, False, False]
    heads = ["".join(head.itertext()) for head in parsed(views.json_tree(value)).iter("summary")]
    assert heads == ["{1 key}", "a: {1 key}", "b: {1 key}", "c: [2 items]"]


def test_large_values_are_cut_and_say_what_is_left_out() -> None:
    picture = views.json_tree(list(range(50_000)))
    assert "… 49,900 more" in picture.html
    assert "… 49,962 more lines" in picture.text
    wide = views.json_tree([[list(range(100))] * 100] * 100)
    assert len(wide.html) < 400_000
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    assert len(list(parsed(views.json_tree(deep)).iter("details"))) == 40


def test_the_words_of_a_tree_are_its_json() -> None:
    assert views.json_tree({"a": "ü"}, title="Body").text == 'Body\n{\n "a": "ü"\n}'
