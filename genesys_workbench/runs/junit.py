"""What became of a matrix, in the XML that CI systems read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from .record import Run

__all__ = ["write_junit"]

SECONDS = len("2026-01-05T08:00:00")  # the schema knows no time zones
# XML 1.0 knows no way to write these, and error texts may hold them.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(runs: Sequence[Run], path: Path) -> None:
    """Write a suite for each notebook and a case for each of its sets of parameters."""
    root = Element("testsuites", _counts(runs), name="genesys-workbench")
    ordered = sorted(runs, key=lambda run: run.notebook)
    for notebook, group in groupby(ordered, key=lambda run: run.notebook):
        cases = list(group)
        began = min(run.started for run in cases)[:SECONDS]
        suite = SubElement(root, "testsuite", _counts(cases), name=notebook, timestamp=began)
        for run in cases:
            _add_case(suite, run)
    indent(root)
    ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _counts(runs: Sequence[Run]) -> dict[str, str]:
    outcomes = [run.outcome for run in runs]
    return {
        "tests": str(len(runs)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("interrupted")),
        "time": f"{sum(run.seconds for run in runs):.3f}",
    }


def _add_case(suite: Element, run: Run) -> None:
    case = SubElement(
        suite,
        "testcase",
        classname=_plain(run.notebook),
        name=_plain(run.name or run.notebook),
        time=f"{run.seconds:.3f}",
    )
    if run.failure:
        tag = "failure" if run.outcome == "failed" else "error"
        message = _plain(run.failure.reason)
        found = SubElement(case, tag, message=message, type=_plain(run.failure.type))
        found.text = _plain(
            f"In [{run.failure.cell}], section “{run.failure.section}”:\n"
            f"{run.failure.source}\n\n{run.failure.message}\n\nKept: {run.output.name}"
        )


def _plain(text: str) -> str:
    return _NO_XML.sub("", text)
