"""What is usual when nodes come, go and come back empty is told once at most: a warning is for what has to be mended."""

from cluster import Cluster


def warnings(node, since=0):
    return [line for line in node.since(since).splitlines() if "[WARN]" in line or "[ERROR]" in line]


def test_joining_warns_of_nothing_and_an_exchanged_data_folder_is_told_once(binary, tmp_path):
    with Cluster(binary, tmp_path, tls=False) as cluster:
        cluster.up()
        cluster.wait_serving()
        for node in cluster.nodes:
            assert not [line for line in warnings(node) if "belongs to no cluster yet" in line]

        wiped = cluster.followers()[0]
        others = [node for node in cluster.nodes if node is not wiped]
        wiped.kill9()
        wiped.wipe()
        marks = {node: node.mark() for node in cluster.nodes}
        wiped.start()
        wiped.unseal()
        cluster.wait_members(3)
        cluster.wait_for(lambda: len(cluster.members()) == 3, "the new incarnation has the place of the old one")
        cluster.wait_serving()
        assert not [line for line in warnings(wiped, marks[wiped]) if "another incarnation" in line]
        for node in others:
            lines = warnings(node, marks[node])
            # That it was away, and that another is in its place.
            for of in ("cannot be connected to", "another incarnation", "belongs to no cluster yet"):
                assert sum(of in line for line in lines) <= 1, lines
