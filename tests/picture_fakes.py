"""Looking into pictures: they are well-formed XML, so a test reads them as such."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from genesys_workbench.views.picture import Picture

__all__ = ["parsed", "tips", "titled", "words"]


def parsed(picture: Picture) -> ET.Element:
    """Parse a picture; fails where it is not well-formed."""
    figure = ET.fromstring(picture.html)
    assert figure.tag == "figure"
    return figure


def words(picture: Picture) -> list[str]:
    """Return the texts that are drawn."""
    return ["".join(text.itertext()) for text in parsed(picture).iter("text")]


def tips(picture: Picture) -> list[str]:
    """Return what is shown where the mouse rests on a part of a drawing."""
    return [title.text or "" for title in parsed(picture).iter("title")]


def titled(picture: Picture, start: str) -> list[str]:
    """Return the lines of a picture's words that begin so."""
    return [line for line in picture.text.splitlines() if line.startswith(start)]
