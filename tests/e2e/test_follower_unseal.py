"""After a restart of all nodes the leader opens the others once it is unsealed; after a restart of one nobody does."""

import json
import time

import pytest

from cluster import ACTIVE, SEALED, STANDBY, Cluster

SHARES, THRESHOLD = 3, 2
OPEN = 40


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    """One for all tests: each begins with a restart of all."""
    with Cluster(binary, tmp_path_factory.mktemp("opened"), shares=SHARES, threshold=THRESHOLD) as cluster:
        cluster.threshold = THRESHOLD
        yield cluster.up()


def lose_power(cluster):
    for node in cluster.nodes:
        node.kill9()


def all_sealed(cluster):
    cluster.start()
    for node in cluster.nodes:
        assert node.health() == SEALED, node.output()


def unseal_by_hand(cluster, node):
    node.give_keys()
    cluster.wait_for(lambda: node.health() == ACTIVE, "the node unsealed by hand leads", OPEN)


def wait_logged(cluster, node, mark, text):
    cluster.wait_for(lambda: text in node.since(mark), f"{node.name} logs {text!r}", OPEN)


def enable_audit(cluster, name):
    """A file beside each node's data: the path is relative to the process's folder."""
    body = {"type": "file", "options": {"file_path": f"{name}.log"}}
    cluster.wait_leader().good("PUT", f"/v1/sys/audit/{name}", body)


def ceremony_lines(node, name):
    lines = [json.loads(line) for line in (node.folder / f"{name}.log").read_text().splitlines()]
    return [line["request"]["data"] for line in lines if line["request"]["path"] == "sys/follower-unseal"]


def test_a_single_restarted_node_stays_sealed(cluster):
    leader, node = cluster.wait_leader(), cluster.followers()[0]
    mark = leader.mark()
    node.kill9()
    node.start()
    # Longer than it takes after a restart of all.
    until = time.monotonic() + 7
    while time.monotonic() < until:
        assert node.seal_status()["sealed"]
        time.sleep(0.2)
    assert "opened a follower" not in leader.since(mark)
    node.unseal()
    assert "unsealed_by" not in node.seal_status()


def test_after_a_restart_of_all_one_is_unsealed_by_hand(cluster):
    enable_audit(cluster, "first")
    cluster.wait_leader().good("POST", "/v1/cubbyhole/a", {"value": "before"})
    lose_power(cluster)
    all_sealed(cluster)
    first, others = cluster[2], [cluster[1], cluster[3]]
    unseal_by_hand(cluster, first)
    assert first.good("GET", "/v1/cubbyhole/a")["data"]["value"] == "before"
    cluster.wait_for(lambda: all(node.health() == STANDBY for node in others), "the others are opened", OPEN)
    for node in others:
        status = node.seal_status()
        assert (status["unsealed_by"], status["unseal_epoch"], status["unsealed_from"]) == ("peer", 1, first.name)
    assert "unsealed_by" not in first.seal_status()
    # Every grant is in the audit log of the one that gave it.
    told = ceremony_lines(first, "first")
    assert told[0]["action"] == "open" and set(told[0]["nodes"]) == {node.name for node in others}
    assert {line["node"] for line in told if line["action"] == "grant"} == {node.name for node in others}


def test_one_that_was_opened_so_is_whole(cluster):
    """As leader it reads and writes, rotates, answers a join, saves a snapshot, rekeys and makes a root token."""
    former = cluster.wait_leader()
    former.kill9()
    others = [node for node in cluster.nodes if node is not former]
    leader = cluster.wait_leader(others, OPEN)
    assert leader.good("GET", "/v1/cubbyhole/a")["data"]["value"] == "before"
    leader.good("POST", "/v1/cubbyhole/b", {"value": "after"})
    leader.good("POST", "/v1/sys/rotate")
    former.wipe()
    former.joins = False
    former.start()
    former.join(leader)
    former.unseal()
    former.joins = True
    assert former.good("GET", "/v1/cubbyhole/b")["data"]["value"] == "after"
    snapshot = leader.request("GET", "/v1/sys/storage/raft/snapshot")
    assert snapshot.status == 200 and len(snapshot.body) > 1000
    begun = leader.good("PUT", "/v1/sys/rekey/init", {"secret_shares": SHARES, "secret_threshold": THRESHOLD}, token=None)
    for key in cluster.keys[:THRESHOLD]:
        step = leader.good("PUT", "/v1/sys/rekey/update", {"key": key, "nonce": begun["nonce"]}, token=None)
    assert step["complete"]
    cluster.keys = step["keys_base64"]
    begun = leader.good("PUT", "/v1/sys/generate-root/attempt", {}, token=None)
    for key in cluster.keys[:THRESHOLD]:
        step = leader.good("PUT", "/v1/sys/generate-root/update", {"key": key, "nonce": begun["nonce"]}, token=None)
    assert step["complete"]
    cluster.wait_members(3)


def test_a_voter_that_boots_late_is_waited_for(cluster):
    # A node that an earlier test has wiped votes again, in the place of what it was.
    cluster.wait_members(len(cluster.nodes))
    lose_power(cluster)
    first, second, late = cluster.nodes
    cluster.start([first, second])
    mark = first.mark()
    unseal_by_hand(cluster, first)
    wait_logged(cluster, first, mark, "the other nodes cannot be opened yet")
    assert second.seal_status()["sealed"], "not before every voter has said that it is sealed"
    late.start()
    cluster.wait_for(lambda: second.health() == STANDBY and late.health() == STANDBY, "both are opened", OPEN)


def test_no_node_is_opened_while_one_was_not_restarted(cluster):
    leader = cluster.wait_leader()
    one, other = cluster.followers()
    for node in (one, other):
        node.kill9()
    cluster.start([one, other])
    mark = one.mark()
    one.give_keys()
    wait_logged(cluster, one, mark, "is not sealed, so not all nodes were restarted")
    # That it is restarted afterwards makes no restart of all of it.
    leader.kill9()
    leader.start()
    cluster.wait_for(lambda: one.health() == ACTIVE, "it leads", OPEN)
    assert other.seal_status()["sealed"] and leader.seal_status()["sealed"]
    assert "all voters are sealed" not in one.since(mark)


def test_followers_can_be_left_sealed(cluster):
    lose_power(cluster)
    all_sealed(cluster)
    first, mark = cluster[1], cluster[1].mark()
    first.good("PUT", "/v1/sys/unseal", {"key": cluster.keys[0]}, token=None)
    first.good("PUT", "/v1/sys/unseal", {"key": cluster.keys[1], "followers": False}, token=None)
    wait_logged(cluster, first, mark, "the other nodes are left sealed")
    assert all(node.seal_status()["sealed"] for node in (cluster[2], cluster[3]))


def test_a_grant_is_not_given_when_a_device_cannot_take_it(cluster):
    lose_power(cluster)
    first = cluster[1]
    # A folder where the file was.
    (first.folder / "first.log").rename(first.folder / "kept.log")
    (first.folder / "first.log").mkdir()
    all_sealed(cluster)
    mark = first.mark()
    unseal_by_hand(cluster, first)
    wait_logged(cluster, first, mark, "the other nodes cannot be opened yet: no audit device succeeded")
    assert all(node.seal_status()["sealed"] for node in (cluster[2], cluster[3]))
    (first.folder / "first.log").rmdir()


def test_off_is_off(cluster):
    lose_power(cluster)
    cluster.extra = 'follower_unseal = "off"'
    all_sealed(cluster)
    mark = cluster[1].mark()
    unseal_by_hand(cluster, cluster[1])
    wait_logged(cluster, cluster[1], mark, "follower_unseal is off")
    assert all(node.seal_status()["sealed"] for node in (cluster[2], cluster[3]))
    cluster.extra = ""


def test_sealed_by_command_is_not_opened_again(cluster):
    lose_power(cluster)
    all_sealed(cluster)
    for node in cluster.nodes:
        node.unseal()
    sealed = cluster.wait_leader()
    sealed.good("PUT", "/v1/sys/seal")
    rest = [node for node in cluster.nodes if node is not sealed]
    cluster.wait_leader(rest, OPEN)
    # With the one that was sealed, all voters are sealed now.
    for node in rest:
        node.kill9()
    cluster.start(rest)
    rest[0].give_keys()
    cluster.wait_for(lambda: rest[1].health() == STANDBY, "the one that was restarted is opened", OPEN)
    assert sealed.seal_status()["sealed"]
