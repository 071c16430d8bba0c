"""Some of the faults of `tests/faults/run`, each once, on the leader and on a follower: nothing acknowledged is lost, and
what clients saw through all nodes is linearizable."""

import pytest

import faults
from cluster import Cluster
from load import Load

# Good operations before, during and after each fault; the long form asks for more.
TRAFFIC = 40


@pytest.fixture(scope="module")
def suffering(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    with Cluster(binary, folder, links=True) as cluster:
        for node in cluster.nodes:
            node.on_small_disk(48)
        cluster.up()
        cluster[1].good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        with Load(cluster) as load:
            yield cluster, load
        for (node, status, text), count in sorted(load.refusals.items()):
            print(f"{count:5} {node} {status} {text}")


@pytest.mark.parametrize("fault", faults.ALL, ids=lambda fault: fault.__name__)
def test_leader(suffering, fault):
    cluster, load = suffering
    print(faults.suffer(cluster, load, fault, lambda cluster: cluster.wait_leader(), TRAFFIC))


@pytest.mark.parametrize("fault", [faults.paused, faults.wiped, faults.filled], ids=lambda fault: fault.__name__)
def test_follower(suffering, fault):
    cluster, load = suffering
    print(faults.suffer(cluster, load, fault, lambda cluster: cluster.followers()[0], TRAFFIC))
