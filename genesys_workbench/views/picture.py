"""`Picture`: something to look at, with the words that say the same."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

__all__ = ["Picture"]


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """HTML that stands for itself, in a notebook and in what is exported from it.

    Attributes:
        html: No script, no id, nothing of the moment: the same in every run.
        text: The same in words and figures, for those who do not see it and for terminals.
    """

    html: str = field(repr=False)
    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(
        self, include: Container[str] | None = None, exclude: Container[str] | None = None
    ) -> dict[str, str]:
        """Give a frontend both forms, or those that it asks for."""
        bundle = {"text/html": self.html, "text/plain": self.text}
        return {
            kind: content
            for kind, content in bundle.items()
            if (include is None or kind in include) and (exclude is None or kind not in exclude)
        }
