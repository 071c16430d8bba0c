"""The long form: every fault on every node in turn, rounds of it, under load. `tests/faults/run` starts it."""

import os

import pytest

import faults
from cluster import Cluster
from load import Load

ROUNDS = int(os.environ.get("COFFER_ROUNDS", "3"))
SEED = os.environ.get("COFFER_SEED")
TRAFFIC = int(os.environ.get("COFFER_TRAFFIC", "300"))


@pytest.fixture(scope="module")
def suffering(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("faults"), links=True) as cluster:
        for node in cluster.nodes:
            node.on_small_disk(256)
        cluster.up()
        cluster[1].good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        with Load(cluster, clients=12, seed=SEED and int(SEED)) as load:
            yield cluster, load


@pytest.mark.parametrize("round_", range(ROUNDS))
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", faults.ALL, ids=lambda fault: fault.__name__)
def test_fault(suffering, fault, number, round_):
    cluster, load = suffering
    print(faults.suffer(cluster, load, fault, lambda cluster: cluster[number], TRAFFIC))
