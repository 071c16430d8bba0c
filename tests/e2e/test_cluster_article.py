"""The guide's cluster section, command by command: three processes, its certificates, the real command line client."""

import json
import re

import pytest

from cluster import ACTIVE, API, ARTICLE_NETWORK, BEHIND_RELAY, CLUSTER, SEALED, STANDBY, Cluster, can_bind
from harness import reference_binary

EVERYWHERE = [f"{ARTICLE_NETWORK}.{n}" for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    """Its three nodes at 127.0.1.1, .2 and .3 with the usual ports, or elsewhere where somebody has those."""
    free = all(can_bind(host, API, CLUSTER, BEHIND_RELAY) for host in EVERYWHERE)
    net = ARTICLE_NETWORK if free else None
    with Cluster(binary, tmp_path_factory.mktemp("article"), net=net, shares=5, threshold=3) as cluster:
        yield cluster


def on(node):
    """`docker exec vault vault ...` on that node's machine."""
    return node.cli(reference_binary())


def peers(node):
    """The table of list-peers as {node: (address, state, voter)}."""
    lines = on(node).run("operator", "raft", "list-peers").stdout.splitlines()
    assert re.split(r"\s{2,}", lines[0].strip()) == ["Node", "Address", "State", "Voter"]
    rows = [line.split() for line in lines[2:] if line.strip()]
    return {row[0]: tuple(row[1:]) for row in rows}


def unseal_by_hand(node):
    for count, key in enumerate(node.keys[:3], 1):
        status = on(node).json("operator", "unseal", key, token=None)
        assert status["initialized"] and (status["t"], status["n"]) == (3, 5)
        assert status["progress"] == count % 3


# The tests of this file are one story, in its order.


def test_initialise_the_leader(cluster):
    """On node 2. Nodes 1 and 3 are not up yet."""
    node = cluster[2]
    node.start()
    status = on(node).run("status", check=False, token=None)
    assert status.returncode == 2 and re.search(r"Initialized\s+false", status.stdout)
    made = on(node).json("operator", "init", token=None)
    assert len(made["unseal_keys_b64"]) == 5 and made["unseal_threshold"] == 3
    cluster.keys, cluster.root, cluster.threshold = made["unseal_keys_b64"], made["root_token"], 3
    unseal_by_hand(node)
    status = on(node).run("status").stdout
    assert re.search(r"Sealed\s+false", status) and re.search(r"HA Enabled\s+true", status)
    cluster.wait_for(lambda: re.search(r"HA Mode\s+active", on(node).run("status").stdout), "HA mode active")
    on(node).run("secrets", "enable", "-path=secret", "-version=2", "kv")
    on(node).run("kv", "put", "secret/test", "password=s3cr3t")


@pytest.mark.parametrize("number", [1, 3])
def test_join_a_follower_while_sealed(cluster, number):
    """`operator raft join` before any key is given; then the same keys as at the initialization."""
    node, leader = cluster[number], cluster[2]
    # The retry_join blocks of the guide would have joined by themselves: here the command shall do it.
    node.joins = False
    node.start()
    joined = on(node).run("operator", "raft", "join", leader.address, token=None).stdout
    assert re.search(r"Joined\s+true", joined), joined
    status = on(node).json("status", check=False, token=None)
    assert status["initialized"] and status["sealed"] and (status["t"], status["n"]) == (3, 5)
    assert on(node).json("operator", "raft", "join", leader.address, token=None)["joined"], "joining is idempotent"
    unseal_by_hand(node)
    cluster.wait_for(lambda: node.health() == STANDBY, f"{node.name} is a standby")
    status = on(node).run("status").stdout
    assert re.search(r"HA Mode\s+standby", status)
    assert re.search(rf"Active Node Address\s+{re.escape(leader.address)}", status)


def test_list_peers_as_in_the_guide(cluster):
    cluster.wait_members(3)
    wanted = {
        "vault1": (cluster[1].cluster_address, "follower", "true"),
        "vault2": (cluster[2].cluster_address, "leader", "true"),
        "vault3": (cluster[3].cluster_address, "follower", "true"),
    }
    for node in cluster.nodes:
        assert peers(node) == wanted, f"asked of {node.name}"


def test_every_node_answers(cluster):
    for node in cluster.nodes:
        assert on(node).run("kv", "get", "-field=password", "secret/test").stdout.strip() == "s3cr3t"
        on(node).run("kv", "put", "secret/through", f"node={node.name}")
        for other in cluster.nodes:
            assert on(other).run("kv", "get", "-field=node", "secret/through").stdout.strip() == node.name


def test_the_leader_fails(cluster):
    leader = cluster.wait_leader()
    before = leader.raft_configuration()
    assert leader.terminate() == 0, leader.output()
    others = [node for node in cluster.nodes if node is not leader]
    new = cluster.wait_leader(others, timeout=10)
    table = peers(others[0])
    assert table[new.name][1] == "leader" and table[leader.name][1] == "follower"
    assert set(table) == set(before)
    for node in others:
        assert on(node).run("kv", "get", "-field=password", "secret/test").stdout.strip() == "s3cr3t"
        assert on(node).run("status").returncode == 0
    on(others[1]).run("kv", "put", "secret/after", "written=yes")
    leader.start()
    cluster.wait_for(lambda: leader.health() == SEALED, "a single restarted node is sealed")
    unseal_by_hand(leader)
    cluster.wait_for(leader.serves, "it serves again")
    assert on(leader).run("kv", "get", "-field=written", "secret/after").stdout.strip() == "yes"
    assert leader.health() == STANDBY, "it came back as a follower"


def test_a_follower_fails(cluster):
    follower = cluster.followers()[-1]
    follower.kill9()
    leader = cluster.wait_leader()
    assert on(leader).run("kv", "get", "-field=password", "secret/test").stdout.strip() == "s3cr3t"
    on(leader).run("kv", "put", "secret/two", "of=three")
    follower.start()
    unseal_by_hand(follower)
    cluster.wait_serving()
    assert on(follower).run("kv", "get", "-field=of", "secret/two").stdout.strip() == "three"


def test_health_is_what_a_balancer_wants(cluster):
    leader = cluster.wait_leader()
    for node in cluster.nodes:
        assert node.health() == (ACTIVE if node is leader else STANDBY)
        asked = node.request("GET", "/v1/sys/health?standbyok=true", token=None)
        assert asked.status == 200 and asked.json["standby"] == (node is not leader)


def test_metrics_as_the_guide_reads_them(cluster):
    leader = cluster.wait_leader()
    for node in cluster.nodes:
        answer = node.request("GET", "/v1/sys/metrics?format=prometheus")
        assert answer.status == 200
        found = {}
        for line in answer.body.decode().splitlines():
            name = re.match(r"(vault_core_unsealed|vault_core_active|vault_raft_peers|vault_raft_leader)\b[^ ]* ([0-9.]+)$", line)
            if name:
                found[name[1]] = float(name[2])
        own = 1.0 if node is leader else 0.0
        assert found == {"vault_core_unsealed": 1.0, "vault_core_active": own, "vault_raft_peers": 3.0, "vault_raft_leader": 1.0}, node.name


def test_full_restart_needs_the_leader_alone_unsealed(cluster):
    """All three down, as after a power cut; then whichever is unsealed serves, and the others follow by themselves."""
    for node in cluster.nodes:
        node.kill9()
    cluster.start()
    for node in cluster.nodes:
        assert node.health() == SEALED
    chosen = cluster[2]
    unseal_by_hand(chosen)
    cluster.wait_for(lambda: chosen.health() == ACTIVE, "the unsealed node leads")
    assert on(chosen).run("kv", "get", "-field=password", "secret/test").stdout.strip() == "s3cr3t"
    cluster.wait_serving(cluster.nodes)
    for node in cluster.nodes:
        assert json.loads(json.dumps(on(node).json("status")))["sealed"] is False
        assert on(node).run("kv", "get", "-field=password", "secret/test").stdout.strip() == "s3cr3t"


def test_a_single_restarted_node_stays_sealed(cluster):
    follower = cluster.followers()[0]
    follower.restart()
    leader = cluster.wait_leader()
    # Several rounds of whatever could open it: it must have been heard of, and stay sealed.
    mark = leader.good("GET", "/v1/sys/health?perfstandbyok=true", token=None)["server_time_utc"]
    cluster.wait_for(
        lambda: leader.good("GET", "/v1/sys/health", token=None)["server_time_utc"] >= mark + 4, "four seconds pass")
    assert follower.health() == SEALED
    unseal_by_hand(follower)
    cluster.wait_serving()


def test_the_snapshot_of_the_guide(cluster, tmp_path):
    follower = cluster.followers()[0]
    file = tmp_path / "backup.snap"
    on(follower).run("operator", "raft", "snapshot", "save", file)
    assert file.stat().st_size > 0
    on(follower).run("kv", "put", "secret/test", "password=changed")
    on(follower).run("operator", "raft", "snapshot", "restore", "-force", file)
    def restored():
        got = on(follower).run("kv", "get", "-field=password", "secret/test", check=False)
        return got.returncode == 0 and got.stdout.strip() == "s3cr3t"
    cluster.wait_for(restored, "the old value is there again")
    cluster.wait_serving(cluster.nodes)
    assert len(cluster.members()) == 3


def test_started_together_they_join_by_themselves(binary, tmp_path):
    """The guide's configuration file, its retry_join blocks, and no `operator raft join`."""
    with Cluster(binary, tmp_path, shares=5, threshold=3) as cluster:
        cluster.start()
        for node in cluster.nodes:
            assert node.seal_status()["initialized"] is False
        made = on(cluster[2]).json("operator", "init", token=None)
        cluster.keys, cluster.root, cluster.threshold = made["unseal_keys_b64"], made["root_token"], 3
        cluster[2].unseal()
        for node in (cluster[1], cluster[3]):
            node.unseal()
        cluster.wait_members(3)
        assert set(peers(cluster[1])) == {"vault1", "vault2", "vault3"}
        ids = {node.seal_status()["cluster_id"] for node in cluster.nodes}
        assert len(ids) == 1 and ids != {""}
