"""An index page of executed runs: one file, nothing from elsewhere."""

from __future__ import annotations

import os
from datetime import datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..errors import UsageError
from .plan import label
from .record import Run, read_run
from .thumbnail import thumbnail

__all__ = ["write_gallery"]

WORDS = {"passed": "Passed", "failed": "Failed", "interrupted": "Interrupted"}


def write_gallery(folder: Path, page: Path) -> tuple[Path, list[Run]]:
    """Write the page of all runs below a folder; return it and them, the newest first.

    Raises:
        UsageError: There is none, or the page cannot be written.
    """
    found = (read_run(path) for path in sorted(folder.rglob("*.ipynb")))
    runs = sorted((run for run in found if run), key=lambda run: run.started, reverse=True)
    if not runs:
        raise UsageError(
            f"There is no executed run in {str(folder)!r}.",
            fix=f"genesys-workbench run 00_start_here --html --out {folder}",
        )
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_page(runs, page.parent), "utf-8")
    except OSError as exc:
        raise UsageError(
            f"{page} cannot be written: {(exc.strerror or str(exc)).lower()}.",
            fix="name another file: --out FILE",
        ) from exc
    return page, runs


def _page(runs: list[Run], base: Path) -> str:
    counts = {word: sum(run.outcome == key for run in runs) for key, word in WORDS.items()}
    told = ", ".join(f"{count} {word.lower()}" for word, count in counts.items() if count)
    cards = "\n".join(_card(run, base, f"run-{number}") for number, run in enumerate(runs, 1))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Notebook runs: {told}</title>
<style>
{_asset("gallery.css")}</style>
</head>
<body>
<header>
<h1>Notebook runs</h1>
<p class="counts">{told}</p>
<form hidden><input type="search" name="words" autocomplete="off"
 placeholder="Filter: title, parameter, outcome …" aria-label="Filter the runs">
 <span class="more" role="status"></span></form>
</header>
<main><ul class="runs">
{cards}
</ul></main>
<script>
{_asset("gallery.js")}</script>
</body>
</html>
"""


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _card(run: Run, base: Path, anchor: str) -> str:
    title = escape(run.title)
    target = run.html or run.output
    told = run.name in ("", label(run.parameters))
    name = "" if told else f'<p class="name">{escape(run.name)}</p>\n'
    return f"""<li class="{run.outcome}" data-text="{escape(_searched(run))}">
<article aria-labelledby="{anchor}">
{_picture(run)}
<div class="about">
<h2 id="{anchor}"><a href="{_link(target, base)}">{title}</a></h2>
{name}<p class="meta"><span class="outcome">{WORDS[run.outcome]}</span>
<span>{run.seconds:.1f} s</span>{_date(run)}</p>
{_parameters(run)}{_error(run)}<p class="links">{_links(run, base)}</p>
</div></article></li>"""


def _searched(run: Run) -> str:
    values = [f"{name}={_shown(value)}" for name, value in run.parameters.items()]
    words = [run.title, run.notebook, run.name, WORDS[run.outcome], *values]
    return " ".join(words).lower()


def _picture(run: Run) -> str:
    frame = thumbnail(run.document)
    if frame is None:
        return f'<div class="picture words" aria-hidden="true">{escape(run.title)}</div>'
    label = escape(f"Picture of {run.title}")
    return (
        '<div class="picture"><iframe sandbox="" tabindex="-1" scrolling="no" '
        f'title="{label}" srcdoc="{escape(frame)}"></iframe></div>'
    )


def _date(run: Run) -> str:
    moment = datetime.fromisoformat(run.started)
    return f'\n<time datetime="{escape(run.started)}">{moment:%Y-%m-%d %H:%M} UTC</time>'


def _parameters(run: Run) -> str:
    pairs = (
        f"<dt>{escape(name)}</dt><dd>{escape(_shown(value))}</dd>"
        for name, value in run.parameters.items()
    )
    return f"<dl>{''.join(pairs)}</dl>\n" if run.parameters else ""


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _error(run: Run) -> str:
    return f'<p class="error">{escape(run.failure.reason)}</p>\n' if run.failure else ""


def _links(run: Run, base: Path) -> str:
    kinds = {"HTML page": run.html, "Notebook": run.output}
    return "\n".join(
        f'<a href="{_link(path, base)}">{kind}</a>' for kind, path in kinds.items() if path
    )


def _link(path: Path, base: Path) -> str:
    return escape(quote(Path(os.path.relpath(path, base)).as_posix()))
