"""What people install: the wheel is complete, and runs without this checkout.

Needs a package index for the build backend and the dependencies, as any installation does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = {"data": "genesys_workbench/_data", "notebooks": "genesys_workbench/_notebooks"}

pytestmark = pytest.mark.timeout(600)


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command and return its stdout.

    Raises:
        AssertionError: It failed; the text is what it said.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=own if env is None else env, **_TEXT
    )
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


_TEXT = {"capture_output": True, "text": True, "check": False, "timeout": 300}


def pip(*arguments: str | Path, python: str | Path = sys.executable) -> None:
    run(python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments, cwd=ROOT)


def build_wheel(source: Path, folder: Path) -> Path:
    pip("wheel", source, "--no-deps", "--wheel-dir", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def tracked(folder: str) -> set[str]:
    """Return the files of a folder of the checkout that are data and not leftovers."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    kept = (path for path in found if not path.parent.name.startswith((".", "__")))
    return {path.relative_to(ROOT / folder).as_posix() for path in kept}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """Return the folder of programs of a new environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    pip("install", "-c", ROOT / "constraints.txt", wheel, python=programs / "python")
    return programs


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, Path]:
    """An empty working directory and an empty home."""
    places = {"cwd": tmp_path / "empty", "home": tmp_path / "home"}
    for place in places.values():
        place.mkdir()
    return places


def test_the_wheel_carries_all_sample_data_and_notebooks(wheel: Path) -> None:
    names = contents(wheel).keys()
    for folder, place in SHIPPED.items():
        shipped = {name.removeprefix(f"{place}/") for name in names if name.startswith(f"{place}/")}
        assert shipped == tracked(folder)
        assert shipped


def test_the_wheel_carries_nothing_else_than_the_package(wheel: Path) -> None:
    names = contents(wheel).keys()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"genesys_workbench"}
    odd = [name for name in names if "/." in name or name.endswith((".pyc", ".db", ".env"))]
    assert odd == []
    assert "genesys_workbench/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_a_wheel_from_the_source_distribution_is_the_same(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "backend", with_pip=True)
    (python,) = tmp_path.glob("backend/*/python")
    pip("install", "hatchling>=1.27", python=python)
    code = "import sys; from hatchling.build import build_sdist; print(build_sdist(sys.argv[1]))"
    name = run(python, "-c", code, tmp_path, cwd=ROOT).strip()
    with tarfile.open(tmp_path / name) as archive:
        top = {member.name.split("/")[1] for member in archive.getmembers()}
    assert {"tests", "constraints.txt", "CHANGELOG.md", "README.md"} <= top
    assert contents(build_wheel(tmp_path / name, tmp_path / "again")) == contents(wheel)


def test_the_installed_demo_loses_nothing_from_an_empty_folder_and_home(
    programs: Path, nowhere: dict[str, Path]
) -> None:
    env = {"PATH": f"{programs}{os.pathsep}{os.defpath}", "HOME": str(nowhere["home"])}
    command = "genesys-workbench demo --broker memory:// --events 20 --rate 0 --json"
    out = run(*command.split(), cwd=nowhere["cwd"], env=env)
    result = json.loads(out)
    assert (result["lost"], result["dead"], result["processed"]) == (0, 0, 20)
    assert list(nowhere["cwd"].iterdir()) == []


def test_the_installed_package_finds_its_samples_and_tells_its_version(
    programs: Path, nowhere: dict[str, Path]
) -> None:
    code = (
        "import genesys_workbench as bench; from genesys_workbench import samples;"
        "print(bench.__version__, bench.__file__, len(samples.names()))"
    )
    env = {"HOME": str(nowhere["home"])}
    version, file, count = run(
        programs / "python", "-I", "-c", code, cwd=nowhere["cwd"], env=env
    ).split()
    assert version == "0.1.0"
    assert not Path(file).is_relative_to(ROOT)
    assert int(count) >= 10
