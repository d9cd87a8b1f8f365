"""Ids are UUIDs, and no two are alike, whoever seeds and whoever forks."""

from __future__ import annotations

import os
import random
from uuid import RFC_4122, UUID

from genesys_workbench.ids import new_id


def test_an_id_is_a_random_uuid() -> None:
    for _ in range(200):
        made = new_id()
        assert (str(UUID(made)), UUID(made).version, UUID(made).variant) == (made, 4, RFC_4122)


def test_seeding_python_does_not_bring_ids_back() -> None:
    made = []
    for _ in range(2):
        random.seed(1)
        made.append(new_id())
    assert made[0] != made[1]


def test_a_forked_process_goes_its_own_way() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 36).decode() != new_id()
    os.close(reading)
    os.close(writing)
