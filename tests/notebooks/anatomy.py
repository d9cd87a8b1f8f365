"""How a notebook of ours is built, as a list of complaints about one that is not."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

__all__ = ["RULES", "complaints"]

Notebook = dict[str, Any]
Cell = dict[str, Any]
Rule = Callable[[Notebook], Iterator[str]]

CODE_CELLS = range(8, 15)
MAX_CODE_LINES = 45
MAX_CELL_LINES = 8
MAX_WORDS = 80
SECTIONS = range(3, 6)
BULLETS = range(2, 5)
LAST_TITLES = ("The result", "What you saw")

_PARAMETER = re.compile(r"[a-z_]+: [a-z]+(?: \| None)? = \S.*  # \S.*")
_SECRET = re.compile(r"secret|token|password|credential", re.IGNORECASE)
_FORBIDDEN = {
    "a function or class": r"^\s*(?:async )?(?:def|class) |\blambda\b",
    "a magic or a shell command": r"^\s*[%!]",
    "a sleep": r"\bsleep\b",
    "a path": r"[\"'](?:\.{0,2}/|~|[A-Z]:\\)",
}
# What differs from run to run, or tells of the computer that it ran on
_UNSTABLE = {
    "an address with a port": r"(?:127\.0\.0\.1|localhost|\[::1\]):\d+",
    "a memory address": r"\b0x[0-9a-f]{6,}",
    "a path": r"(?<![\w<])/(?:tmp|home|root|Users|work|var)/",
}


def complaints(path: Path) -> list[str]:
    """Return what is wrong with the notebook, empty if nothing is."""
    notebook = json.loads(path.read_text("utf-8"))
    return [text for rule in RULES for text in rule(notebook)]


def source(cell: Cell) -> str:
    return "".join(cell["source"])


def code_cells(notebook: Notebook) -> list[Cell]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def code_lines(cell: Cell) -> list[str]:
    return [line for line in source(cell).splitlines() if line.strip()]


def is_parameters(cell: Cell) -> bool:
    return "parameters" in cell["metadata"].get("tags", [])


def sections(notebook: Notebook) -> list[list[Cell]]:
    """Return the cells of each part that a level 2 heading begins."""
    cells = notebook["cells"]
    starts = [n for n, cell in enumerate(cells) if source(cell).startswith("## ")]
    return [cells[first:last] for first, last in pairwise([*starts, len(cells)])]


def title(section: list[Cell]) -> str:
    return source(section[0]).splitlines()[0].removeprefix("## ")


def opening(notebook: Notebook) -> Iterator[str]:
    """Say what it is about: a title, one sentence, two to four things that will be seen."""
    text = source(notebook["cells"][0])
    head, _, bullets = text.partition("You will see:")
    if not re.fullmatch(r"# [^\n]+\n\n[^.\n][^.]*\.\s*", head):
        yield "the first cell is not a title and one sentence"
    if len(re.findall(r"^- ", bullets, re.MULTILINE)) not in BULLETS:
        yield "the first cell lists not two to four things under “You will see:”"


def parameters(notebook: Notebook) -> Iterator[str]:
    """Name what may be changed, with its type and a word of help; never a secret."""
    cells = notebook["cells"]
    if [n for n, cell in enumerate(cells) if is_parameters(cell)] != [1]:
        yield "the second cell, and no other, must carry the tag “parameters”"
        return
    for line in code_lines(cells[1]):
        if not _PARAMETER.fullmatch(line):
            yield f"a parameter reads “name: type = literal  # help”, not “{line}”"
        elif not _is_literal(line):
            yield f"the value of a parameter is a literal: “{line}”"
        if _SECRET.search(line.partition(":")[0]):
            yield f"a secret is no parameter: “{line.partition(':')[0]}”"


def _is_literal(line: str) -> bool:
    (assignment,) = ast.parse(line).body
    try:
        ast.literal_eval(assignment.value)  # type: ignore[attr-defined]
    except ValueError:
        return False
    return True


def imports(notebook: Notebook) -> Iterator[str]:
    """Import in one cell, the one after the parameters."""
    importing = [
        n
        for n, cell in enumerate(notebook["cells"])
        if cell["cell_type"] == "code"
        and re.search(r"^\s*(?:import|from) ", source(cell), re.MULTILINE)
    ]
    if importing != [2]:
        yield f"the third cell, and no other, imports: here {importing}"


def size(notebook: Notebook) -> Iterator[str]:
    """Be read in minutes."""
    cells = code_cells(notebook)
    lines = sum(len(code_lines(cell)) for cell in cells)
    if len(cells) not in CODE_CELLS:
        yield f"{len(cells)} code cells, not {CODE_CELLS[0]} to {CODE_CELLS[-1]}"
    if lines > MAX_CODE_LINES:
        yield f"{lines} lines of code, more than {MAX_CODE_LINES}"


def parts(notebook: Notebook) -> Iterator[str]:
    """Three to five sections of few words and one cell, then the result, then what was seen."""
    found = sections(notebook)
    if tuple(map(title, found[-2:])) != LAST_TITLES:
        yield f"the last two sections are not {LAST_TITLES}"
        return
    if len(found) - 2 not in SECTIONS:
        yield f"{len(found) - 2} sections, not {SECTIONS[0]} to {SECTIONS[-1]}"
    for section in found[:-2]:
        yield from _section(section)


def _section(section: list[Cell]) -> Iterator[str]:
    name = title(section)
    text, code = section[0], section[1:]
    words = len(source(text).split()) - len(name.split()) - 1
    if words > MAX_WORDS:
        yield f"“{name}” has {words} words, more than {MAX_WORDS}"
    if [cell["cell_type"] for cell in code] != ["code"]:
        yield f"“{name}” has not one text and one code cell"
        return
    if len(code_lines(code[0])) > MAX_CELL_LINES:
        yield f"the cell of “{name}” has more than {MAX_CELL_LINES} lines"
    if not code[0]["outputs"]:
        yield f"“{name}” shows nothing"


def ending(notebook: Notebook) -> Iterator[str]:
    """Check the result, and lead on."""
    *_, result, last = sections(notebook)
    if not any("assert " in source(cell) for cell in result):
        yield "the result is not checked"
    if not re.search(r"\]\([^)]+\)", source(last[-1])):
        yield "the end leads nowhere: it has no link"


def forbidden(notebook: Notebook) -> Iterator[str]:
    """Keep logic in the package, and run anywhere."""
    for cell in code_cells(notebook):
        for name, pattern in _FORBIDDEN.items():
            if re.search(pattern, source(cell), re.MULTILINE):
                yield f"{name} in “{source(cell).splitlines()[0]}”"


def outputs(notebook: Notebook) -> Iterator[str]:
    """Commit outputs that the next run gives again."""
    cells = code_cells(notebook)
    if [cell["execution_count"] for cell in cells] != list(range(1, len(cells) + 1)):
        yield "it was not run from top to bottom: nbval compares only what was run"
    for output in (output for cell in cells for output in cell["outputs"]):
        if output["output_type"] == "error" or output.get("name") == "stderr":
            yield f"an error or a warning was committed: {json.dumps(output)[:200]}"
        text = json.dumps(output)
        yield from (f"{name} in an output" for name, p in _UNSTABLE.items() if re.search(p, text))


def metadata(notebook: Notebook) -> Iterator[str]:
    """Carry nothing of the computer or the moment of the run."""
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    known = {"tags"}
    odd = sorted({key for cell in notebook["cells"] for key in cell["metadata"]} - known)
    if odd:
        yield f"cells carry metadata of a run: {odd}"


RULES: tuple[Rule, ...] = (
    opening,
    parameters,
    imports,
    size,
    parts,
    ending,
    forbidden,
    outputs,
    metadata,
)
