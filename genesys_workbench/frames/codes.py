"""Values that come again are kept as numbers: words and texts are read, masked and stored once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["Codes", "Reading"]

_REMEMBERED = 100_000


class Codes(dict[str | None, int]):
    """A number for each text, in order of appearance; -1 for none."""

    def __init__(self) -> None:
        super().__init__({None: -1})
        self.texts: list[str] = []

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self.texts)
        self.texts.append(text)
        return code

    def column(self, values: Sequence[str | None]) -> Any:
        """Return the numbers of texts."""
        return np.fromiter(map(self.__getitem__, values), np.int32, len(values))

    def where(self, has: Callable[[str], bool]) -> Any:
        """Return for each number whether its text is like that; the last one is for -1."""
        return np.array([*map(has, self.texts), False])

    def text(self, codes: Any) -> Any:
        """Return texts by their numbers."""
        return pd.array(self.texts, dtype="str").take(codes, allow_fill=True)

    def categorical(self, codes: Any, known: Sequence[str]) -> Any:
        """Return words by their numbers: the known categories, then others by the alphabet."""
        used = np.flatnonzero(np.bincount(codes + 1)[1:])
        later = {self.texts[code] for code in used} - set(known)
        categories = [*known, *sorted(later)]
        places = {word: place for place, word in enumerate(categories)}
        small = np.min_scalar_type(-len(categories) - 1)
        moved = np.array([*(places.get(word, -1) for word in self.texts), -1], small)
        return pd.Categorical.from_codes(moved[codes], dtype=pd.CategoricalDtype(categories))


class Reading(dict[str | None, int]):
    """Numbers of values as they are told, each of which is read once.

    Args:
        codes: Of the values as they are shown.
        read: Makes them.
    """

    def __init__(self, codes: Codes, read: Callable[[Any], str | None]) -> None:
        super().__init__()
        self._codes, self._read = codes, read

    def __missing__(self, told: str | None) -> int:
        if len(self) >= _REMEMBERED:
            self.clear()
        code = self[told] = self._codes[self._read(told)]
        return code

    def column(self, told: Sequence[str | None]) -> Any:
        """Return the numbers of values as they are told."""
        return np.fromiter(map(self.__getitem__, told), np.int32, len(told))
