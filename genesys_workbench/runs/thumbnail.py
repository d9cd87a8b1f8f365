"""A real picture of a run: the first that its notebook showed, or its first table."""

from __future__ import annotations

from typing import Any

from .record import Document

__all__ = ["thumbnail"]

# JupyterLab's variables, by which our pictures choose their colours; and no way out of the frame.
FRAME = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="color-scheme" content="light dark">
<style>
:root { --jp-content-font-color1: #212121; --jp-content-font-color2: #616161;
  --jp-ui-font-color1: #212121; --jp-ui-font-color2: #616161; --jp-layout-color0: #fff;
  --jp-layout-color1: #fff; --jp-layout-color2: #eee; --jp-border-color2: #e0e0e0;
  --jp-border-color3: #eee }
@media (prefers-color-scheme: dark) {
  :root { --jp-content-font-color1: #fff; --jp-content-font-color2: #bbb;
    --jp-ui-font-color1: #fff; --jp-ui-font-color2: #bbb; --jp-layout-color0: #111;
    --jp-layout-color1: #1c1c1c; --jp-layout-color2: #424242; --jp-border-color2: #616161;
    --jp-border-color3: #424242 } }
body { display: grid; align-content: safe center; min-height: 100vh; margin: 0; padding: 12px;
  box-sizing: border-box; overflow: hidden; font: 14px/1.4 system-ui, sans-serif;
  color: var(--jp-content-font-color1); background: var(--jp-layout-color1) }
img, svg { max-width: 100%; height: auto }
</style>
"""


def thumbnail(document: Document) -> str | None:
    """Return a page with the first picture, or else the first table; None if it shows neither."""
    shown = [_texts(output) for cell in document["cells"] for output in cell.get("outputs", ())]
    for find in (_picture, _table):
        for texts in shown:
            if found := find(texts):
                return FRAME + found
    return None


def _texts(output: dict[str, Any]) -> dict[str, str]:
    data = output.get("data", {})
    return {kind: "".join(value) for kind, value in data.items() if isinstance(value, str | list)}


def _picture(texts: dict[str, str]) -> str | None:
    if "<svg" in texts.get("text/html", ""):
        return texts["text/html"]
    if "image/svg+xml" in texts:
        return texts["image/svg+xml"]
    if "image/png" in texts:
        return f'<img alt="" src="data:image/png;base64,{"".join(texts["image/png"].split())}">'
    return None


def _table(texts: dict[str, str]) -> str | None:
    html = texts.get("text/html", "")
    return html if "<table" in html else None
