"""``lab``: which folder is opened, how one gets to it, and what the command says and refuses."""

from __future__ import annotations

import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nbformat import read
from nbformat.sign import NotebookNotary

from genesys_workbench.errors import SettingsError
from genesys_workbench.lab import reach, server
from genesys_workbench.lab.place import Place, copy_files, place_for
from genesys_workbench.lab.reach import Reach, reach_from
from genesys_workbench.lab.server import LabOptions, Ready, token_from
from genesys_workbench.lab.trust import trust_shipped
from tests.cli_fakes import Run, command_runner, restored_logging  # noqa: F401 - fixtures

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SSH = {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22", "USER": "ada"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """What a wheel brings: one notebook and a text."""
    folder = tmp_path / "wheel" / "_notebooks"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    (folder / "00.ipynb").write_text("first")
    (folder / "README.md").write_text("text")
    (folder / ".hidden").write_text("no")
    return folder


@pytest.fixture
def copied(source: Path, tmp_path: Path) -> Path:
    return copy_files(source, tmp_path / "mine", version="1").folder


@pytest.fixture
def notary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NotebookNotary]:
    """Jupyter's signatures, those of a person who has none yet."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    opened = NotebookNotary()
    yield opened
    opened.store.close()


# -- the folder


def test_a_checkout_is_opened_in_place(tmp_path: Path) -> None:
    assert place_for(NOTEBOOKS, None, home=tmp_path, version="1") == Place(NOTEBOOKS, checkout=True)


def test_an_installed_package_is_copied_to_the_home(source: Path, tmp_path: Path) -> None:
    place = place_for(source, None, home=tmp_path, version="1")
    assert place == Place(tmp_path / "genesys-workbench", added=("00.ipynb", "README.md"))
    assert (place.folder / "00.ipynb").read_text() == "first"


def test_a_checkout_too_is_copied_to_a_folder_that_is_named(tmp_path: Path) -> None:
    place = place_for(NOTEBOOKS, tmp_path / "new" / "mine", home=tmp_path, version="1")
    assert not place.checkout
    assert "00_start_here.ipynb" in place.added
    assert (tmp_path / "new" / "mine" / "00_start_here.ipynb").is_file()


def test_a_second_time_nothing_is_copied(source: Path, copied: Path) -> None:
    assert copy_files(source, copied, version="1") == Place(copied)


def test_a_notebook_that_its_owner_changed_is_kept(source: Path, copied: Path) -> None:
    (copied / "00.ipynb").write_text("mine")
    assert copy_files(source, copied, version="1") == Place(copied)
    assert (copied / "00.ipynb").read_text() == "mine"


def test_a_new_version_replaces_what_nobody_changed(source: Path, copied: Path) -> None:
    (source / "00.ipynb").write_text("second")
    assert copy_files(source, copied, version="2") == Place(copied, renewed=("00.ipynb",))
    assert (copied / "00.ipynb").read_text() == "second"


def test_a_new_version_lies_beside_what_its_owner_changed_and_is_told_once(
    source: Path, copied: Path
) -> None:
    (copied / "00.ipynb").write_text("mine")
    (source / "00.ipynb").write_text("second")
    assert copy_files(source, copied, version="2") == Place(copied, beside=("00.v2.ipynb",))
    assert copy_files(source, copied, version="2") == Place(copied)
    assert (copied / "00.ipynb").read_text() == "mine"
    assert (copied / "00.v2.ipynb").read_text() == "second"


@pytest.mark.parametrize("record", ["", "[1]", "\xff"])
def test_without_a_record_of_what_was_copied_every_file_counts_as_changed(
    source: Path, copied: Path, record: str
) -> None:
    (copied / ".shipped.json").write_bytes(record.encode("latin-1"))
    (source / "00.ipynb").write_text("second")
    assert copy_files(source, copied, version="2").beside == ("00.v2.ipynb",)
    assert (copied / "00.ipynb").read_text() == "first"


def test_pictures_show_before_the_first_run_where_the_notebook_is_as_it_was_shipped(
    tmp_path: Path, notary: NotebookNotary
) -> None:
    shipped = sorted(NOTEBOOKS.glob("*.ipynb"))
    folder = copy_files(NOTEBOOKS, tmp_path / "mine", version="1").folder
    changed = folder / shipped[0].name
    changed.write_text(changed.read_text("utf-8").replace("Start here", "Mine"), "utf-8")
    trust_shipped(shipped, folder)
    trusted = {
        path.name: notary.check_signature(read(folder / path.name, as_version=4))
        for path in shipped
    }
    assert trusted == {path.name: path != shipped[0] for path in shipped}


def test_a_folder_that_cannot_be_written_is_an_error_with_the_fix(
    source: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"file/mine: not a directory\.") as caught:
        place_for(source, tmp_path / "file" / "mine", home=tmp_path, version="1")
    assert "--folder" in caught.value.fix


# -- the way to it


@pytest.mark.parametrize(
    ("environment", "platform", "container", "found", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", False, True, Reach(browser=True)),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False, True, Reach(browser=True)),
        ({}, "darwin", False, True, Reach(browser=True)),
        ({"BROWSER": "helper.sh"}, "linux", True, False, Reach(browser=True, helper=True)),
        ({"BROWSER": "firefox"}, "linux", False, False, Reach(browser=True)),
    ],
)
def test_a_browser_opens_where_a_person_sees_it(
    environment: dict[str, str], platform: str, container: bool, found: bool, expected: Reach
) -> None:
    answer = reach_from(
        environment, platform=platform, container=container, browser_found=lambda: found
    )
    assert answer == expected


@pytest.mark.parametrize(
    ("environment", "container", "why", "how"),
    [
        (SSH, False, "remote", "ssh -N -L 9:127.0.0.1:9 ada@192.0.2.1"),
        ({**SSH, "DISPLAY": ":10"}, False, "remote", "ssh -N -L 9:127.0.0.1:9 ada@192.0.2.1"),
        ({}, False, "no display", "ssh -N -L 9:127.0.0.1:9 USER@THIS-COMPUTER"),
        ({"DISPLAY": ":0"}, False, "no browser", "open the URL in any browser"),
        ({}, True, "container", "-p 127.0.0.1:9:9"),
    ],
)
def test_elsewhere_the_person_is_told_why_no_browser_opens_and_what_to_do(
    environment: dict[str, str], container: bool, why: str, how: str
) -> None:
    answer = reach_from(
        environment, platform="linux", container=container, browser_found=lambda: False
    )
    assert not answer.browser
    assert why in answer.why
    assert how in answer.how.format(port=9)


@pytest.mark.parametrize(
    ("browser", "graphical"),
    [
        (webbrowser.BackgroundBrowser("xdg-open"), True),
        (webbrowser.Mozilla("firefox"), True),
        (webbrowser.GenericBrowser("w3m"), False),  # it would take the terminal over
    ],
)
def test_a_text_browser_is_none(
    monkeypatch: pytest.MonkeyPatch, browser: webbrowser.BaseBrowser, graphical: bool
) -> None:
    for name in ("BROWSER", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(reach, "CONTAINER_MARKS", ())
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    assert reach.reach_of_this_process().browser is graphical


@pytest.mark.parametrize("environment", [{}, {"JUPYTER_TOKEN": ""}])
def test_there_is_always_a_token(environment: dict[str, str]) -> None:
    assert len(token_from(environment)) >= 32
    assert token_from(environment) != token_from(environment)


def test_the_token_of_jupyters_own_variable_is_taken() -> None:
    assert token_from({"JUPYTER_TOKEN": "mine"}) == "mine"


# -- the command


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[LabOptions]:
    """What the server was started with; it listens on the next port."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.delenv("JUPYTER_TOKEN", raising=False)
    monkeypatch.setenv("SSH_CONNECTION", SSH["SSH_CONNECTION"])
    monkeypatch.setattr(reach, "CONTAINER_MARKS", ())
    seen: list[LabOptions] = []

    def serve(options: LabOptions, *, on_ready: Callable[[Ready], None]) -> None:
        seen.append(options)
        on_ready(Ready("http://127.0.0.1:8889/lab?token=t", 8889))

    monkeypatch.setattr(server, "serve_lab", serve)
    return seen


def test_it_opens_the_first_notebook_for_this_computer_alone(
    run: Run, started: list[LabOptions]
) -> None:
    outcome = run("lab")
    (options,) = started
    assert outcome.code == 0
    assert (options.folder, options.notebook) == (NOTEBOOKS, "00_start_here.ipynb")
    assert (options.ip, options.port, options.browser) == ("127.0.0.1", 8888, False)
    assert len(options.token) >= 32


def test_it_tells_what_a_person_needs_to_know(run: Run, started: list[LabOptions]) -> None:
    told = run("lab").err
    assert f"{NOTEBOOKS}, the checkout itself" in told
    assert "all is simulated" in told
    assert "Port 8888 is busy, using 8889." in told
    assert "ssh -N -L 8889:127.0.0.1:8889" in told
    assert "Ready: http://127.0.0.1:8889/lab?token=t    (Ctrl-C stops)" in told
    assert started[0].token not in told


def test_it_says_nothing_of_a_browser_that_nobody_wants(
    run: Run, started: list[LabOptions]
) -> None:
    told = run("lab", "--no-browser", "--port", "8889").err
    assert "ssh" not in told
    assert "busy" not in told


def test_it_tells_what_it_copied_and_what_it_left_alone(
    run: Run, started: list[LabOptions], tmp_path: Path
) -> None:
    folder = str(tmp_path / "mine")
    assert "Added: 00_start_here.ipynb, " in run("lab", "--folder", folder).err
    assert "Added" not in run("lab", "--folder", folder).err
    assert [options.folder for options in started] == [tmp_path / "mine"] * 2


@pytest.mark.parametrize("name", ["00_start_here", "00_start_here.ipynb"])
def test_another_notebook_is_named_with_or_without_its_suffix(
    run: Run, started: list[LabOptions], name: str
) -> None:
    assert run("lab", "--notebook", name).code == 0
    assert started[0].notebook == "00_start_here.ipynb"


def test_an_unknown_notebook_is_refused_with_the_known_ones(
    run: Run, started: list[LabOptions]
) -> None:
    outcome = run("lab", "--notebook", "99_none")
    assert outcome.code == 2
    assert "00_start_here" in outcome.err
    assert started == []


def test_it_listens_to_others_only_if_told_so_in_so_many_words(
    run: Run, started: list[LabOptions]
) -> None:
    refused = run("lab", "--ip", "0.0.0.0")
    assert refused.code == 2
    assert "--open-to-network" in refused.err
    assert started == []
    opened = run("lab", "--ip", "0.0.0.0", "--open-to-network")
    assert "WARNING: open to the network" in opened.err
    assert started[0].ip == "0.0.0.0"
    assert len(started[0].token) >= 32


def test_kernels_get_the_settings_of_the_folder_where_it_was_started(
    run: Run, started: list[LabOptions], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(
        "GENESYS_CLOUD_CLIENT_ID=me\nGENESYS_CLOUD_CLIENT_SECRET=hunter2\nWORKBENCH_ENRICH=off\n"
    )
    monkeypatch.chdir(tmp_path)
    told = run("lab").err
    assert started[0].environment["WORKBENCH_ENRICH"] == "off"
    assert started[0].environment["GENESYS_CLOUD_CLIENT_SECRET"] == "hunter2"
    assert "Live: the organisation" in told
    assert "hunter2" not in told + repr(started)


def test_missing_jupyterlab_is_an_error_with_the_command_that_installs_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    outcome = run("lab")
    assert outcome.code == 3
    assert 'Fix: pip install "genesys-workbench[lab]"' in outcome.err


def test_root_is_told_what_the_token_is_worth(
    run: Run, started: list[LabOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.os, "geteuid", lambda: 0)
    assert "Running as root" in run("lab").err
    monkeypatch.setattr(server.os, "geteuid", lambda: 1000)
    assert "Running as root" not in run("lab").err
