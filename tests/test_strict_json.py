"""JSON without the traps."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys_workbench.errors import InvalidDelivery
from genesys_workbench.strict_json import MAX_DEPTH, MAX_VALUES, loads


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "not JSON"),
        (b'{"a":1} x', "not JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":-Infinity}', "-Infinity"),
        (b'{"a":1e400}', "too large"),
        (b'{"a":' + b"9" * 5000 + b"}", "too long"),
        (b'{"a":1,"a":2}', "same key twice"),
        (b'{"x":{"a":1,"\\u0061":2}}', "same key twice"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"\\ud800":1}', "surrogate"),
        (b'["\\u0000"]', "NUL"),
        (b'{"\\u0000":1}', "NUL"),
        (b'[["\\udc00"]]', "surrogate"),
        (b"[" + b"1," * MAX_VALUES + b"1]", "more than 100000 values"),
        (b"[" * 200_000, "deeper"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "deeper"),
        (b'{"a":' * 100_000, "deeper"),
    ],
)
def test_what_is_not_strict_json_is_refused_in_words(body: bytes, text: str) -> None:
    with pytest.raises(InvalidDelivery, match=text) as caught:
        loads(body)
    assert caught.value.status == 400


def test_the_deepest_allowed_nesting_passes() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) is not None


def test_as_many_values_as_may_be_pass() -> None:
    assert loads(b"[" + b"1," * (MAX_VALUES - 2) + b"1]") is not None


def test_an_escaped_pair_of_surrogates_is_one_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "\U0001f600"


def test_a_hostile_body_costs_little_time() -> None:
    started = time.perf_counter()
    for body in (b"[" * 500_000, b'{"a":' + b"9" * 500_000 + b"}", b'{"a":1,' * 100_000):
        with pytest.raises(InvalidDelivery):
            loads(body)
    assert time.perf_counter() - started < 1


plain_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain_text,
    lambda inner: st.lists(inner) | st.dictionaries(plain_text, inner),
)


@given(values, st.booleans())
def test_plain_json_passes_unchanged(value: object, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary())
def test_any_bytes_are_a_value_or_a_400(body: bytes) -> None:
    try:
        loads(body)
    except InvalidDelivery as exc:
        assert exc.status == 400
