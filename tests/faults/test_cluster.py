"""A cluster of three RabbitMQ nodes that loses its leader, a follower, its majority."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from genesys_workbench.broker import open_channel, setup_topology
from genesys_workbench.errors import Nacked
from genesys_workbench.messages import CANARY_QUEUE, DEAD_QUEUE, QUEUE
from genesys_workbench.publisher import Publisher
from genesys_workbench.settings import load_settings
from tests.faults.cluster import Cluster
from tests.faults.conftest import MakeRig
from tests.faults.rig import Rig
from tests.integration.test_publisher import messages
from tests.integration.workers import wait_until


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster of this file, with the topology declared on all three nodes."""
    with Cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        setup_topology(cluster.url, load_settings())
        yield cluster


@pytest.fixture
def cluster(running: Cluster) -> Cluster:
    """The cluster with empty queues, all nodes up."""
    for member in running.members:
        if not member.answers():
            member.restart()
    with open_channel(running.url) as channel:
        for queue in (QUEUE, DEAD_QUEUE, CANARY_QUEUE):
            channel.queue_purge(queue)
    return running


@pytest.fixture
def rig(cluster: Cluster, make_rig: MakeRig) -> Rig:
    """An installation on the cluster, receiver and worker ready."""
    rig = make_rig(cluster)
    rig.receiver()
    rig.worker()
    rig.wait_ready()
    return rig


def test_a_cluster_that_loses_its_leader_under_load_goes_on_with_another(
    rig: Rig, cluster: Cluster
) -> None:
    old = cluster.leader
    with rig.sender.stream(rate=50):
        old.kill()
        wait_until(lambda: rig.sender.ways["spooled"] > 0, what="the loss")
        rig.wait_ready(200, seconds=40)  # a question to a queue without a leader takes up to 10 s
        published = rig.sender.ways["published"]
        wait_until(lambda: rig.sender.ways["published"] > published + 50, what="confirms")
        assert cluster.leader is not old
        old.restart()
    assert rig.sender.statuses.keys() == {202}
    rig.settle()


def test_a_publisher_whose_first_message_finds_no_leader_goes_on_with_the_next_one(
    cluster: Cluster,
) -> None:
    leader = cluster.leader
    follower = cluster.followers(leader)[0]
    for member in (leader, follower):
        member.kill()
    first, second = messages(2)
    with Publisher(cluster.url) as publisher:
        with pytest.raises(Nacked):
            publisher.publish(first).result(20)
        follower.restart()
        # RabbitMQ's channel would ask for the old leader for as long as that is away
        wait_until(lambda: publisher.publish(second).exception(20) is None, what="a confirm")
    assert not leader.answers()


def test_a_cluster_takes_events_while_a_follower_is_away_and_back(
    rig: Rig, cluster: Cluster
) -> None:
    away = cluster.followers(cluster.leader)[-1]
    with rig.sender.stream(rate=50):
        away.kill()
        rig.sender.send(50)
        away.restart()
        rig.sender.send(50)
    assert rig.sender.statuses.keys() == {202}
    rig.settle()


def test_a_cluster_without_its_majority_confirms_nothing_and_drains_when_it_is_back(
    rig: Rig, cluster: Cluster
) -> None:
    first, second = cluster.followers(cluster.members[-1])
    with rig.sender.stream(rate=20):
        for member in (first, second):
            member.kill()
        rig.wait_ready(503, seconds=15)
        wait_until(lambda: cluster.members[-1].answers(), what="the node that is left")
        published = rig.sender.ways["published"]
        rig.sender.send(20)
        assert rig.sender.ways["published"] == published
        for member in (first, second):
            member.restart()
        rig.wait_ready(200, seconds=30)
    assert rig.sender.statuses.keys() == {202}
    rig.settle()
