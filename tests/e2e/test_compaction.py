"""A state that was large and is no more: its file shrinks on every node while the cluster serves, and a node killed then has
everything."""

import concurrent.futures

from cluster import Cluster

MIB = 1 << 20
# Below the most that one entry may hold.
VALUE = "v" * (700 << 10)
COUNT = 120
# One of so many stays, so that what is empty lies all over the file: redb itself takes only its end away.
STAYS = 12


def size(node):
    return (node.data / "state.redb").stat().st_size


def test_the_file_shrinks_while_the_cluster_serves(binary, tmp_path):
    with Cluster(binary, tmp_path, tls=False) as cluster:
        cluster.up()
        leader = cluster.wait_leader()
        leader.good("POST", "/v1/sys/mounts/plain", {"type": "kv"})

        def put(number):
            leader.good("POST", f"/v1/plain/large-{number}", {"value": VALUE})
            leader.good("POST", f"/v1/plain/small-{number}", {"value": number})

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(put, range(COUNT)))
            gone = [number for number in range(COUNT) if number % STAYS]
            list(pool.map(lambda number: leader.good("DELETE", f"/v1/plain/large-{number}"), gone))
        assert all(size(node) >= 64 * MIB for node in cluster.nodes), [size(node) for node in cluster.nodes]
        written = []

        def small():
            leader.good("POST", f"/v1/plain/meanwhile-{len(written)}", {"value": len(written)})
            written.append(None)
            return all("made smaller" in node.output() for node in cluster.nodes)

        cluster.wait_for(small, "small files", 120)
        assert all(size(node) < 40 * MIB for node in cluster.nodes), [size(node) for node in cluster.nodes]
        print(f"{len(written)} writes meanwhile; now {[size(node) // 1024 for node in cluster.nodes]} KiB")
        for node in cluster.nodes:
            node.kill9()
        for node in cluster.nodes:
            node.start()
        cluster.unseal()
        cluster.wait_serving()
        for node in cluster.nodes:
            keys = node.good("LIST", "/v1/plain")["data"]["keys"]
            for name, count in (("large", COUNT // STAYS), ("small", COUNT), ("meanwhile", len(written))):
                assert sum(key.startswith(name) for key in keys) == count
            for number in range(0, COUNT, STAYS):
                assert node.good("GET", f"/v1/plain/large-{number}")["data"]["value"] == VALUE
            for name, count in (("small", COUNT), ("meanwhile", len(written))):
                assert node.good("GET", f"/v1/plain/{name}-{count - 1}")["data"]["value"] == count - 1
