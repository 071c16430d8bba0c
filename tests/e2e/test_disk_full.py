"""A disk that fills up, on the leader and on all nodes: nothing ends, nothing is lost, reads go on, and with room again so do
writes."""

import pytest

from cluster import Cluster


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("disk")) as cluster:
        for node in cluster.nodes:
            node.on_small_disk(48)
        cluster.up()
        cluster[1].good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        yield cluster


def write(node, name):
    assert node, "a node to ask"
    return node.request("POST", f"/v1/secret/data/{name}", {"data": {"name": name}})


def read(node, name):
    answer = node.request("GET", f"/v1/secret/data/{name}")
    return answer.status == 200 and answer.json["data"]["data"]["name"] == name


@pytest.mark.parametrize("leave", [2 << 20, 0], ids=["for_others", "to_the_last_block"])
def test_on_the_leader_another_takes_over(cluster, leave):
    full = cluster.wait_leader()
    write(full, "before")
    full.disk.fill(leave)
    cluster.wait_for(lambda: cluster.leader() not in (None, full), "another leads")
    cluster.wait_for(lambda: write(cluster.leader(), "meanwhile").status == 200, "writes go on")
    assert "the disk is full" in full.output()
    full.disk.relieve()
    cluster.wait_for(lambda: write(full, "after").status == 200 and read(full, "meanwhile"), "it takes part again")
    assert cluster.running() == cluster.nodes


def test_on_all_nodes_writes_are_refused_reads_go_on_and_room_mends_it(cluster):
    cluster.wait_for(lambda: write(cluster.leader(), "held").status == 200, "a leader")
    written = []

    def refused():
        number = len(written)
        answer = write(cluster.leader() or cluster[1], f"filling-{number}")
        if answer.status == 200:
            written.append(number)
        return answer.status >= 500 and "full" in str(answer.body) and answer

    for node in cluster.nodes:
        node.disk.fill()
    answer = cluster.wait_for(refused, "writes are refused")
    print(answer.status, answer.body)
    leader = cluster.wait_leader()
    assert read(leader, "held")
    for node in cluster.nodes:
        node.disk.relieve()
    cluster.wait_for(lambda: write(cluster.leader(), "again").status == 200, "writes are taken again")
    cluster.wait_for(lambda: all(read(node, "again") for node in cluster.nodes), "every node takes part again")
    assert all(read(cluster.leader(), f"filling-{number}") for number in written), "what was acknowledged is there"
    assert cluster.running() == cluster.nodes
