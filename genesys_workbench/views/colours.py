"""The colours of pictures: Okabe and Ito's, which all eyes tell apart, and the theme's own.

https://jfly.uni-koeln.de/color/ · What is not data takes JupyterLab's variables, so that it
follows the light and the dark theme; where there is no JupyterLab, the page's colour.
"""

from __future__ import annotations

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SERIES",
    "SKY",
    "VERMILLION",
    "YELLOW",
    "ink_on",
]

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
VERMILLION = "#D55E00"
YELLOW = "#F0E442"
GREY = "#999999"

SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION, YELLOW, GREY)
"""For series in this order, the best told apart first."""


def ink_on(colour: str) -> str:
    """Return the colour of text on one of these: white on blue only, black has more contrast."""
    return "#ffffff" if colour == BLUE else "#000000"
