"""How long writes stand still: the longest gap between good writes of 8 clients that write 100 times a second, spread over
the nodes that are left, in each of many failures of the leader."""

import http.client
import json
import os
import threading
import time

import pytest

from cluster import Cluster

KILLS = int(os.environ.get("COFFER_KILLS", "50"))
STEPS = int(os.environ.get("COFFER_STEPS", "20"))
RESTARTS = int(os.environ.get("COFFER_RESTARTS", "100"))
MINUTES = float(os.environ.get("COFFER_MINUTES", "10"))
CLIENTS, RATE = 8, 100


class Writer(threading.Thread):
    """Writes at its share of the rate to the nodes in turn that are not excluded."""

    def __init__(self, writers, number):
        super().__init__(daemon=True)
        self.writers, self.number, self.connections = writers, number, {}

    def run(self):
        period, turn, due = CLIENTS / RATE, self.number, time.monotonic() + self.number / RATE
        while not self.writers.stopping.is_set():
            nodes = self.writers.nodes
            self.once(nodes[turn % len(nodes)], turn)
            turn += 1
            # After a wait the pace is taken up again, not made up for.
            due = max(due + period, time.monotonic())
            self.writers.stopping.wait(due - time.monotonic())

    def once(self, node, turn):
        try:
            connection = self.connections.get(node.name)
            if connection is None:
                connection = http.client.HTTPSConnection(node.host, node.port, timeout=10, context=self.writers.contexts[node.name])
                self.connections[node.name] = connection
            connection.request("POST", f"/v1/plain/w{self.number}", json.dumps({"turn": str(turn)}),
                               {"X-Vault-Token": node.root})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 204:
                self.writers.good.append(time.monotonic())
            else:
                self.writers.bad.append((answer.status, node.name))
        except (OSError, http.client.HTTPException) as error:
            self.connections.pop(node.name, None)
            self.writers.bad.append((type(error).__name__, node.name))


class Writers:
    def __init__(self, cluster):
        self.nodes, self.good, self.bad, self.stopping = list(cluster.nodes), [], [], threading.Event()
        self.contexts = {node.name: node.context() for node in cluster.nodes}

    def __enter__(self):
        self.threads = [Writer(self, number) for number in range(CLIENTS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(15)

    def gap(self, since, until):
        moments = [since, *sorted(m for m in list(self.good) if since < m < until), until]
        return max(after - before for before, after in zip(moments, moments[1:]))


@pytest.fixture
def cluster(binary, tmp_path):
    with Cluster(binary, tmp_path) as cluster:
        cluster.up()
        cluster[1].good("POST", "/v1/sys/mounts/plain", {"type": "kv"})
        yield cluster


def shown(name, gaps):
    gaps = sorted(gaps)
    at = lambda share: gaps[min(len(gaps) - 1, int(share * len(gaps)))] * 1000
    print(f"\n{name}: {len(gaps)} times, p50 {at(0.5):.0f} ms, p90 {at(0.9):.0f} ms, max {gaps[-1] * 1000:.0f} ms")
    return at(0.9) / 1000


def measure(cluster, times, fail, mend):
    """The gap of each failure of the leader; the clients write to the survivors alone."""
    gaps = []
    with Writers(cluster) as writers:
        for _ in range(times):
            cluster.wait_serving(cluster.nodes)
            cluster.wait_members(3)
            leader = cluster.wait_leader()
            writers.nodes = fail.survivors(cluster, leader)
            count = len(writers.good)
            cluster.wait_for(lambda: len(writers.good) > count + 50, "a steady load")
            since = time.monotonic()
            fail(leader)
            cluster.wait_for(lambda: sum(m > since for m in writers.good[-500:]) > 60 and time.monotonic() > since + 1,
                             "writes again", 60)
            gaps.append(writers.gap(since, time.monotonic()))
            mend(cluster, leader)
    kinds = {}
    for kind, node in writers.bad:
        kinds[kind] = kinds.get(kind, 0) + 1
    print(f"{len(writers.good)} good writes, others: {kinds}")
    return gaps


def others(cluster, leader):
    return [node for node in cluster.nodes if node is not leader]


def everyone(cluster, leader):
    return list(cluster.nodes)


def kill(leader):
    leader.kill9()


def step_down(leader):
    leader.good("POST", "/v1/sys/step-down", {})


def terminate(leader):
    assert leader.terminate() == 0


kill.survivors, terminate.survivors, step_down.survivors = others, others, everyone


def again(cluster, node):
    if not node.running:
        node.start()
        node.unseal()


def test_kill_nine_of_the_leader(cluster):
    assert shown("kill -9 of the leader", measure(cluster, KILLS, kill, again)) < 1


def test_step_down(cluster):
    assert shown("step-down", measure(cluster, STEPS, step_down, again)) < 0.15


def test_sigterm_of_the_leader(cluster):
    assert shown("SIGTERM of the leader", measure(cluster, STEPS, terminate, again)) < 0.15


def term(cluster):
    answer = cluster.wait_leader().good("GET", "/v1/sys/storage/raft/autopilot/state")
    return max(server["last_term"] for server in answer["data"]["servers"].values())


def test_restarts_of_followers_cause_no_election(cluster):
    leader, before = cluster.wait_leader(), term(cluster)
    with Writers(cluster) as writers:
        for number in range(RESTARTS):
            follower = others(cluster, leader)[number % 2]
            writers.nodes = others(cluster, follower)
            follower.kill9() if number % 4 < 2 else follower.terminate()
            follower.start()
            if number % 3 != 2 or number >= RESTARTS - 2:
                follower.unseal()
            count = len(writers.good)
            cluster.wait_for(lambda: len(writers.good) > count + 10, "writes go on")
    assert cluster.wait_leader() is leader and term(cluster) == before
    print(f"\n{RESTARTS} restarts of followers, {len(writers.good)} good writes, term {before} as before")


def test_far_apart_without_an_election(binary, tmp_path):
    """80 ms round trip between node 1 and the two others: the guide's configuration, unchanged."""
    with Cluster(binary, tmp_path, links=True) as cluster:
        cluster.links.delay(1, 2, 0.04)
        cluster.links.delay(1, 3, 0.04)
        cluster.start()
        cluster.initialise(cluster[2])
        for node in (cluster[2], cluster[1], cluster[3]):
            node.unseal()
        cluster.wait_members(3, timeout=60)
        cluster[2].good("POST", "/v1/sys/mounts/plain", {"type": "kv"})
        leader, before = cluster.wait_leader(), term(cluster)
        with Writers(cluster) as writers:
            end = time.monotonic() + 60 * MINUTES
            cluster.wait_for(lambda: time.monotonic() > end, "the time is over", 60 * MINUTES + 60)
        assert term(cluster) == before and cluster.wait_leader() is leader
        assert len(writers.good) > 60 * MINUTES * RATE / 4
        print(f"\n{MINUTES} minutes at 80 ms, {len(writers.good)} good writes, {len(writers.bad)} others, term {before} as before")
