"""What all pictures have in common: safe, still, in words too, loaded when they are asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_workbench import views
from genesys_workbench.doctor import Check
from genesys_workbench.views.picture import Picture
from genesys_workbench.views.svg import Markup, clip, el, hatch, number, text_width, wrap
from tests.picture_fakes import parsed

OWN = ("Picture", "bars", "checks", "json_tree", "lines", "table", "timeline", "way")
SCRIPT = '<script>alert("1")</script>&amp;'


def test_the_names_are_sorted_and_each_has_a_home() -> None:
    assert views.__all__ == sorted(views.__all__)
    assert set(views._HOMES) == set(views.__all__) <= set(dir(views))


@pytest.mark.parametrize("name", OWN)
def test_a_name_is_what_its_module_defines_even_after_the_module_was_imported(name: str) -> None:
    module = import_module(f"genesys_workbench.views.{views._HOMES[name]}")
    assert getattr(views, name) is getattr(module, name)
    assert callable(getattr(views, name))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'pie'"):
        _ = views.pie  # type: ignore[attr-defined]


def test_pictures_load_neither_pandas_nor_widgets() -> None:
    code = f"import sys; from genesys_workbench.views import {', '.join(OWN)}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "genesys_workbench.views.timelines" in loaded
    assert {"pandas", "ipywidgets", "anywidget"}.isdisjoint(loaded)


def test_a_picture_gives_html_and_words_or_what_is_asked_for() -> None:
    picture = Picture("<b>1</b>", "one")
    assert picture._repr_mimebundle_() == {"text/html": "<b>1</b>", "text/plain": "one"}
    assert picture._repr_mimebundle_(include={"text/plain"}) == {"text/plain": "one"}
    assert picture._repr_mimebundle_(exclude={"text/plain"}) == {"text/html": "<b>1</b>"}
    assert repr(picture) == "one"


def pictures(word: str) -> list[Picture]:
    """All kinds of pictures with a word wherever one may stand."""
    series = pd.Series({word: 1.0, f"{word} 2": 2.0}, name=word)
    frame = pd.DataFrame({word: [1, 2], "b": [3, 4]}, index=[word, "x"])
    call = {"connectedTime": "2026-01-05T08:00:00Z", "disconnectedTime": "2026-01-05T08:01:00Z"}
    person = {"purpose": word, "queueName": word, "name": word, "calls": [call], "userId": word}
    agent = person | {"purpose": "agent"}
    conversation = {"id": word, "startTime": None, "participants": [person, agent]}
    return [
        views.bars(series, title=word, unit=word),
        views.bars(frame, title=word, horizontal=True),
        views.bars(frame, title=word, stacked=False),
        views.lines(frame.reset_index(drop=True), title=word, unit=word),
        views.table(frame, title=word),
        views.checks([Check(word, "warn", word, word)]),
        views.json_tree({word: [word, {word: word}]}, title=word),
        views.timeline(conversation if word.strip() else {"id": "1", "participants": []}),
        views.timeline(conversation | {"id": f"1{word}"}, show_personal=True),
    ]


def test_no_word_becomes_markup() -> None:
    for picture in pictures(SCRIPT):
        assert "script" not in {each.tag for each in parsed(picture).iter()}
        assert "&amp;amp;" in picture.html
        assert SCRIPT in picture.text


@settings(max_examples=15)
@given(st.text(min_size=1, max_size=30))
def test_whatever_the_words_are_the_picture_is_well_formed_and_the_same_again(word: str) -> None:
    first, second = pictures(word), pictures(word)
    assert [picture.html for picture in first] == [picture.html for picture in second]
    for picture in first:
        assert {"html", "script"}.isdisjoint(each.tag for each in parsed(picture).iter())


def test_a_drawing_stands_beside_its_words_for_those_who_do_not_see_it() -> None:
    figure = parsed(views.bars(pd.Series({"a": 1}), title="Few"))
    assert figure.attrib == {"class": "gwb", "role": "group", "aria-label": "Few"}
    (drawing,) = figure.iter("svg")
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", "Few")
    assert drawing.get("viewBox", "").startswith("0 0 880 ")
    assert [pre.text for pre in figure.iter("pre")] == ["a: 1"]


def test_a_drawing_is_hidden_and_its_words_are_not_where_styles_are_taken_out() -> None:
    figure = parsed(views.bars(pd.Series({"a": 1}), title="Few"))
    (drawn,) = [div for div in figure.iter("div") if div.find("svg") is not None]
    assert drawn.get("hidden") == "hidden"  # an empty one would be taken out as well
    assert all("hidden" not in pre.attrib for pre in figure.iter("pre"))
    (style,) = figure.iter("style")
    assert ".v[hidden]{display:block}" in (style.text or "")


def test_nothing_in_a_picture_runs_or_is_fetched() -> None:
    for picture in pictures("word"):
        tags = {each.tag for each in parsed(picture).iter()}
        assert tags.isdisjoint({"script", "link", "img", "image", "iframe", "use"})
        keys = {key for each in parsed(picture).iter() for key in each.attrib}
        assert not {key for key in keys if key.startswith("on") or key in ("id", "href", "src")}


def test_elements_escape_texts_and_attributes_and_leave_markup() -> None:
    made = el(
        "a", "<", Markup("<b/>"), ["x", None, 2.50], stroke_width=1.0, class_='"', hidden=True
    )
    assert made == '<a stroke-width="1" class="&quot;" hidden="">&lt;<b/>x2.5</a>'
    assert el("br", x=None, y=False) == "<br/>"


@pytest.mark.parametrize("letter", ["\x00", "\x1b", "\ud800", "\uffff"])
def test_letters_that_xml_forbids_are_replaced(letter: str) -> None:
    assert ET.fromstring(el("p", letter, title=letter)).text == "\ufffd"


def test_coordinates_are_short_and_never_minus_nought() -> None:
    assert [number(value) for value in (1.005, -0.001, 12.5, 100.0)] == ["1", "0", "12.5", "100"]


def test_texts_are_clipped_and_wrapped_to_a_width() -> None:
    assert clip("short", 12, 100) == "short"
    cut = clip("a very long name of a queue", 12, 80)
    assert cut.endswith("…")
    assert text_width(cut, 12) <= 80
    assert wrap("one two three fourteen", 12, 60, lines=2) == ["one two", "three fou…"]
    assert clip("wide", 12, 0) == "…"


def test_a_hatch_stays_within_its_rectangle() -> None:
    for style in (1, 2, 3, 4):
        drawn = hatch(10, 20, 30, 12, style)
        assert drawn is not None
        path = ET.fromstring(drawn).get("d", "").replace("M", " ").replace("L", " ")
        ends = [float(part) for part in path.replace("h", " ").split()]
        if style != 3:
            assert all(10 <= x <= 40 for x in ends[0::2])
            assert all(20 <= y <= 32 for y in ends[1::2])
    assert hatch(10, 20, 30, 12, 0) is hatch(10, 20, 30, 12, 5) is None
