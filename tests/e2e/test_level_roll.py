"""A release that knows a higher level is rolled through a cluster under load, and out again."""

import threading

import pytest

from cluster import Cluster

CHANGED = "the cluster's level has changed: level="


@pytest.fixture
def cluster(binary, tmp_path):
    with Cluster(binary, tmp_path, tls=False) as cluster:
        cluster.up()
        cluster.wait_leader().good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
        yield cluster


class Load:
    """Writes a new key every time, through any node that answers, and keeps what was acknowledged."""

    def __init__(self, cluster):
        self.cluster, self.stop, self.acknowledged, self.refused = cluster, threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.write, args=(number,)) for number in range(3)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def write(self, number):
        turn = 0
        while not self.stop.is_set():
            turn += 1
            node = self.cluster.nodes[(number + turn) % 3]
            try:
                status = node.request("PUT", f"/v1/kv/{number}/{turn}", {"n": turn}, timeout=15).status
            except OSError:
                # It is being restarted: a balancer takes another.
                continue
            if status == 204:
                self.acknowledged.append((f"{number}/{turn}", turn))
            else:
                self.refused += 1

    def wait_more(self, count=20):
        at = len(self.acknowledged) + count
        self.cluster.wait_for(lambda: len(self.acknowledged) >= at, f"{count} more writes")


def level(node):
    """That in force, as the node has told it."""
    told = node.log_path.read_text().rsplit(CHANGED, 1)
    return int(told[1].split(None, 1)[0]) if len(told) == 2 else 1


def exchange(cluster, node, level):
    """Another release in its place, as the guide has it: stop, start, unseal."""
    node.variables["COFFER_TEST_LEVEL"] = str(level)
    assert node.terminate() == 0, node.output()
    node.start()
    node.unseal()
    cluster.wait_serving()


def test_a_higher_level_is_rolled_in_and_out(cluster):
    with Load(cluster) as load:
        # The leader last.
        order = [*cluster.followers(), cluster.wait_leader()]
        for node in order:
            load.wait_more()
            assert [level(other) for other in cluster.nodes] == [1, 1, 1], "not all know it"
            exchange(cluster, node, 2)
        cluster.wait_for(lambda: all(level(node) == 2 for node in cluster.nodes), "level 2 on all")
        load.wait_more()
        # Out again: with the first the level falls, and those of both releases go on together.
        for place, node in enumerate([*cluster.followers(), cluster.wait_leader()]):
            exchange(cluster, node, 1)
            # What a node was told before its start it reads from its state: it tells of changes alone.
            others = [other for other in cluster.nodes if place or other is not node]
            cluster.wait_for(lambda: all(level(other) == 1 for other in others), "level 1")
            load.wait_more()
    for name, value in load.acknowledged:
        assert cluster.wait_leader().good("GET", f"/v1/kv/{name}")["data"] == {"n": value}
    # Leadership was handed over each time: refusals are the exception.
    assert load.refused <= len(load.acknowledged) / 20, (load.refused, len(load.acknowledged))
