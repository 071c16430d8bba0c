"""Members that come, go and die; and recovery when too many are gone."""

import subprocess

import pytest

from cluster import ACTIVE, REMOVED, SEALED, Cluster


def write(node, value):
    assert node.request("POST", "/v1/cubbyhole/k", {"v": value}).status == 204


def read(node):
    return node.good("GET", "/v1/cubbyhole/k")["data"]["v"]


def survives(binary, tmp_path, size, deaths):
    with Cluster(binary, tmp_path, size) as cluster:
        cluster.up()
        cluster.wait_members(size)
        write(cluster.wait_leader(), "kept")
        for _ in range(deaths):
            cluster.wait_leader().kill9()
            assert cluster.wait_for(lambda: cluster.leader(), "another leads")
        leader = cluster.wait_leader()
        assert read(leader) == "kept"
        write(leader, "new")


def test_five_nodes_survive_two_deaths(binary, tmp_path):
    survives(binary, tmp_path, 5, 2)


def test_seven_nodes_survive_three_deaths(binary, tmp_path):
    survives(binary, tmp_path, 7, 3)


@pytest.fixture
def three(binary, tmp_path):
    with Cluster(binary, tmp_path) as cluster:
        cluster.up()
        cluster.wait_members(3)
        yield cluster


def test_the_leader_is_removed_and_knows_it(three):
    leader = three.wait_leader()
    assert leader.request("POST", "/v1/sys/storage/raft/remove-peer", {"server_id": leader.name}).status == 204
    three.wait_for(lambda: leader.health() == REMOVED, "it knows")
    others = [node for node in three.nodes if node is not leader]
    three.wait_for(lambda: any(node.health() == ACTIVE for node in others), "another leads")
    answer = three.wait_leader(others).good("GET", "/v1/sys/storage/raft/configuration")
    assert len(answer["data"]["config"]["servers"]) == 2
    assert any("even number of voters (2)" in warning for warning in answer["warnings"])


def test_a_wiped_node_takes_its_own_place(three):
    follower = three.followers()[0]
    write(three.wait_leader(), "kept")
    follower.kill9()
    follower.wipe()
    follower.start()
    follower.unseal()
    three.wait_members(3)
    assert len(three.members()) == 3


def test_one_is_left_and_recovers_the_cluster(three, binary):
    last = three.wait_leader()
    write(last, "kept")
    for node in three.nodes:
        node.kill9()
    command = [binary, "operator", "raft", "recover", f"-config={last.config}", f"-keep={last.name}"]
    refused = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=last.environment())
    assert refused.returncode == 1 and "add -yes" in refused.stderr, refused
    done = subprocess.run([*command, "-yes"], capture_output=True, text=True, env=last.environment())
    assert done.returncode == 0 and "Recovered. Start the server." in done.stdout, done
    last.start()
    last.unseal()
    three.wait_for(lambda: last.health() == ACTIVE, "it leads")
    assert read(last) == "kept"
    running = subprocess.run([*command, "-yes"], capture_output=True, text=True, env=last.environment())
    assert running.returncode == 1 and "in use by another process" in running.stderr, running
    # Those that were lost come back, and elect one of themselves: they are told that they are out, and join again.
    others = [node for node in three.nodes if node is not last]
    for node in others:
        node.start()
    for node in others:
        three.wait_for(lambda: node.health() == REMOVED, f"{node.name} knows that it is out", 60)
    for node in others:
        assert node.join(last).json == {"joined": True}
        three.wait_for(lambda: node.health() == SEALED, f"{node.name} has started anew")
        node.unseal()
    three.wait_members(3)
    assert all(read(node) == "kept" for node in three.nodes)
