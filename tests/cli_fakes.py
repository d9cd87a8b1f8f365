"""Run a command within this process, as `main` would, and see what it printed where."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from genesys_workbench.cli import main

Run = Callable[..., "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """stdout, read as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(name="run")
def command_runner(capsys: pytest.CaptureFixture[str], logging_restored: None) -> Run:
    """Give a function that runs a command line."""

    def run_command(*arguments: str) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else 0, out, err)

    return run_command


@pytest.fixture(name="logging_restored")
def restored_logging() -> Iterator[None]:
    """Undo what a command sets for its own process."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    before = [(each, each.level, list(each.handlers), list(each.filters)) for each in loggers]
    yield
    for name in set(logging.root.manager.loggerDict) - {each.name for each in loggers}:
        logging.getLogger(name).setLevel(logging.NOTSET)
    for logger, level, handlers, filters in before:
        logger.setLevel(level)
        logger.handlers[:], logger.filters[:] = handlers, filters
