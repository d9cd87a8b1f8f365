"""A part is opened once, whichever thread asks first."""

from __future__ import annotations

import threading

from genesys_workbench.once import once
from genesys_workbench.runtime import Runtime
from genesys_workbench.workbench import Workbench
from tests.store_fakes import in_threads


class Bench:
    """Opens its store slowly: all threads are there before the first has it."""

    def __init__(self, threads: int) -> None:
        self.lock = threading.RLock()
        self.asked = threading.Barrier(threads)
        self.opened: list[object] = []

    @once
    def store(self) -> object:
        """Opened while the others ask."""
        self.opened.append(object())
        threading.Event().wait(0.05)
        return self.opened[-1]


def test_many_threads_get_one_and_the_same() -> None:
    bench, found = Bench(8), []

    def ask(_: int) -> None:
        bench.asked.wait()
        found.append(bench.store)

    in_threads(ask)
    assert len(bench.opened) == 1
    assert found == [bench.opened[0]] * 8


def test_it_is_kept_as_a_plain_attribute_and_can_be_dropped() -> None:
    bench = Bench(1)
    first = bench.store
    assert bench.__dict__.pop("store") is first
    assert bench.store is not first


def test_what_workers_and_panels_share_is_opened_so() -> None:
    for owner, names in (
        (Runtime, ("store", "processing", "enricher", "client", "publisher")),
        (Workbench, ("store", "client", "publisher", "celery", "receiver", "deliveries")),
    ):
        assert [name for name in names if not isinstance(vars(owner)[name], once)] == []
