"""The README's own commands, run as printed, so that they cannot drift."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.workers import wait_until

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def block(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found is not None, f"README.md has no block {name}"
    return found[1]


def python(*arguments: str, environment: dict[str, str], folder: Path) -> str:
    """Run this Python and return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=90,
    )
    return done.stdout


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WORKBENCH_")}
    path = f"{Path(sys.executable).parent}:{kept['PATH']}"
    return {**kept, "PATH": path, "WORKBENCH_DATA_DIR": str(tmp_path / "data")}


def test_the_parts_by_hand_end_in_rows(environment: dict[str, str], tmp_path: Path) -> None:
    script = block("by-hand") + "wait\n"
    with (tmp_path / "output").open("wb") as output:
        shell = subprocess.Popen(
            ["bash", "-c", script],
            env=environment,
            cwd=tmp_path,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:

        def processed() -> int:
            listing = subprocess.run(
                ["genesys-workbench", "events", "list", "--json"],
                env=environment,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=True,
            )
            rows = [json.loads(line) for line in listing.stdout.splitlines()]
            return sum(row["status"] == "processed" for row in rows)

        wait_until(lambda: processed() == 4, seconds=90, what="the four rows")
    finally:
        os.killpg(shell.pid, signal.SIGINT)
        try:
            shell.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            raise
    assert "Traceback" not in (tmp_path / "output").read_text()


def test_the_example_in_python_runs(environment: dict[str, str], tmp_path: Path) -> None:
    printed = python("-c", block("in-python"), environment=environment, folder=tmp_path)
    assert "'accepted': 20" in printed


def test_the_questions_to_the_frames_are_answered_and_the_tables_written(
    environment: dict[str, str], tmp_path: Path
) -> None:
    code = block("in-frames")
    printed = python("-W", "error", "-c", code, environment=environment, folder=tmp_path)
    assert "voice" in printed
    assert "Billing" in printed
    tables = ("conversations", "metrics", "participants", "rejected", "segments", "sessions")
    assert sorted(path.stem for path in (tmp_path / "export").iterdir()) == sorted(tables)


def test_the_runs_end_in_a_gallery(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "notebooks").symlink_to(ROOT / "notebooks")
    subprocess.run(
        ["bash", "-ec", block("in-runs")],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=170,
    )
    kept = tmp_path / "runs"
    page = (kept / "index.html").read_text("utf-8")
    pages = [path.name for path in kept.glob("*.html") if path.name != "index.html"]
    assert len(pages) == 5
    assert "junit.xml" in {path.name for path in kept.iterdir()}
    assert page.count("<iframe") >= len(pages)


def test_the_pictures_of_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert len(pictures) == 2
    assert [path for path in pictures if not (ROOT / path).is_file()] == []


def test_ci_runs_the_test_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "<!-- test-command -->" in script
    command = block("test-command")
    assert "&& pytest -n 3 --dist loadfile" in command
    assert '-c constraints.txt -e ".[test]"' in command


def test_the_json_of_the_demonstration_has_the_promised_keys() -> None:
    promised = json.loads(re.search(r"```json\n(.*?)```", README, re.DOTALL)[1])  # type: ignore[index]
    assert promised["accepted"] == sum(
        promised[key] for key in ("processed", "duplicates", "dead", "lost")
    )
