"""The bridge on the simulator's sockets: what it makes of what it hears, and of a restart."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from genesys_workbench.errors import UsageError
from genesys_workbench.last_heard import LastHeard
from genesys_workbench.simulator.faults import Fault
from genesys_workbench.store import Store
from tests.integration.listening import Listening, begun, kept, organisation, settings_for
from tests.integration.workers import wait_until


def test_a_connection_that_has_become_a_black_hole_is_given_up(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        with Listening(settings, sim.now, silence=0.8) as listening:
            listening.wait_for("Listening")
            proxy.forget()
            listening.wait_for("lost (TimeoutError)")
            listening.wait_for("Listening", 2)


def test_a_socket_that_only_answers_stays(tmp_path: Path) -> None:
    with organisation(heartbeat=1000, gap=1e6, conversations=1) as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        with Listening(settings, sim.now, silence=0.1) as listening:
            listening.wait_for("Listening")
            pinged = proxy.passed
            wait_until(lambda: proxy.passed > pinged + 1000, what="many pings and pongs")
            assert not [line for line in listening.lines if "lost" in line]


def test_the_first_that_is_heard_of_a_conversation_is_its_creation(tmp_path: Path) -> None:
    with organisation(conversations=12) as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        store = Store.prepared(settings.store_url)
        with Listening(settings, sim.now):
            wait_until(lambda: len(kept(store)) >= 8, what="eight conversations")
        for conversation_id in kept(store):
            types = [event["eventType"] for event in store.events(conversation_id=conversation_id)]
            assert types.count("created") == 1
            assert set(types) <= {"created", "updated"}
        store.close()


def test_what_is_not_permitted_is_named_with_its_permission(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        sim.deny("routing:queue:view")
        settings = settings_for(sim, proxy, tmp_path)
        with (
            Listening(settings, sim.now) as listening,
            pytest.raises(UsageError) as caught,
        ):
            listening.listener.wait(10)
        assert "routing:queue:view" in str(caught.value.fix)


def test_started_again_it_looks_up_what_happened_meanwhile(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        store = Store.prepared(settings.store_url)
        with Listening(settings, sim.now, remember=tmp_path) as listening:
            listening.wait_for("Listening")
            before = begun(sim)
            wait_until(lambda: begun(sim) - before <= kept(store) != set(), what="the first")
        told = len(begun(sim))
        wait_until(lambda: len(begun(sim)) >= told + 10, what="ten while nobody listens")
        with Listening(settings, sim.now, remember=tmp_path) as listening:
            listening.wait_for("Looked up")
            wanted = begun(sim) - before
            wait_until(lambda: wanted <= kept(store), what="every conversation")
        store.close()


def test_killed_while_it_looks_back_it_looks_back_again(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        with Listening(settings, sim.now, remember=tmp_path) as listening:
            listening.wait_for("Listening")
            topics = [one.topic for one in listening.subjects]
        since = sim.now() - timedelta(hours=1)
        LastHeard(tmp_path, topics).note(since)
        sim.faults.add(Fault("details_query", status=503))
        with Listening(settings, sim.now, remember=tmp_path) as listening:
            listening.wait_for("Listening")
            listening.wait_for("The socket was lost")
        assert LastHeard(tmp_path, topics).read() == since


def test_what_was_missed_for_days_is_left_to_a_backfill(tmp_path: Path) -> None:
    with organisation() as (sim, proxy):
        settings = settings_for(sim, proxy, tmp_path)
        listening = Listening(settings, sim.now)
        since = sim.now() - timedelta(days=3)
        LastHeard(tmp_path, [one.topic for one in listening.subjects]).note(since)
        with Listening(settings, sim.now, remember=tmp_path) as listening:
            listening.wait_for(f"backfill --since {since:%Y-%m-%d}")
            listening.wait_for("Listening")
        assert "details_query" not in sim.requests
