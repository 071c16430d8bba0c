"""What nodes cost that have nothing to do: a loop that waits for nothing would take a processor for itself."""

import os
import pathlib
import time

import pytest

from cluster import Cluster

TICK = os.sysconf("SC_CLK_TCK")
# Seconds that are looked at, and the part of one processor that a node may take in them. With heartbeats, pulses and looks at
# the disk it takes a fiftieth in a debug build; a loop that does not wait takes all that it gets.
WATCHED, PART = 5, 0.1


def processor_seconds(node):
    fields = pathlib.Path(f"/proc/{node.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@pytest.mark.parametrize("size", [1, 3])
def test_idle_nodes_rest(binary, tmp_path, size):
    with Cluster(binary, tmp_path, size, tls=False) as cluster:
        cluster.up()
        cluster.wait_serving()
        before = [processor_seconds(node) for node in cluster.nodes]
        time.sleep(WATCHED)
        used = [processor_seconds(node) - was for node, was in zip(cluster.nodes, before)]
        print(f"{WATCHED} s at rest took {used} s of a processor")
        assert max(used) < WATCHED * PART, used
