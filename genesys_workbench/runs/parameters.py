"""What a notebook lets people change: the lines of its cell tagged ``parameters``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import UsageError
from .record import Document, source_of

__all__ = ["Kind", "Parameter", "read_parameters"]

TAG = "parameters"


@dataclass(frozen=True)
class Kind:
    """A type of values.

    Attributes:
        name: As the notebook writes it: ``int | None``.
        base: ``str``, ``int``, ``float``, ``bool``; of the items, where it is a list.
        optional: Whether None is one of the values.
        many: Whether it is a list.
    """

    name: str
    base: str
    optional: bool = False
    many: bool = False


@dataclass(frozen=True)
class Parameter:
    """A line ``name: kind = default  # help``; ``default`` is source text."""

    name: str
    kind: Kind
    default: str
    help: str

    def __str__(self) -> str:
        line = f"{self.name}: {self.kind.name} = {self.default}"
        return f"{line}  # {self.help}" if self.help else line


def read_parameters(notebook: Document) -> dict[str, Parameter]:
    """Return the notebook's parameters by name, in its order; none if it has no such cell.

    Raises:
        UsageError: The cell is not Python.
    """
    cells = notebook["cells"]
    tagged = [cell for cell in cells if TAG in cell["metadata"].get("tags", [])]
    source = source_of(tagged[0]) if tagged else ""
    try:
        tree = ast.parse(source)
    except SyntaxError as exc:
        raise UsageError(
            f"The cell tagged “{TAG}” is not Python: {exc.msg}, line {exc.lineno}.",
            fix="correct the cell: a line for each parameter, name: type = literal  # help",
        ) from exc
    return {found.name: found for found in _parameters(tree, source)}


def _parameters(tree: ast.Module, source: str) -> Iterator[Parameter]:
    lines = source.splitlines()
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=written, value=ast.expr() as v):
                kind = _kind(written)
            case ast.Assign(targets=[ast.Name(id=name)], value=v):
                kind = _kind_of_literal(v)
            case _:
                continue
        yield Parameter(name, kind, ast.get_source_segment(source, v) or "", _help(node, lines))


def _kind(written: ast.expr) -> Kind:
    name = ast.unparse(written)
    optional = many = False
    if isinstance(written, ast.BinOp) and ast.unparse(written.right) == "None":
        optional, written = True, written.left
    if isinstance(written, ast.Subscript) and ast.unparse(written.value) == "list":
        many, written = True, written.slice
    return Kind(name, ast.unparse(written), optional, many)


def _kind_of_literal(value: ast.expr) -> Kind:
    try:
        name = type(ast.literal_eval(value)).__name__
    except ValueError:
        name = "an expression"
    return Kind(name, name)


def _help(node: ast.stmt, lines: list[str]) -> str:
    """Return the comment behind a statement; its end is counted in bytes."""
    assert node.end_lineno is not None  # noqa: S101 - parsed nodes have one
    rest = lines[node.end_lineno - 1].encode()[node.end_col_offset :].decode().strip()
    return rest.removeprefix("#").strip() if rest.startswith("#") else ""
