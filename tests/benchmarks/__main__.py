"""``python -m tests.benchmarks [NAME…] [--json] [--quick]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from rich.console import Console

from .chart import draw
from .report import as_object, show
from .trial import Row, Scale

MODULES = {
    "publisher": "publishing",
    "receiver": "receiving",
    "worker": "working",
    "end-to-end": "travelling",
    "enrichment": "enriching",
    "frames": "framing",
    "frames-from-store": "storing",
    "start": "starting",
    "ready": "opening",
    "growth": "growing",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and tell the result."""
    parser = argparse.ArgumentParser("tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MODULES)}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="little work, to see that all runs")
    parser.add_argument("--chart", type=Path, default=Path("benchmarks.svg"), help="where to draw")
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.names) - MODULES.keys():
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    told = Console(stderr=True)
    rows = list(_rows(wanted.names or list(MODULES), Scale(wanted.quick), told))
    if wanted.json:
        sys.stdout.write(json.dumps(as_object(rows)) + "\n")
    else:
        show(rows, Console(width=None if sys.stdout.isatty() else 140))
        draw(rows, wanted.chart)
        told.print(f"chart: {wanted.chart}")
    return 0


def _rows(names: Sequence[str], scale: Scale, told: Console) -> Iterator[Row]:
    for name in names:
        with (
            told.status(name) as status,
            import_module(f"{__package__}.{MODULES[name]}").trials(scale) as trials,
        ):
            for trial in trials:
                yield from trial.rows(
                    scale.rounds, lambda text, name=name: status.update(f"{name}: {text}")
                )


if __name__ == "__main__":
    sys.exit(main())
