"""The workflow, the development container and Binder install and run what the README says."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from genesys_workbench.cli import app

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
SCRIPTS = [".devcontainer/post-create.sh", ".binder/postBuild", ".github/workflows/ci.yml"]


def read(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(read(".github/workflows/ci.yml"))
    return found


def steps() -> list[dict[str, Any]]:
    return [step for job in workflow()["jobs"].values() for step in job["steps"]]


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert [step["run"] for step in steps() if ".ci/run" in step.get("run", "")] == [".ci/run"]


def test_ci_may_only_read_and_knows_no_secret() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    assert [job for job in workflow()["jobs"].values() if "permissions" in job] == []
    assert "secrets." not in read(".github/workflows/ci.yml")


def test_ci_uses_actions_by_commit_and_leaves_no_credentials() -> None:
    used = [step for step in steps() if "uses" in step]
    assert [s["uses"] for s in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", s["uses"])] == []
    checkouts = [step["with"] for step in used if "actions/checkout@" in step["uses"]]
    assert checkouts == [{"persist-credentials": False}] * len(workflow()["jobs"])


def test_ci_keeps_notebooks_pages_and_screenshots_of_failed_runs_too() -> None:
    (kept,) = (step for step in steps() if "upload-artifact@" in step.get("uses", ""))
    assert kept["if"] == "${{ !cancelled() }}"
    (made,) = (step for step in steps() if "genesys-workbench run" in step.get("run", ""))
    assert made["if"] == kept["if"]
    folder = kept["with"]["path"]
    assert f"--out {folder}/" in made["run"]
    assert workflow()["jobs"]["test"]["env"]["WORKBENCH_ARTIFACTS"].startswith(f"{folder}/")


def test_ci_knows_the_versions_of_python_that_the_package_names() -> None:
    named = re.findall(r"Python :: (3\.\d+)\"", read("pyproject.toml"))
    assert workflow()["jobs"]["python"]["strategy"]["matrix"]["python"] == named


def test_ci_calls_commands_that_there_are_with_options_that_there_are() -> None:
    group: Any = typer.main.get_command(app)
    called = [
        call
        for step in steps()
        for call in re.findall(r"genesys-workbench (\w+) ([^|\n]*)", step.get("run", ""))
    ]
    assert {name for name, _ in called} == {"run", "gallery"}
    for name, rest in called:
        known = {option for each in group.commands[name].params for option in each.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known


@pytest.mark.parametrize("path", SCRIPTS)
def test_what_is_installed_is_pinned_and_named_in_pyproject(path: str) -> None:
    lines = [line for line in read(path).splitlines() if "pip install" in line]
    lines += [line for line in read(path).splitlines() if "bin/pip" in line]
    assert lines
    for line in lines:
        assert "-c constraints.txt" in line
        for extras in re.findall(r"\.\[(.*?)\]", line):
            assert set(extras.split(",")) <= EXTRAS.keys()


def test_the_development_container_installs_the_servers_of_the_test_command() -> None:
    wanted = re.search(r"apt-get install -y -qq ([\w\s-]+?) &&", read("README.md"))
    script = re.search(r"apt-get install -y -qq ([\w\s-]+)\n", read(SCRIPTS[0]))
    assert wanted is not None
    assert script is not None
    assert set(wanted[1].split()) <= set(script[1].split())


def test_the_development_container_runs_its_script_and_shows_the_usual_ports() -> None:
    container = json.loads(read(".devcontainer/devcontainer.json"))
    assert container["postCreateCommand"] == f"bash {SCRIPTS[0]}"
    group: Any = typer.main.get_command(app)
    defaults = {
        parameter.default
        for name in ("lab", "simulate")
        for parameter in group.commands[name].params
        if parameter.name == "port"
    }
    assert set(container["forwardPorts"]) == {8000, *defaults}
    assert set(map(int, container["portsAttributes"])) == set(container["forwardPorts"])


def test_binder_gets_a_broker_and_a_python_that_the_package_runs_on() -> None:
    assert "rabbitmq-server" in read(".binder/apt.txt").split()
    version = read(".binder/runtime.txt").strip().removeprefix("python-")
    assert f"Python :: {version}" in read("pyproject.toml")


@pytest.mark.parametrize("path", [*SCRIPTS[:2], ".ci/run"])
def test_scripts_stop_at_the_first_error_and_can_be_run(path: str) -> None:
    assert read(path).startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in read(path)
    assert (ROOT / path).stat().st_mode & 0o111
