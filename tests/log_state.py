"""The process's logging, lent to a test and given back as it was."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from genesys_workbench.logs import QUIET

__all__ = ["everything_logged", "own_logging"]


@contextmanager
def own_logging() -> Iterator[logging.Logger]:
    """Give the root logger without handlers; at the end everything is as before."""
    loggers = [logging.getLogger(), *_named()]
    before = [(each, each.level, each.handlers[:], each.propagate) for each in loggers]
    loggers[0].handlers[:] = []
    try:
        yield loggers[0]
    finally:
        logging.captureWarnings(False)
        for each, level, handlers, propagate in before:
            each.setLevel(level)
            each.handlers[:] = handlers
            each.propagate = propagate


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Give what all loggers say, down to DEBUG, as no handler of ours would show it."""
    stream = io.StringIO()
    with own_logging() as root:
        root.addHandler(logging.StreamHandler(stream))
        root.setLevel(logging.DEBUG)
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.DEBUG)
        yield stream


def _named() -> list[logging.Logger]:
    known = [*logging.root.manager.loggerDict.values(), *map(logging.getLogger, QUIET)]
    return [each for each in known if isinstance(each, logging.Logger)]
