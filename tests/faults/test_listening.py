"""The Notifications bridge on RabbitMQ with a worker, and all that befalls sockets and channels."""

from __future__ import annotations

from tests.faults.conftest import MakeRig
from tests.integration.listening import Listening, begun, kept, organisation
from tests.integration.workers import wait_until


def test_whatever_befalls_the_socket_no_conversation_is_missing(make_rig: MakeRig) -> None:
    with organisation() as (sim, proxy):
        url = f"http://127.0.0.1:{proxy.port}"
        rig = make_rig(genesys_cloud_api_url=url, genesys_cloud_login_url=url)
        rig.worker()
        with Listening(rig.settings, sim.now) as listening:
            listening.wait_for("Listening")
            before = begun(sim)
            proxy.cut(reset=True)
            listening.wait_for("Listening", 2)
            sim.close_sockets()
            listening.wait_for("Listening", 3)
            sim.forget_channels()
            listening.wait_for("Listening", 4)
            sim.expire_tokens()
            proxy.refuse = True
            proxy.cut()
            gap = len(begun(sim))
            wait_until(lambda: len(begun(sim)) >= gap + 50, what="50 conversations in the gap")
            proxy.refuse = False
            listening.wait_for("Listening", 5)
            listening.wait_for("Looked up")
            wanted = begun(sim) - before
            wait_until(lambda: wanted <= kept(rig.store), what="every conversation")
        audit = rig.audit()
        assert (audit.lost, audit.missing, audit.doubled, audit.dead) == (0, (), (), 0)
        assert audit.passed
        assert audit.processed >= len(wanted)
        created = rig.store.events(event_type="created", limit=10_000)
        told = [event["conversationId"] for event in created]
        assert len(told) == len(set(told)), "each conversation is created once"
