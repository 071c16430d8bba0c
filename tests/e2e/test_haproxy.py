"""A balancer that only tries TCP in front of three nodes: HAProxy with the guide's block as it stands, and the front proxy
with the same. Its checks leave no trace in the nodes' logs, and no request fails because of a node that stops or is back
and still sealed."""

import contextlib
import json
import re
import shutil
import socket
import ssl
import struct
import subprocess
import time
import urllib.request

import pytest

from cluster import API, SEALED, Cluster
from harness import DEADLINE, ROOT
from probe import Probe

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
GUIDES_NODES = ("192.168.1.10", "10.0.1.20", "10.0.1.30")
STATUS = 8404
# Of each probe.
CLIENTS = 3
CHECKS = 'check { type = "tcp" inter = "5s" fall = 3 rise = 2 }'


class Balancer:
    """At port 8200 of an address of the cluster's own network, as vault.example.com is in the guide."""

    def __init__(self, cluster, folder, number):
        self.cluster, self.folder = cluster, folder
        self.host = f"{cluster.network}.{number}"
        self.log_path = folder / f"{type(self).__name__}.log"

    def __enter__(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                socket.create_connection((self.host, API), DEADLINE).close()
                return self
            except OSError:
                assert self.process.poll() is None, self.log_path.read_text()
                assert time.monotonic() < deadline, "the balancer does not listen"
                # There is no event for a port of another process.
                time.sleep(0.01)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(DEADLINE)
        self.log.close()

    def probe(self):
        return Probe(f"https://{self.host}:{API}/v1/secret/data/test", self.cluster.authority.ca, self.cluster.root, CLIENTS)


class HaProxy(Balancer):
    """docker/haproxy/haproxy.cfg with these nodes' addresses for the guide's."""

    def command(self):
        text = (ROOT / "docker" / "haproxy" / "haproxy.cfg").read_text()
        for guides, node in zip(GUIDES_NODES, self.cluster.nodes):
            assert f"{guides}:8200 check inter 5s fall 3 rise 2" in text
            text = text.replace(f"{guides}:8200", f"{node.host}:{node.port}")
        file = self.folder / "haproxy.cfg"
        file.write_text(text.replace("bind *:8200", f"bind {self.host}:{API}"))
        return [HAPROXY, "-db", "-f", str(file)]

    def served(self, node):
        """How many connections have come to that node."""
        return self.log_path.read_text().count(f"vault_backend/{node.name} ")


class Front(Balancer):
    """The front proxy with the same checks."""

    def command(self):
        servers = "".join(f'server "{n.name}" {{ address = "{n.host}:{n.port}" }}\n' for n in self.cluster.nodes)
        file = self.folder / "front.hcl"
        file.write_text(f'frontend "f" {{\n bind = "{self.host}:{API}"\n backend = "b"\n}}\n'
                        f'backend "b" {{\n balance = "roundrobin"\n {CHECKS}\n {servers}}}\n'
                        f'status {{\n address = "{self.host}:{STATUS}"\n}}\n')
        return [self.cluster.binary, "front", f"-config={file}"]

    def served(self, node):
        with urllib.request.urlopen(f"http://{self.host}:{STATUS}/status.json", timeout=DEADLINE) as answer:
            servers = {s["name"]: s for b in json.load(answer)["backends"] for s in b["servers"]}
        return servers[node.name]["connections_total"]


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    """Three nodes, and before them both balancers; without HAProxy where it is not installed."""
    folder = tmp_path_factory.mktemp("balanced")
    with Cluster(binary, folder, shares=3, threshold=2) as cluster, contextlib.ExitStack() as balancers:
        kinds = [Front, HaProxy] if HAPROXY else [Front]
        made = [kind(cluster, folder, number) for number, kind in enumerate(kinds, 4)]
        for node in cluster.nodes:
            # Their addresses are in every node's certificate, as the guide wants the balancer's name there.
            hosts = [node.host, *(balancer.host for balancer in made)]
            node.certificates = cluster.authority.issue(folder / node.name, f"{node.name}.example.com", hosts)
        cluster.up()
        leader = cluster.wait_leader()
        leader.good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        # A mount of version 2 is made ready behind the answer.
        cluster.wait_for(lambda: leader.request("POST", "/v1/secret/data/test", {"data": {"password": "s3cr3t"}}).status == 200,
                         "secret/test")
        cluster.balancers = [balancers.enter_context(balancer) for balancer in made]
        yield cluster


@contextlib.contextmanager
def asked_through(cluster):
    """Clients ask through every balancer meanwhile; gives the probes."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(balancer.probe()) for balancer in cluster.balancers]
        yield probes
    for balancer, asked in zip(cluster.balancers, probes):
        print(f"{type(balancer).__name__}: {asked} {asked.failed}")


def some_more(probes, count=25):
    """Until each has so many more good answers."""
    wanted, deadline = [len(asked.good) + count for asked in probes], time.monotonic() + DEADLINE
    while any(len(asked.good) < n for asked, n in zip(probes, wanted)):
        assert time.monotonic() < deadline, [asked.report() for asked in probes]
        # What the clients have met is told by looking.
        time.sleep(0.02)


def bare_check(node, how):
    connection = socket.create_connection((node.host, node.port), DEADLINE)
    if how == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_bare_checks_leave_no_trace(cluster):
    """HAProxy ends its checks by a reset; others by a close."""
    marks = [node.mark() for node in cluster.nodes]
    for node in cluster.nodes:
        for how in ["reset", "close"] * 20:
            bare_check(node, how)
    # Every node has seen them all: it has answered a request that came after them.
    for node, mark in zip(cluster.nodes, marks):
        node.good("GET", "/v1/sys/leader", token=None)
        assert node.since(mark) == "", f"{node.name} tells of bare connections"


def the_one(cluster, who):
    leader = cluster.wait_leader()
    return leader if who == "leader" else cluster.followers()[0]


@pytest.mark.parametrize("who", ["follower", "leader"])
def test_a_node_stops_and_is_back_sealed(cluster, who):
    """SIGTERM, as `docker-compose down` sends it; then it runs again and nobody has unsealed it yet."""
    node = the_one(cluster, who)
    with asked_through(cluster) as probes:
        some_more(probes)
        assert node.terminate() == 0
        some_more(probes)
        cut_off = [len(asked.failed) for asked in probes]
        node.start()
        before = [balancer.served(node) for balancer in cluster.balancers]
        some_more(probes, 40)
        after = [balancer.served(node) for balancer in cluster.balancers]
        assert node.health() == SEALED
    assert all(b < a for b, a in zip(before, after)), "the sealed node was among those asked"
    for asked, lost in zip(probes, cut_off):
        assert len(asked.failed) == lost and asked.longest_gap < 5, asked.report()
        # Between the last look at the kernel's queue and its end there is no time, but a balancer can hit it.
        assert lost <= 1, asked.report()
    node.unseal()


@pytest.mark.parametrize("who", ["follower", "leader"])
def test_a_node_is_killed(cluster, who):
    """Only what the node was just answering is lost."""
    node = the_one(cluster, who)
    with asked_through(cluster) as probes:
        some_more(probes)
        node.kill9()
        cluster.wait_leader()
        some_more(probes)
    for asked in probes:
        assert len(asked.failed) <= CLIENTS and asked.longest_gap < 5, asked.report()
    node.start()
    node.unseal()


def test_who_has_just_connected_is_answered_by_a_server_that_stops(cluster):
    """A balancer has chosen the node before it stops: in the handshake, or with a request that is still to come."""
    node = cluster.followers()[0]
    shaken = node.context().wrap_socket(socket.create_connection((node.host, node.port), DEADLINE), server_hostname=node.host)
    begun = ssl.MemoryBIO(), ssl.MemoryBIO()
    in_handshake = socket.create_connection((node.host, node.port), DEADLINE)
    half_way = node.context().wrap_bio(*begun, server_hostname=node.host)
    with pytest.raises(ssl.SSLWantReadError):
        half_way.do_handshake()
    first_flight = begun[1].read()
    in_handshake.sendall(first_flight[:50])
    mark = node.mark()
    node.process.terminate()
    cluster.wait_for(lambda: "shutdown asked for" in node.since(mark), "it stops")
    in_handshake.sendall(first_flight[50:])
    for connection in (shaken, finish(in_handshake, half_way, *begun)):
        connection.sendall(b"GET /v1/sys/seal-status HTTP/1.1\r\nHost: vault\r\n\r\n")
        head = connection.recv(65536).decode()
        assert head.startswith("HTTP/1.1 200") and re.search(r"^connection: close", head, re.I | re.M), head
    assert node.process.wait(DEADLINE) == 0
    node.start()
    node.unseal()


def finish(raw, tls, incoming, outgoing):
    """The rest of the handshake; gives what can be written to and read from."""
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            raw.sendall(outgoing.read())
            incoming.write(raw.recv(65536))
    raw.sendall(outgoing.read())

    class Stream:
        def sendall(self, data):
            tls.write(data)
            raw.sendall(outgoing.read())

        def recv(self, size):
            while True:
                try:
                    return tls.read(size)
                except ssl.SSLWantReadError:
                    incoming.write(raw.recv(65536))

    return Stream()
