"""The parameters of a notebook: read from their cell, checked before anything runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from genesys_workbench.errors import UsageError
from genesys_workbench.runs.parameters import Parameter, read_parameters
from genesys_workbench.runs.values import checked, parsed
from genesys_workbench.shipped import shipped_notebooks
from tests.runs_fakes import PARAMETERS, cell, document


@pytest.fixture
def known() -> dict[str, Parameter]:
    return read_parameters(document())


def test_each_line_of_the_cell_is_a_parameter_with_type_default_and_help(
    known: dict[str, Parameter],
) -> None:
    assert [*known] == ["source", "events", "share", "live", "queue", "media"]
    events = known["events"]
    assert (events.kind.name, events.default, events.help) == ("int", "50", "how many")
    assert (known["share"].help, known["media"].kind.many) == ("", True)
    assert "\n".join(map(str, known.values())) == PARAMETERS


def test_a_line_without_a_type_has_the_one_of_its_value() -> None:
    lines = "a = 1.5  # ü: a rate\nb = f()\nc, d = 1, 2\nprint(a)"
    found = read_parameters(document(parameters=lines))
    assert [(each.name, each.kind.base) for each in found.values()] == [
        ("a", "float"),
        ("b", "an expression"),
    ]
    assert found["a"].help == "ü: a rate"


def test_a_hash_within_a_text_begins_no_help() -> None:
    found = read_parameters(document(parameters='ü: str = "# ü"  # a mark'))
    assert (found["ü"].default, found["ü"].help) == ('"# ü"', "a mark")


def test_a_notebook_without_the_cell_has_no_parameters() -> None:
    assert read_parameters({"cells": [cell("x = 1")]}) == {}


def test_a_cell_of_parameters_that_is_not_python_is_refused() -> None:
    with pytest.raises(UsageError, match=r"is not Python: .*line 1"):
        read_parameters(document(parameters="x: int = = 1"))


def test_all_parameters_of_our_notebooks_are_of_types_that_can_be_set() -> None:
    for path in shipped_notebooks().values():
        found = read_parameters(json.loads(path.read_text("utf-8")))
        assert found
        assert {each.kind.base for each in found.values()} <= {"str", "int", "float", "bool"}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("source", "0012", "0012"),
        ("source", "2026-01-05", "2026-01-05"),
        ("source", "none", "none"),
        ("events", " 12 ", 12),
        ("events", "1_000", 1000),
        ("events", "-5", -5),
        ("share", "1e-3", 0.001),
        ("share", "3", 3.0),
        ("live", "false", False),
        ("live", "Yes", True),
        ("queue", "none", None),
        ("queue", "", ""),
        ("queue", "Sales", "Sales"),
        ("media", "voice, chat", ["voice", "chat"]),
        ("media", "", []),
        ("media", '["a,b", "c"]', ["a,b", "c"]),
    ],
)
def test_a_text_becomes_a_value_of_the_type(
    known: dict[str, Parameter], name: str, text: str, value: Any
) -> None:
    found = parsed(known, {name: text})[name]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("events", "abc"),
        ("events", "1.0"),
        ("events", ""),
        ("events", "none"),
        ("share", "nan"),
        ("live", "2"),
        ("media", "[a, b]"),
    ],
)
def test_a_text_that_is_not_of_the_type_is_refused(
    known: dict[str, Parameter], name: str, text: str
) -> None:
    with pytest.raises(UsageError, match=f"{name} must be"):
        parsed(known, {name: text})


def test_a_refusal_tells_name_type_help_and_all_that_can_be_set(
    known: dict[str, Parameter],
) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(known, {"events": "abc"})
    assert caught.value.what == "events must be int (how many), not 'abc'."
    assert all(line in caught.value.fix for line in PARAMETERS.splitlines())


def test_an_unknown_name_is_refused_with_the_nearest(known: dict[str, Parameter]) -> None:
    for convert in (parsed, checked):
        with pytest.raises(UsageError, match="no parameter 'evnts'") as caught:
            convert(known, {"evnts": "5"})
        assert caught.value.fix.startswith("did you mean 'events'? Known parameters:")


def test_a_notebook_without_parameters_says_so() -> None:
    with pytest.raises(UsageError, match="no cell tagged"):
        parsed({}, {"events": "5"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", "0012"),
        ("events", 12),
        ("share", 0.25),
        ("live", True),
        ("queue", None),
        ("media", ["chat"]),
        ("media", []),
    ],
)
def test_a_value_of_the_type_is_taken_as_it_is(
    known: dict[str, Parameter], name: str, value: Any
) -> None:
    assert checked(known, {name: value}) == {name: value}


def test_a_whole_number_is_a_float_too(known: dict[str, Parameter]) -> None:
    found = checked(known, {"share": 1})["share"]
    assert (found, type(found)) == (1.0, float)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("source", 10),
        ("source", None),
        ("events", True),
        ("events", "12"),
        ("share", False),
        ("live", 1),
        ("queue", 5),
        ("media", "chat"),
        ("media", [1]),
    ],
)
def test_a_value_of_another_type_is_refused(
    known: dict[str, Parameter], name: str, value: Any
) -> None:
    with pytest.raises(UsageError, match=f"{name} must be"):
        checked(known, {name: value})


def test_a_number_where_a_text_is_wanted_asks_for_quotes(known: dict[str, Parameter]) -> None:
    with pytest.raises(UsageError, match="quote it, so that YAML takes it for a text"):
        checked(known, {"source": 10})


def test_a_type_that_cannot_be_set_from_here_is_refused_only_when_it_is_set() -> None:
    found = read_parameters(document(parameters="options: dict = {}\nevents: int = 1"))
    assert parsed(found, {"events": "2"}) == {"events": 2}
    with pytest.raises(UsageError, match="only str, int, float, bool and lists"):
        parsed(found, {"options": "{}"})
