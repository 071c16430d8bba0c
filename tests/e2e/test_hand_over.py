"""The lead is handed over before it is needed: whoever writes meanwhile, through any node, is answered as ever."""

import time

import pytest

from cluster import Cluster
from test_outage import Writers


@pytest.fixture(scope="module")
def three(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("hand-over")) as cluster:
        cluster.up()
        cluster[1].good("POST", "/v1/sys/mounts/plain", {"type": "kv"})
        yield cluster


def steady(cluster, writers, since=None):
    since = since or time.monotonic()
    cluster.wait_for(lambda: sum(moment > since for moment in writers.good[-500:]) > 40, "writes")


def test_no_write_fails_over_a_step_down(three):
    with Writers(three) as writers:
        for _ in range(3):
            steady(three, writers)
            leader = three.wait_leader()
            mark, since = leader.mark(), time.monotonic()
            leader.good("POST", "/v1/sys/step-down", {})
            steady(three, writers, since)
            assert "handed leadership over" in leader.since(mark)
            assert three.wait_leader() is not leader
    assert writers.bad == []


def test_a_leader_that_is_told_to_stop_hands_over_first(three):
    leader = three.wait_leader()
    others = [node for node in three.nodes if node is not leader]
    marks = {node.name: node.mark() for node in three.nodes}
    with Writers(three) as writers:
        writers.nodes = others
        steady(three, writers)
        since = time.monotonic()
        assert leader.terminate() == 0
        steady(three, writers, since)
    assert writers.bad == []
    told = leader.since(marks[leader.name])
    assert told.index("handed leadership over") < told.index("shutdown done")
    # Nobody had to find out.
    for node in others:
        assert "the leader is gone" not in node.since(marks[node.name])


def test_a_follower_that_is_told_to_stop_is_not_missed(three):
    for node in three.nodes:
        if not node.running:
            node.start()
            node.unseal()
    three.wait_serving()
    three.wait_members(3)
    leader, follower = three.wait_leader(), three.followers()[0]
    with Writers(three) as writers:
        writers.nodes = [node for node in three.nodes if node is not follower]
        steady(three, writers)
        since = time.monotonic()
        assert follower.terminate() == 0
        steady(three, writers, since)
    assert writers.bad == []
    assert three.wait_leader() is leader
