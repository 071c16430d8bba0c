"""A member's data folder that somebody puts back as it was before: it has lost what it acknowledged. The others go on, and say
so; emptied, it joins again."""

import shutil

from cluster import Cluster


def warnings(node):
    return " ".join(node.good("GET", "/v1/sys/storage/raft/configuration").get("warnings") or [])


def test_the_others_go_on_and_name_it(binary, tmp_path):
    with Cluster(binary, tmp_path) as cluster:
        cluster.up()
        leader = cluster.wait_leader()
        leader.good("POST", "/v1/sys/mounts/plain", {"type": "kv"})
        node, copy = cluster.followers()[0], tmp_path / "copy"
        assert node.terminate() == 0
        shutil.copytree(node.data, copy)
        node.start()
        node.unseal()
        for number in range(20):
            leader.good("POST", f"/v1/plain/{number}", {"number": number})
        cluster.wait_for(lambda: node.good("GET", "/v1/plain/19"), "it has them")
        assert node.terminate() == 0
        shutil.rmtree(node.data)
        shutil.copytree(copy, node.data)
        node.start()
        cluster.wait_for(lambda: "no longer has what it acknowledged" in warnings(leader), "it is named")
        assert node.name in warnings(leader) and "empty its data folder" in warnings(leader)
        leader.good("POST", "/v1/plain/after", {"number": 0})
        assert "panicked" not in leader.output() and "built anew" not in leader.output()
        assert node.terminate() == 0
        node.wipe()
        node.start()
        node.unseal()
        cluster.wait_members(3)
        cluster.wait_for(lambda: "acknowledged" not in warnings(leader), "it is well")
        assert cluster.running() == cluster.nodes
