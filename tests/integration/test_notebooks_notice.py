"""The committed notebooks turn red when the package is broken on purpose."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What is broken: (file, what stands there, what stands there then, the notebook that shows it)
BREAKS = {
    "the customer is sought among the agents": (
        "conversations.py",
        '\nCUSTOMERS = frozenset({"customer", "external"})',
        '\nCUSTOMERS = frozenset({"agent"})',
        "06_conversation_report",
    ),
    "masks hide nothing": (
        "privacy.py",
        'return "masked-" + hmac',
        "return value  # hmac",
        "03_inspect_conversations",
    ),
    "forged deliveries are let in": (
        "endpoint.py",
        "self._verifier.check(seen.headers, body)",
        "pass",
        "02_receive_events",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_of_the_package_turns_a_notebook_red(name: str, tmp_path: Path) -> None:
    file, was, becomes, notebook = BREAKS[name]
    for folder in ("genesys_workbench", "data", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    path = tmp_path / "genesys_workbench" / file
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, becomes), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval", f"notebooks/{notebook}.ipynb"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{notebook}.ipynb::Cell" in done.stdout
