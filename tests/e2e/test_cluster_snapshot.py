"""Snapshots of three nodes: taken and restored through any of them, under load, and over the death of the leader."""

import threading

import pytest

from cluster import Cluster
from harness import Cli, Server, reference_binary

SNAPSHOT = "/v1/sys/storage/raft/snapshot"


@pytest.fixture
def cluster(binary, tmp_path):
    with Cluster(binary, tmp_path, shares=3, threshold=2) as cluster:
        cluster.up()
        cluster.leader().good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        cluster.wait_serving()
        yield cluster


def members(node):
    return {name: (member["address"], member["voter"]) for name, member in node.raft_configuration().items()}


def put(node, name, value):
    node.good("POST", f"/v1/secret/data/{name}", {"data": {"v": value}})


def get(node, name):
    answer = node.request("GET", f"/v1/secret/data/{name}")
    return answer.json["data"]["data"]["v"] if answer.status == 200 else None


def test_any_node_gives_and_takes_a_snapshot_and_all_swap(cluster, binary, tmp_path):
    for round, (giver, taker) in enumerate([(1, 2), (2, 3)]):
        program = reference_binary() if round == 1 else binary
        file = tmp_path / f"{round}.snap"
        put(cluster[giver], "key", f"before {round}")
        Cli(program, cluster[giver]).run("operator", "raft", "snapshot", "save", file)
        put(cluster[taker], "key", f"after {round}")
        before = members(cluster[1])
        Cli(program, cluster[taker]).run("operator", "raft", "snapshot", "restore", file)
        for index in (1, 2, 3):
            assert get(cluster[index], "key") == f"before {round}"
        assert members(cluster[1]) == before
    # A node that only followed leads with it.
    leader = cluster.leader()
    leader.kill9()
    other = cluster.wait_leader(among=[node for node in (cluster[1], cluster[2], cluster[3]) if node is not leader])
    assert get(other, "key") == "before 1"
    put(other, "more", "x")
    leader.start()
    leader.unseal()
    cluster.wait_serving()
    assert get(leader, "more") == "x"


def test_other_keys_seal_every_node_and_each_says_which_it_wants(cluster, binary, tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    source = Server(binary, folder)
    source.start()
    try:
        source.initialise(5, 4)
        source.unseal()
        source.good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        put(source, "key", "elsewhere")
        file = tmp_path / "s.snap"
        Cli(binary, source).run("operator", "raft", "snapshot", "save", file)
    finally:
        source.stop()
    refused = Cli(binary, cluster[3]).run("operator", "raft", "snapshot", "restore", file, check=False)
    assert refused.returncode == 2 and "4 of the 5" in refused.stderr
    assert all(node.serves() for node in (cluster[1], cluster[2], cluster[3]))
    before = members(cluster[1])
    forced = Cli(binary, cluster[3]).run("operator", "raft", "snapshot", "restore", "-force", file)
    assert "4 of the 5 unseal keys" in forced.stderr
    nodes = [cluster[1], cluster[2], cluster[3]]
    cluster.wait_for(lambda: all(node.seal_status()["sealed"] for node in nodes), "all are sealed")
    for node in nodes:
        assert (node.seal_status()["t"], node.seal_status()["n"]) == (4, 5)
        cluster.wait_for(lambda: "it wants 4 of the 5 unseal keys" in node.output(), "it says so")
    cluster.keys, cluster.root, cluster.threshold = source.keys, source.root, 4
    cluster.unseal()
    cluster.wait_serving()
    assert [get(node, "key") for node in nodes] == ["elsewhere"] * 3
    assert members(cluster[1]) == before


def test_the_leader_killed_during_a_restore_leaves_one_state(cluster):
    nodes = [cluster[1], cluster[2], cluster[3]]
    for number in range(200):
        put(nodes[number % 3], f"n{number}", "x" * 5000)
    put(cluster[1], "key", "before")
    snapshot = cluster[1].request("GET", SNAPSHOT).body
    for delay in (0.05, 0.2):
        put(cluster.wait_leader(), "key", "after")
        leader = cluster.leader()
        follower = next(node for node in nodes if node is not leader)
        answers = []

        def send():
            try:
                answers.append(follower.request("POST", SNAPSHOT, snapshot).status)
            except OSError as error:
                answers.append(error)

        sender = threading.Thread(target=send)
        sender.start()
        sender.join(delay)
        leader.kill9()
        sender.join()
        others = [node for node in nodes if node is not leader]
        now = cluster.wait_leader(among=others)
        cluster.wait_serving(others)
        seen = {get(node, "key") for node in others}
        assert len(seen) == 1 and seen <= {"before", "after"}, (seen, answers)
        if answers and answers[0] in (200, 204):
            assert seen == {"before"}
        assert get(now, "n199") == "x" * 5000
        leader.start()
        leader.unseal()
        cluster.wait_serving()
        assert get(leader, "key") in seen
