"""A large store: how long a snapshot, its restore and a new node's way into the cluster take, and what memory they need.

Limits as the product states them: memory within 64 MB of what the node takes idle, plus the store's cache.
Memory is locked, as in production: what is locked goes back to the system less easily.
"""

import asyncio
import json
import os
import pathlib
import time
import urllib.request

import pytest

from cluster import Cluster

ENTRIES = int(os.environ.get("COFFER_ENTRIES", "1000000"))
WRITERS = 128
MIB = 1 << 20
ALLOWED = 64 * MIB
# Of the log and of the state: storage/src/open.rs.
CACHE = (2 + 16) * MIB


def resident(node, which):
    status = pathlib.Path(f"/proc/{node.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(which)).split()[1]) * 1024


class Peaks:
    """The highest resident size of each node during a step."""

    def __init__(self, cluster, name, idle):
        self.cluster, self.name, self.idle = cluster, name, idle

    def __enter__(self):
        for node in self.cluster.running():
            pathlib.Path(f"/proc/{node.pid}/clear_refs").write_text("5")
        self.began = time.monotonic()
        return self

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.began
        peaks = {node.name: resident(node, "VmHWM:") for node in self.cluster.running()}
        shown = ", ".join(f"{name} {peak / MIB:.0f} MiB" for name, peak in peaks.items())
        print(f"\n{self.name}: {took:.1f} s; peak memory {shown} (idle {self.idle / MIB:.0f} MiB)", flush=True)
        if kind is None and self.name != "filling":
            over = {name: peak for name, peak in peaks.items() if peak > self.idle + CACHE + ALLOWED}
            assert not over, f"{self.name}: more memory than allowed: {over}"


async def write_range(node, numbers):
    reader, writer = await asyncio.open_connection(node.host, node.port, ssl=node.context())
    for number in numbers:
        body = json.dumps({"value": f"value-of-{number}", "more": "x" * 32})
        writer.write((f"POST /v1/big/{number // 1000}/{number} HTTP/1.1\r\nHost: {node.host}\r\nX-Vault-Token: {node.root}\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 204"), head + await reader.read(1000)
    writer.close()


async def fill(node, entries):
    numbers = iter(range(entries))
    await asyncio.gather(*(write_range(node, numbers) for _ in range(WRITERS)))


def value(node, number):
    return node.good("GET", f"/v1/big/{number // 1000}/{number}")["data"]["value"]


def save(node, path):
    request = urllib.request.Request(node.address + "/v1/sys/storage/raft/snapshot", headers={"X-Vault-Token": node.root})
    with urllib.request.urlopen(request, context=node.context()) as answer, open(path, "wb") as file:
        while piece := answer.read(MIB):
            file.write(piece)


def restore(node, path):
    headers = {"X-Vault-Token": node.root, "Content-Length": str(path.stat().st_size)}
    with open(path, "rb") as file:
        request = urllib.request.Request(node.address + "/v1/sys/storage/raft/snapshot", file, headers, method="POST")
        with urllib.request.urlopen(request, context=node.context()) as answer:
            assert answer.status == 204


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("million"), locked=True) as cluster:
        cluster.up()
        assert all(resident(node, "VmLck:") for node in cluster.nodes), "memory can't be locked here: run it as root"
        yield cluster


def test_a_large_store(cluster, tmp_path):
    leader = cluster.wait_leader()
    leader.good("POST", "/v1/sys/mounts/big", {"type": "kv"})
    idle = max(resident(node, "VmRSS:") for node in cluster.nodes)
    with Peaks(cluster, "filling", idle):
        asyncio.run(fill(leader, ENTRIES))
    saved = tmp_path / "saved.snap"
    with Peaks(cluster, "snapshot save", idle):
        save(leader, saved)
    print(f"snapshot of {ENTRIES} entries: {saved.stat().st_size / MIB:.0f} MiB")
    leader.good("POST", "/v1/big/0/0", {"value": "changed"})
    with Peaks(cluster, "snapshot restore", idle):
        restore(leader, saved)
        cluster.wait_serving(cluster.nodes, timeout=300)
    assert value(cluster.wait_leader(), 0) == "value-of-0"
    new = cluster.followers()[0]
    new.kill9()
    new.wipe()
    with Peaks(cluster, "a new node catches up", idle):
        new.start()
        new.unseal()
        cluster.wait_members(3, timeout=600)
    cluster.wait_leader().kill9()
    survivor = cluster.wait_leader(timeout=60)
    for number in (0, ENTRIES // 2, ENTRIES - 1):
        assert value(survivor, number) == f"value-of-{number}"
