"""The frame of all pictures: style, title, and the words for those who do not see it."""

from __future__ import annotations

from .picture import Picture
from .svg import Markup, el

__all__ = ["WIDTH", "label", "picture", "plain_picture"]

WIDTH = 880
"""Of a drawing, in its own pixels; on the page it takes what room there is."""

# A notebook that nobody has run yet is not trusted: JupyterLab takes styles and drawings out of
# its outputs. Then `hidden` stays in force (if it has a value: an empty one is taken out as well),
# and the words stand where the drawing would.
_STYLE = Markup(
    "<style>"  # .gwb.gwb.gwb where JupyterLab's own rules for tables would win
    ".gwb{position:relative;margin:4px 0 20px;max-width:1000px;"
    "font:13px/1.45 var(--jp-ui-font-family,system-ui,sans-serif);"
    "color:var(--jp-content-font-color1,currentColor)}"
    ".gwb figcaption{font-size:15px;font-weight:600;margin:0 0 6px}"
    ".gwb figcaption small{font-size:12px;font-weight:400;opacity:.75;margin-left:.3em}"
    ".gwb .v[hidden]{display:block}"
    ".gwb .w{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);"
    "white-space:pre-wrap}"
    ".gwb svg{display:block;width:100%;height:auto;overflow:visible}"
    ".gwb text{font-family:inherit;fill:var(--jp-content-font-color1,currentColor)}"
    ".gwb .s{fill:var(--jp-content-font-color2,currentColor)}"
    ".gwb .g{stroke:var(--jp-border-color2,#8884);stroke-width:1;fill:none}"
    ".gwb .m{stroke:var(--jp-content-font-color1,currentColor);stroke-width:1.25;fill:none}"
    ".gwb .h{stroke:#fff;stroke-opacity:.65;stroke-width:1.5;fill:none}"
    ".gwb .b{fill:var(--jp-layout-color1,transparent);stroke:var(--jp-border-color1,#8888)}"
    ".gwb.gwb table{border-collapse:collapse;border:0;margin:0;font-size:13px}"
    ".gwb.gwb.gwb th,.gwb.gwb.gwb td{padding:4px 14px 4px 6px;text-align:left;vertical-align:top;"
    "max-width:46em;white-space:normal;border:0;"
    "border-bottom:1px solid var(--jp-border-color2,#8884)}"
    ".gwb.gwb.gwb th{font-weight:600}.gwb.gwb.gwb thead th{opacity:.75;font-weight:400}"
    ".gwb.gwb.gwb .r{text-align:right;font-variant-numeric:tabular-nums}"
    ".gwb .p{display:inline-block;min-width:3.6em;padding:0 8px;border-radius:9px;color:#000;"
    "white-space:nowrap}"
    ".gwb .t{font:12px/1.6 var(--jp-code-font-family,monospace)}"
    ".gwb details>details,.gwb details>.l{margin-left:18px}"
    ".gwb .l{padding-left:14px;overflow-wrap:anywhere}.gwb summary{cursor:pointer}"
    ".gwb summary small,.gwb .l small{opacity:.7}"
    ".gwb .text{color:var(--jp-mirror-editor-string-color,inherit)}"
    ".gwb .number{color:var(--jp-mirror-editor-number-color,inherit)}"
    ".gwb .word{font-style:italic;color:var(--jp-mirror-editor-keyword-color,inherit)}"
    "</style>"
)


def picture(title: str, height: float, *shapes: object, text: str, note: str = "") -> Picture:
    """Return a drawing with its title and its words.

    Args:
        title: One line.
        height: Of the drawing, `WIDTH` being its width.
        shapes: Elements of SVG.
        text: The same in words, without the title.
        note: What is small beside the title, such as the unit.
    """
    size = f"0 0 {WIDTH} {height:.0f}"
    drawing = el("svg", *shapes, viewBox=size, role="img", aria_label=title)
    seen = el("div", drawing, class_="v", hidden="hidden")
    words = el("pre", text, class_="w")
    return _framed(title, note, seen, words, text=text)


def plain_picture(title: str, content: Markup, *, text: str, note: str = "") -> Picture:
    """Return HTML that is words already, such as a table, with its title."""
    return _framed(title, note, content, text=text)


def _framed(title: str, note: str, *content: Markup, text: str) -> Picture:
    head = None
    if title:
        head = el("figcaption", title, [" ", el("small", note)] if note else None)
    html = el(
        "figure", _STYLE, head, *content, class_="gwb", role="group", aria_label=title or None
    )
    return Picture(html, f"{title}\n{text}".strip("\n"))


def label(
    x: float, y: float, text: str, *, size: float = 12, anchor: str = "", **more: object
) -> Markup:
    """Return a text at a place; `anchor` is ``middle`` or ``end``, else it begins there."""
    place = {"x": float(x), "y": float(y), "font_size": size}
    return el("text", text, **place, text_anchor=anchor or None, **more)
