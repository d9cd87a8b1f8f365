"""An executed notebook as one HTML file: no script, nothing from elsewhere, light and dark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .needs import needed
from .record import Cell, Document, Run

__all__ = ["write_page"]

WIDGET = "application/vnd.jupyter.widget-view+json"
RICH = ("text/html", "image/svg+xml", "image/png", "text/markdown")

# JupyterLab's template without what it would load from elsewhere; its dark theme only sets the
# same variables again, so a reader who prefers dark gets it by a media query.
TEMPLATE = """
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block notebook_css -%}
<meta name="color-scheme" content="light dark">
{{ super() }}
{{ resources.include_css("static/theme-dark.css")
   | replace('type="text/css"', 'media="(prefers-color-scheme: dark)"') }}
<style>
@media (prefers-color-scheme: dark) {
  :root { --jp-mirror-editor-comment-color: #7fb8b8; --jp-mirror-editor-operator-color: #cf9fff }
}
body.jp-Notebook { max-width: 75em; margin: 0 auto; background: var(--jp-layout-color0) }
.jp-OutputArea-output { overflow-x: auto }
@media print { body.jp-Notebook { max-width: none } }
</style>
{%- endblock -%}
"""


def write_page(run: Run) -> Path:
    """Write the page beside the notebook and return its path.

    Raises:
        WorkbenchError: What makes pages is not installed.
    """
    nbconvert, nbformat = needed("nbconvert"), needed("nbformat")
    exporter = nbconvert.HTMLExporter(template_name="lab", raw_template=TEMPLATE)
    notebook = nbformat.reads(json.dumps(static(run.document)), as_version=4)
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": run.title}})
    page = run.output.with_suffix(".html")
    page.write_text(text, "utf-8")
    return page


def static(document: Document) -> Document:
    """Return the notebook with what stands still in the place of its widgets."""
    return {**document, "cells": [_static(cell) for cell in document["cells"]]}


def _static(cell: Cell) -> Cell:
    """Drop widgets whose twin is beside them; of others, keep the words."""
    outputs = cell.get("outputs", [])
    if not any(WIDGET in output.get("data", {}) for output in outputs):
        return cell
    plain = [_without_widget(output) for output in outputs]
    if any(_is_rich(output) for output in plain):
        plain = [
            output
            for output, before in zip(plain, outputs, strict=True)
            if output is before or _is_rich(output)
        ]
    return {**cell, "outputs": plain}


def _without_widget(output: dict[str, Any]) -> dict[str, Any]:
    data = output.get("data", {})
    if WIDGET not in data:
        return output
    return {**output, "data": {kind: data[kind] for kind in data if kind != WIDGET}}


def _is_rich(output: dict[str, Any]) -> bool:
    return any(kind in output.get("data", {}) for kind in RICH)
