"""A traceback that can be kept: places and words, no local variables."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from genesys_workbench.errors import ServerError
from genesys_workbench.messages import decode
from genesys_workbench.tracebacks import short_traceback


def raised(work: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
        work()
    return caught.value


def test_our_own_frames_are_one_line_of_module_and_place() -> None:
    told = short_traceback(raised(lambda: decode("{}")))
    assert re.search(r"^genesys_workbench\.messages:\d+ decode$", told, re.MULTILINE)
    assert "/" not in told.replace("n/a", "")


def test_frames_of_somebody_else_show_their_source_line() -> None:
    def step() -> None:
        raise ValueError("no such customer")

    told = short_traceback(raised(step))
    assert re.search(r"^test_tracebacks:\d+ step\n    raise ValueError", told, re.MULTILINE)
    assert told.endswith("ValueError: no such customer")


def test_frames_of_python_itself_have_their_dotted_name() -> None:
    told = short_traceback(raised(lambda: json.loads("{")))
    assert re.search(r"^json\.decoder:\d+ decode$", told, re.MULTILINE)


def test_the_cause_comes_first() -> None:
    def fetch() -> None:
        try:
            raise ConnectionError("refused")
        except ConnectionError as exc:
            raise ServerError("no answer", status=503) from exc

    cause, error = short_traceback(raised(fetch)).split("\n\nand then\n\n")
    assert cause.endswith("ConnectionError: refused")
    assert error.endswith("ServerError: no answer")


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    assert short_traceback(first) == "ValueError: second\n\nand then\n\nValueError: first"


def test_local_variables_are_not_told() -> None:
    def step() -> None:
        number = "+1 202 555 0143".replace(" ", "")
        raise ValueError(len(number))

    assert "12025550143" not in short_traceback(raised(step))


def test_an_error_without_words_is_its_name() -> None:
    assert short_traceback(MemoryError()) == "MemoryError"
