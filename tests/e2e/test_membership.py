"""Members that come, go and die; and recovery when too many are gone."""

import subprocess

import pytest

from cluster import ACTIVE, REMOVED, SEALED, STANDBY, Cluster


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


def moves(node, cluster):
    """Its machine has another address from now on."""
    node.stop()
    node.port, node.cluster_port = node.port + 1000, node.cluster_port + 1000
    node.start()
    node.unseal()

    def known():
        server = cluster.wait_leader().raft_configuration().get(node.name)
        return server and server["address"] == node.cluster_address

    assert cluster.wait_for(known, "its new address is known")


def test_nodes_that_moved_are_found_where_they_are(three):
    """cluster_addr and api_addr of a member are its configuration's, also after that was changed."""
    write(three.wait_leader(), "before")
    follower, other = three.followers()
    moves(follower, three)
    nodes = three.wait_leader().good("GET", "/v1/sys/ha-status")["nodes"]
    assert {node["api_address"] for node in nodes} == {node.address for node in three.nodes}
    # The one that moved counts: with another dead, nothing is committed without it.
    other.kill9()
    write(three.wait_leader(), "moved")
    other.start()
    other.unseal()
    leader = three.wait_leader()
    moves(leader, three)
    write(three.wait_leader(), "all moved")
    standby = next(node for node in three.nodes if node.health() == STANDBY)
    assert standby.good("GET", "/v1/sys/leader")["leader_address"] == three.wait_leader().address
    assert read(standby) == "all moved"


def test_a_member_whose_new_address_leads_nowhere_is_told(three):
    follower = three.followers()[0]
    follower.stop()
    found_at = follower.cluster_address
    follower.claimed = f"{follower.host}:9"
    follower.start()
    follower.unseal()
    leader = three.wait_leader()
    assert three.wait_for(lambda: "is not found where it says it is" in leader.output(), "the leader says so")
    assert leader.raft_configuration()[follower.name]["address"] == found_at
    write(leader, "goes on")


def test_a_leader_without_a_majority_does_not_pass_for_active(three):
    """Checks that ask for health, and people, are told at once, not after a lost election."""
    leader, followers = three.wait_leader(), three.followers()
    for follower in followers:
        follower.kill9()
    assert three.wait_for(lambda: leader.health() == STANDBY, "its health says so")
    refused = leader.request("POST", "/v1/cubbyhole/k", {"v": "x"})
    assert refused.status == 503 and "operator raft recover" in " ".join(refused.errors), refused.errors
    followers[0].start()
    followers[0].unseal()
    write(three.wait_leader(), "again")


def test_removing_nobody_is_told(three):
    answer = three.wait_leader().good("POST", "/v1/sys/storage/raft/remove-peer", {"server_id": "vault9"})
    assert "vault9" in answer["warnings"][0] and "vault1, vault2, vault3" in answer["warnings"][0]
    assert len(three.wait_leader().raft_servers()) == 3


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
