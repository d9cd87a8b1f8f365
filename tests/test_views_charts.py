"""Bars and lines: the right figures in the right place, whatever the data."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from math import inf, nan

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys_workbench import views
from genesys_workbench.errors import WorkbenchError
from genesys_workbench.views.colours import SERIES
from genesys_workbench.views.picture import Picture
from genesys_workbench.views.scales import (
    Scale,
    clock_labels,
    figure_text,
    nice_ticks,
    seconds_text,
    time_step,
)
from tests.picture_fakes import parsed, tips, words

HOURS = pd.date_range("2026-01-05 06:00", periods=3, freq="h", tz="UTC")
CHANNELS = pd.DataFrame({"voice": [30, 20, 10], "email": [1, 2, 3]}, index=HOURS)


def rectangles(picture: Picture, colour: str) -> list[tuple[float, float, float, float]]:
    """Return x, y, width and height of the bars of a colour, the legend's swatch left out."""
    found = [each for each in parsed(picture).iter("rect") if each.get("fill") == colour]
    boxes = [tuple(float(each.get(k, "")) for k in ("x", "y", "width", "height")) for each in found]
    return [box for box in boxes if box[2:] != (14.0, 14.0)]  # type: ignore[misc]


def test_each_bar_has_its_figure_its_word_and_a_tip() -> None:
    picture = views.bars(pd.Series({"voice": 1234, "email": 5}), title="Channels", unit="calls")
    assert {"voice", "email", "1,234", "5"} <= set(words(picture))
    assert tips(picture) == ["voice: 1,234 calls", "email: 5 calls"]
    assert picture.text == "Channels\nvoice: 1,234 calls\nemail: 5 calls"


def test_bars_are_as_long_as_their_values() -> None:
    picture = views.bars(pd.Series([10, 40], index=["a", "b"]), title="x")
    (_, _, _, low), (_, _, _, high) = rectangles(picture, SERIES[0])
    assert high == pytest.approx(4 * low, rel=0.01)


def test_stacked_bars_stand_on_each_other_and_tell_their_sum() -> None:
    picture = views.bars(CHANNELS, title="By hour")
    lower, upper = rectangles(picture, SERIES[0]), rectangles(picture, SERIES[1])
    for (x, y, _, _), (above_x, above_y, _, height) in zip(lower, upper, strict=True):
        assert x == above_x
        assert above_y + height == pytest.approx(y, abs=0.02)
    assert {"31", "22", "13"} <= set(words(picture))
    assert picture.text.splitlines()[1] == "06:00: voice 30, email 1; together 31"


def test_unstacked_bars_stand_side_by_side() -> None:
    picture = views.bars(CHANNELS, title="By hour", stacked=False)
    boxes = sorted(rectangles(picture, SERIES[0]) + rectangles(picture, SERIES[1]))
    assert all(left + width <= x for (left, _, width, _), (x, _, _, _) in pairwise(boxes))
    assert "together" not in picture.text


def test_negative_values_hang_and_are_not_stacked() -> None:
    frame = pd.DataFrame({"a": [-5, 3], "b": [2, -8]}, index=["x", "y"])
    picture = views.bars(frame, title="Change")
    (_, top, _, height), (_, y, _, rise) = rectangles(picture, SERIES[0])
    assert top == pytest.approx(y + rise, abs=0.02)
    assert height > rise
    assert {"-5", "3", "2", "-8"} <= set(words(picture))
    lying = views.bars(frame, title="Change", horizontal=True)
    assert {"-5", "3", "2", "-8"} <= set(words(lying))


def test_series_differ_by_words_and_hatch_and_not_by_colour_alone() -> None:
    picture = views.bars(CHANNELS, title="By hour")
    assert {"voice", "email"} <= set(words(picture))
    hatched = [group for group in parsed(picture).iter("g") if group.find("path") is not None]
    assert len(hatched) == 1 + len(CHANNELS)  # the swatch of the second series and its bars


def test_bars_lie_where_the_words_are_long() -> None:
    names = [f"A queue with quite a long name, {n}" for n in range(6)]
    lying = views.bars(pd.Series(1, index=names), title="x")
    assert len({y for _, y, _, _ in rectangles(lying, SERIES[0])}) == 6
    upright = views.bars(pd.Series(1, index=names), title="x", horizontal=False)
    assert len({y for _, y, _, _ in rectangles(upright, SERIES[0])}) == 1
    assert len({x for x, _, _, _ in rectangles(upright, SERIES[0])}) == 6


def test_forty_hours_keep_upright_bars_and_every_third_or_so_label() -> None:
    index = pd.date_range("2026-01-05", periods=40, freq="h")
    picture = views.bars(pd.Series(range(40), index=index), title="x")
    labels = [word for word in words(picture) if word.startswith("01-0")]
    assert 5 <= len(labels) <= 20
    assert len(rectangles(picture, SERIES[0])) == 40
    assert len(picture.text.splitlines()) == 41


@pytest.mark.parametrize(
    "data",
    [
        pd.Series([], dtype=float),
        pd.Series([nan, None], index=["a", "b"]),
        pd.Series([pd.NA], dtype="Int64"),
        pd.DataFrame(),
        pd.DataFrame({"a": []}),
        pd.Series([inf, -inf]),
    ],
)
def test_no_data_is_said(data: pd.Series | pd.DataFrame) -> None:
    for picture in (views.bars(data, title="Calls"), views.lines(data, title="Calls")):
        assert picture.text == "Calls\nThere is nothing to show."
        assert words(picture) == ["There is nothing to show."]


def test_a_missing_value_has_no_bar() -> None:
    frame = pd.DataFrame({"a": [1, None], "b": [None, None]}, index=["x", None])
    picture = views.bars(frame, title="Some")
    assert len(rectangles(picture, SERIES[0])) == 1
    assert picture.text == "Some\nx: a 1\n(none): no value"


@pytest.mark.parametrize("value", [0, 1e-12, 1e6, 1e300, -1e300, 10**30])
def test_values_of_any_size_have_a_bar_within_the_drawing(value: float) -> None:
    for lying in (False, True):
        picture = views.bars(pd.Series([value], index=["a"]), title="x", horizontal=lying)
        ((x, y, width, height),) = rectangles(picture, SERIES[0])
        assert 0 <= x <= x + width <= 880
        assert 0 <= y <= y + height <= 340


def test_durations_booleans_and_decimals_are_numbers() -> None:
    assert "a: 90" in views.bars(pd.Series({"a": pd.Timedelta(90, "s")}), title="x").text
    assert "a: 1" in views.bars(pd.Series({"a": True}), title="x").text


@pytest.mark.parametrize("draw", [views.bars, views.lines])
def test_what_is_no_number_or_no_pandas_object_is_refused_with_a_fix(draw) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(WorkbenchError, match="numbers, not str"):
        draw(pd.Series(["many"]), title="x")
    with pytest.raises(WorkbenchError, match=r"not list"):
        draw([1, 2], title="x")


def test_categories_are_named_as_shortly_as_they_differ() -> None:
    def first(index: list[object]) -> str:
        series = pd.Series(1, index=pd.Index(index, dtype=object))
        return views.bars(series, title="x").text.splitlines()[1].removesuffix(": 1")

    assert first([date(2026, 1, 5)]) == "2026-01-05"
    assert first([datetime(2026, 1, 5, 8, 30)]) == "08:30"
    assert first([datetime(2026, 1, 5, 8, 30, 5, tzinfo=UTC)]) == "08:30:05"
    assert first([datetime(2026, 1, 5, 8), datetime(2026, 1, 6, 9)]) == "01-05 08:00"
    assert first([("voice", 8)]) == "voice · 8"
    assert first([8.0]) == "8"


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.none() | st.floats(), st.none() | st.integers(-(10**9), 10**9)), max_size=30
    ),
    st.booleans(),
    st.booleans(),
)
def test_any_numbers_make_a_picture(rows: list, stacked: bool, lying: bool) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b"], dtype=float)
    assert parsed(views.bars(frame, title="x", stacked=stacked, horizontal=lying)) is not None
    assert parsed(views.lines(frame, title="x")) is not None


def test_lines_tell_the_extremes_and_the_last_of_each_series() -> None:
    picture = views.lines(CHANNELS, title="Arrivals", unit="calls")
    assert picture.text.splitlines() == [
        "Arrivals",
        "voice: 3 points, lowest 10 at 2026-01-05 08:00, highest 30 at 2026-01-05 06:00, "
        "last 10 at 2026-01-05 08:00, calls",
        "email: 3 points, lowest 1 at 2026-01-05 06:00, highest 3 at 2026-01-05 08:00, "
        "last 3 at 2026-01-05 08:00, calls",
    ]
    assert {"voice", "email", "06:00", "08:00", "2026-01-05"} <= set(words(picture))


def paths(picture: Picture, colour: str) -> list[str]:
    """Return the line of a colour, without the thread to its name."""
    found = [each for each in parsed(picture).iter("path") if each.get("stroke") == colour]
    return [each.get("d", "") for each in found if each.get("stroke-opacity") is None]


def test_a_line_goes_from_left_to_right_and_breaks_where_a_value_is_missing() -> None:
    series = pd.Series([5.0, 1.0, None, 3.0, 4.0], index=[4, 0, 1, 2, 3])
    (path,) = paths(views.lines(series, title="x"), SERIES[0])
    runs = [[pair.split() for pair in run.split("L")] for run in path.split("M") if run]
    assert [len(run) for run in runs] == [1, 3]
    places = [float(x) for run in runs for x, _ in run]
    assert places == sorted(places)


def test_times_of_other_zones_and_without_one_are_drawn_in_utc() -> None:
    berlin = pd.Series(
        [1, 2], index=pd.date_range("2026-01-05 07:00", periods=2, freq="h", tz="Europe/Berlin")
    )
    plain = pd.Series([1, 2], index=pd.date_range("2026-01-05 06:00", periods=2, freq="h"))
    assert views.lines(berlin, title="x").html == views.lines(plain, title="x").html


def test_points_that_lie_nowhere_are_left_out() -> None:
    series = pd.Series([1, 2, 3, 4], index=[inf, 0.0, nan, 5.0])
    assert "2 points, lowest 2 at 0, highest 4 at 5" in views.lines(series, title="x").text
    assert "nothing to show" in views.lines(pd.Series([1], index=[nan]), title="x").text


def test_a_single_point_and_a_time_that_is_none_are_drawn() -> None:
    index = pd.DatetimeIndex(["2026-01-05", None])
    picture = views.lines(pd.Series([7, 8], index=index), title="x")
    assert len(list(parsed(picture).iter("circle"))) == 1
    assert "1 points" in picture.text


def test_many_points_are_thinned_without_losing_the_extremes() -> None:
    series = pd.Series(0.0, index=range(50_000))
    series[31_415] = 9.0
    picture = views.lines(series, title="x")
    assert len(picture.html) < 60_000
    (path,) = paths(picture, SERIES[0])
    heights = {float(pair.split()[1]) for pair in path[1:].split("L")}
    assert len(heights) == 2
    assert "highest 9 at 31,415" in picture.text


def test_names_at_the_ends_of_lines_do_not_meet() -> None:
    frame = pd.DataFrame({f"series {n}": [1, 1 + n / 100] for n in range(8)})
    drawn = list(parsed(views.lines(frame, title="x")).iter("text"))
    places = sorted(float(t.get("y", "")) for t in drawn if (t.text or "").startswith("series"))
    assert all(below - above >= 14.9 for above, below in pairwise(places))
    assert places[-1] <= 280


def test_lines_need_an_order() -> None:
    with pytest.raises(WorkbenchError, match="an index of times or numbers") as caught:
        views.lines(pd.Series({"a": 1}), title="x")
    assert "views.bars" in caught.value.fix


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0, 7, [0, 2, 4, 6, 8]),
        (-3, 4, [-4, -2, 0, 2, 4]),
        (0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_ticks_are_round_and_enclose_the_values(low: float, high: float, ticks: list) -> None:
    assert nice_ticks(low, high) == pytest.approx(ticks)


def test_ticks_of_counts_are_whole() -> None:
    assert nice_ticks(0, 2, whole=True) == [0, 1, 2]


def test_a_scale_of_one_value_is_one_place() -> None:
    assert Scale(3, 3, 10, 20)(3) == 10
    assert Scale(-1e308, 1e308, 0, 10)(0) == pytest.approx(5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1234.0, "1,234"),
        (0.1234, "0.12"),
        (12.34, "12.3"),
        (999_999, "999,999"),
        (1_234_567, "1.23 M"),
        (-2e9, "-2 G"),
        (3e12, "3 T"),
        (1e15, "1.00e+15"),
        (nan, "–"),
        (None, "–"),
    ],
)
def test_figures_are_short(value: float, text: str) -> None:
    assert figure_text(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.0042, "4.2 ms"),
        (0.9999, "1 s"),
        (8.856, "8.9 s"),
        (60, "60 s"),
        (125, "2 min 05 s"),
        (3600, "1 h"),
        (7384, "2 h 03 min"),
        (90_000, "1 d 01 h"),
    ],
)
def test_durations_are_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_the_axis_of_times_tells_each_day_once() -> None:
    labels = clock_labels(datetime(2026, 1, 5, 20, tzinfo=UTC), datetime(2026, 1, 6, 4, tzinfo=UTC))
    assert [word for _, word, _ in labels] == ["20:00", "22:00", "00:00", "02:00", "04:00"]
    assert [day for _, _, day in labels] == ["2026-01-05", "", "2026-01-06", "", ""]
    days = clock_labels(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 7, tzinfo=UTC))
    assert {word for _, word, _ in days} == {""}
    assert time_step(1e12) == 36500 * 86400
