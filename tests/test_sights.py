"""What was seen before is known, and what is old is forgotten."""

from __future__ import annotations

from genesys_workbench.sights import Sights


def test_a_conversation_is_seen_first_once() -> None:
    sights = Sights()
    assert [sights.is_first(name) for name in ("c-1", "c-2", "c-1")] == [True, True, False]


def test_the_same_change_by_another_topic_is_no_news() -> None:
    sights = Sights()
    assert [sights.is_news(body) for body in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2})] == [
        True,
        False,
        True,
    ]


def test_what_was_not_seen_for_long_is_forgotten() -> None:
    sights = Sights(size=2)
    for name in ("c-1", "c-2", "c-1", "c-3"):
        sights.is_first(name)
    assert [sights.is_first(name) for name in ("c-1", "c-2")] == [False, True]
