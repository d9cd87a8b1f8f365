"""Arrows between modules point down only, and never in a circle.

A module may use its own layer and those below. Imports inside functions and for type checkers
count as well, and so do the dotted names by which Celery loads what it is told to.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import genesys_workbench

PACKAGE = Path(genesys_workbench.__file__).parent
NAME = PACKAGE.name

# Lowest first. `simulator` and `cli` stand for all modules of their folder.
LAYERS = {
    "ground": "crash errors news once settings webhook_secrets",
    "pure": (
        "api_errors authenticity autopsy backoff conversations correlation data_action dead "
        "detail_facts eventbridge events facts ids ledgers link_errors merging messages "
        "one_medium outlets privacy shapes shapes_analytics shapes_rest side_by_side sights "
        "spellings stand_ins strict_json timings tls_errors tokens topics tracebacks"
    ),
    "one I/O each": (
        "amqp_fields auth broker canary channels checkpoint client connecting database "
        "database_errors deadline deliverylog detail_jobs details gathering kombu_queues "
        "last_heard lenient limiter link logs management memory metrics metrics_port node "
        "node_files paging patience pending ports preparing publisher pulse queue_names queues "
        "reads recording result_pipes samples schema serving settling shipped spool statements "
        "store streams tape tls tls_facts transactions transport waiting watchdog watched_file "
        "worker_metrics worker_output"
    ),
    "aside": "simulator",
    "joins": (
        "audit backfill burial buried channel_socket consumer endpoint enrich firing gaps "
        "intake listener notifications openapi opening processing proof receiver refusals "
        "replay retries runtime tasks triggers webhooks worker worker_life"
    ),
    "people": "cli demo doctor failures frames lab onboarding posting report runs views workbench",
    "public face": "__init__",
}
RANK = {name: rank for rank, names in enumerate(LAYERS.values()) for name in names.split()}

# The stand-in shares as little as can be with what it is there to test.
SIMULATOR_MAY_USE = {"errors", "events", "serving", "settings"}
# It stands in for a platform far away: only what people start knows of it.
SIMULATOR_IS_USED_BY = {
    "__init__",
    "cli",
    "demo",
    "failures",
    "onboarding",
    "posting",
    "report",
    "views",
    "workbench",
}
# No I/O below here, so none of its libraries.
PURE_MAY_USE = {"msgspec", "pydantic"}
_DOTTED = re.compile(rf"{NAME}\.([\w.]+):\w+")


def group(module: str) -> str:
    """Return the module's name in the table: its folder's, if it lies in one."""
    return module.partition(".")[0]


@cache
def modules() -> dict[str, ast.Module]:
    """Return the parsed modules by dotted name below the package; a folder's init by its own."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if not parts[0].startswith("_data") and not parts[0].startswith("_notebooks"):
            found[".".join(parts)] = ast.parse(path.read_text("utf-8"))
    return found


@cache
def arrows() -> frozenset[tuple[str, str]]:
    """Return (module, used module) for each import and each dotted name."""
    return frozenset(
        (module, used)
        for module, tree in modules().items()
        for node in ast.walk(tree)
        for used in _used(module, node)
        if used != module
    )


def _used(module: str, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
        return [_module(name.split(".")[1:]) for name in names if name.split(".")[0] == NAME]
    if isinstance(node, ast.ImportFrom):
        base = _base(module, node)
        return [] if base is None else [_module([*base, alias.name]) for alias in node.names]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        match = _DOTTED.fullmatch(node.value)
        return [match[1]] if match else []
    return []


def _base(module: str, node: ast.ImportFrom) -> list[str] | None:
    """Return the place that is imported from, None outside the package."""
    named = node.module.split(".") if node.module else []
    if node.level == 0:
        return named[1:] if named[:1] == [NAME] else None
    return module.split(".")[: -node.level] + named


def _module(parts: list[str]) -> str:
    """Return the module that a dotted name leads to: itself, a folder's init, or its parent."""
    name = ".".join(parts)
    for each in (name, f"{name}.__init__", ".".join(parts[:-1])):
        if each in modules():
            return each
    return ".".join([*parts[:-1], "__init__"])


def libraries(tree: ast.Module) -> set[str]:
    """Return what is imported that is neither ours nor Python's own."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {NAME}


def test_each_module_has_a_layer_and_each_name_in_the_table_a_module() -> None:
    existing = {group(module) for module in modules()}
    without = sorted(existing - RANK.keys())
    assert not without, f"give these modules a layer in LAYERS of {Path(__file__).name}: {without}"
    gone = sorted(RANK.keys() - existing)
    assert not gone, f"take these out of LAYERS, there is no such module: {gone}"
    assert sum(len(names.split()) for names in LAYERS.values()) == len(RANK)


def test_arrows_point_down_or_stay_in_their_layer() -> None:
    upward = sorted(
        f"{module} uses {used}"
        for module, used in arrows()
        if RANK.get(group(used), 0) > RANK.get(group(module), 0)
    )
    assert not upward, "these arrows point up: " + "; ".join(upward)


def test_no_module_uses_itself_in_a_circle() -> None:
    graph: dict[str, set[str]] = {module: set() for module in modules()}
    for module, used in arrows():
        graph[module].add(used)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as exc:
        pytest.fail("a circle of modules: " + " ← ".join(exc.args[1]))


def test_no_module_uses_the_public_face() -> None:
    assert [arrow for arrow in sorted(arrows()) if arrow[1] == "__init__"] == []


def test_the_simulator_shares_little_with_what_it_tests() -> None:
    used = {used for module, used in arrows() if group(module) == "simulator"}
    assert {name for name in used if group(name) != "simulator"} <= SIMULATOR_MAY_USE


def test_only_what_people_start_knows_of_the_simulator() -> None:
    users = {group(module) for module, used in arrows() if group(used) == "simulator"}
    assert users - {"simulator"} <= SIMULATOR_IS_USED_BY


def test_pure_modules_use_no_library_that_does_input_or_output() -> None:
    used = {
        name: libraries(tree) - PURE_MAY_USE
        for name, tree in modules().items()
        if name in LAYERS["pure"].split()
    }
    assert {name: found for name, found in used.items() if found} == {}


def test_imports_within_functions_and_dotted_names_are_seen() -> None:
    assert ("opening", "worker") in arrows()
    assert ("tasks", "consumer") in arrows()
    assert ("cli.processes", "simulator.server") in arrows()
    assert ("cli.__init__", "cli.processes") in arrows()
