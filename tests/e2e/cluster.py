"""Clusters of real processes on loopback, each node on an address of its own, with the guide's configuration file.

A cluster takes a loopback network of its own (127.a.b.1, .2, .3 ... with the ports 8200 and 8201), so that any number of
them can be tested side by side. `links=True` puts a relay in front of every cluster port: see `links.py`.
"""

import concurrent.futures
import contextlib
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import time

from cluster_certificates import Authority
from harness import DEADLINE, Cli, Server
from links import Links
from small_disk import SmallDisk

API, CLUSTER, BEHIND_RELAY = 8200, 8201, 8202
ARTICLE_NETWORK = "127.0.1"
# Answers of sys/health that mean: it runs.
ACTIVE, STANDBY, UNINITIALISED, SEALED, REMOVED = 200, 429, 501, 503, 530


def can_bind(host, *ports):
    """Whether nobody listens there, nor on all addresses."""
    try:
        with contextlib.ExitStack() as open_:
            for port in ports:
                s = open_.enter_context(socket.socket())
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((host, port))
        return True
    except OSError:
        return False


def network(size):
    """Three octets of a loopback network nobody uses."""
    while True:
        block = f"127.{random.SystemRandom().randrange(2, 250)}.{random.SystemRandom().randrange(256)}"
        if all(can_bind(f"{block}.{n}", API, CLUSTER, BEHIND_RELAY) for n in range(1, size + 1)):
            return block


class Node(Server):
    """One process of a cluster."""

    def __init__(self, cluster, index, name=None):
        self.cluster, self.index = cluster, index
        self.binary = cluster.binary
        self.name = name or f"vault{index}"
        self.host = f"{cluster.network}.{index}"
        self.port, self.cluster_port = API, CLUSTER
        self.folder = cluster.folder / self.name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.config, self.log_path = self.folder / "config.hcl", self.folder / "server.log"
        self.process, self.disk, self.log, self.paused = None, None, None, False
        # Told apart by tests that want them so.
        self.storage, self.listener, self.extra, self.joins = "", "", "", True
        # As cluster_addr, in place of where it listens.
        self.claimed = None
        # Further variables of the process: SSL_CERT_FILE stands for the system store with the CA in it.
        self.variables = {}
        self.certificates = cluster.certificate(self.name, self.host) if cluster.tls else None

    # What a whole cluster shares.
    @property
    def root(self):
        return self.cluster.root

    @property
    def keys(self):
        return self.cluster.keys

    @property
    def threshold(self):
        return self.cluster.threshold

    @property
    def address(self):
        return f"http{'s' if self.certificates else ''}://{self.host}:{self.port}"

    @property
    def cluster_address(self):
        return f"{self.host}:{self.cluster_port}"

    def write_config(self):
        """The guide's file: the other nodes in retry_join blocks, unless the test joins by hand."""
        joins = ""
        for other in self.cluster.nodes:
            if other is not self and self.joins:
                ca = f'\n    leader_ca_cert_file = "{self.certificates.ca}"' if self.certificates else ""
                joins += f'  retry_join {{\n    leader_api_addr = "{other.address}"{ca}\n  }}\n'
        if self.certificates:
            tls = f'tls_cert_file = "{self.certificates.certificate}"\n  tls_key_file = "{self.certificates.key}"'
        else:
            tls = "tls_disable = true"
        own_port = BEHIND_RELAY if self.cluster.links else self.cluster_port
        self.config.write_text(f"""storage "raft" {{
  path = "{self.data}"
  node_id = "{self.name}"
{joins}{self.storage}
}}
listener "tcp" {{
  address = "{self.host}:{self.port}"
  cluster_address = "{self.host}:{own_port}"
  {tls}
  {self.listener}
}}
api_addr = "{self.address}"
cluster_addr = "https://{self.claimed or self.cluster_address}"
disable_mlock = {"false" if self.cluster.locked else "true"}
ui = true
{self.cluster.extra}
{self.extra}
""")

    def environment(self):
        return {**super().environment(), **self.cluster.variables, **self.variables}

    def start(self, wait=True):
        assert not self.running, f"{self.name} runs already"
        self.write_config()
        self.log = open(self.log_path, "ab")
        prefix = self.disk.prefix if self.disk else []
        self.process = subprocess.Popen([*prefix, self.binary, "server", f"-config={self.config}"], stdout=self.log,
                                        stderr=subprocess.STDOUT, env=self.environment(), cwd=self.folder)
        self.paused = False
        if wait:
            self.wait_answering()

    def wait_answering(self):
        deadline = time.monotonic() + DEADLINE
        while self.health() is None:
            assert self.process.poll() is None, f"{self.name} ended:\n{self.output()}"
            assert time.monotonic() < deadline, f"{self.name} does not answer\n{self.output()}"
            # There is no event for a port of another process.
            time.sleep(0.01)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid if self.running else None

    def health(self, timeout=2):
        """The status of sys/health; None where nobody answers."""
        if not self.running or self.paused:
            return None
        try:
            return self.request("GET", "/v1/sys/health", token=None, timeout=timeout).status
        except (OSError, ssl.SSLError):
            return None

    def seal_status(self):
        return self.good("GET", "/v1/sys/seal-status", token=None)

    def serves(self):
        return self.health() in (ACTIVE, STANDBY)

    # Faults and their ends.

    def kill9(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def terminate(self):
        """SIGTERM; gives the exit status."""
        if not self.running:
            return self.process and self.process.returncode
        self.resume()
        self.process.terminate()
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"{self.name} did not end on SIGTERM\n{self.output()}") from None

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)
        self.paused = True

    def resume(self):
        if self.paused:
            self.process.send_signal(signal.SIGCONT)
            self.paused = False

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def wipe(self):
        """All data gone; the process must have ended."""
        assert not self.running
        if self.disk:
            self.disk.run("find", str(self.data), "-mindepth", "1", "-delete")
        else:
            shutil.rmtree(self.data, ignore_errors=True)

    def restart(self):
        self.terminate()
        self.start()

    def on_small_disk(self, mebibytes):
        """From its next start on, its data lies on a file system of that size."""
        assert not self.running
        self.data.mkdir(exist_ok=True)
        self.disk = SmallDisk(self.data, mebibytes)

    # Steps of an operator.

    def join(self, leader, check=True, **more):
        """`operator raft join`, by the API."""
        body = {"leader_api_addr": leader.address, **more}
        if leader.certificates:
            body.setdefault("leader_ca_cert", leader.certificates.ca.read_text())
        answer = self.request("POST", "/v1/sys/storage/raft/join", body, token=None)
        assert not check or answer.status in (200, 204), f"{self.name}: {answer.status} {answer.body}\n{self.output()}"
        return answer

    def give_keys(self):
        """The threshold's key shares."""
        for key in self.keys[: self.threshold]:
            status = self.good("POST", "/v1/sys/unseal", {"key": key}, token=None)
        return status

    def unseal(self):
        """By hand; waits until it serves, as the active node or a standby."""
        assert self.cluster.wait_for(lambda: self.seal_status()["initialized"], f"{self.name} is initialized")
        self.give_keys()
        self.cluster.wait_for(self.serves, f"{self.name} serves")

    def raft_servers(self):
        """The members as this node tells them; one that is being replaced is there twice."""
        return self.good("GET", "/v1/sys/storage/raft/configuration")["data"]["config"]["servers"]

    def raft_configuration(self):
        """The same by node_id."""
        return {server["node_id"]: server for server in self.raft_servers()}

    def since(self, mark):
        """What it has logged since `mark()`."""
        with open(self.log_path, errors="replace") as log:
            log.seek(mark)
            return log.read()

    def mark(self):
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def cli(self, program):
        return Cli(program, self)


class Cluster:
    """N nodes; `with Cluster(...) as cluster` ends all of them."""

    def __init__(self, binary, folder, size=3, *, tls=True, authority=None, links=False, extra="", variables=None,
                 net=None, shares=1, threshold=1, locked=False):
        self.binary, self.folder, self.tls, self.extra = binary, folder, tls, extra
        self.variables = dict(variables or {})
        self.network = net or network(size + 3)
        self.shares, self.threshold = shares, threshold
        # Whether the nodes' memory is, as in production.
        self.locked = locked
        self.keys, self.root = [], None
        self.authority = authority or (Authority(folder / "ca") if tls else None)
        if tls:
            # The system store of all the machines, with the CA in it.
            self.variables.setdefault("SSL_CERT_FILE", str(self.authority.ca))
        self.links = Links(lambda index: next((n.pid for n in self.nodes if n.index == index), None)) if links else None
        self.nodes = []
        for index in range(1, size + 1):
            self.add(index)

    def add(self, index, name=None):
        """One more node, not started."""
        node = Node(self, index, name)
        self.nodes.append(node)
        if self.links and index not in self.links.targets:
            self.links.add(index, (node.host, CLUSTER), (node.host, BEHIND_RELAY))
        return node

    def certificate(self, name, host, **more):
        return self.authority.issue(self.folder / name, f"{name}.example.com", [host], ["vault.example.com"], **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __getitem__(self, index):
        """By number, from 1, as the guide counts."""
        return self.nodes[index - 1]

    # From nothing to a cluster.

    def up(self):
        """All started; the first initialised and unsealed, the others joined by their retry_join and unsealed."""
        self.start()
        self.initialise(self.nodes[0])
        self.nodes[0].unseal()
        for node in self.nodes[1:]:
            node.unseal()
        self.wait_members(len(self.nodes))
        return self

    def start(self, nodes=None):
        nodes = list(nodes or self.nodes)
        for node in nodes:
            node.start(wait=False)
        for node in nodes:
            node.wait_answering()

    def initialise(self, node):
        body = {"secret_shares": self.shares, "secret_threshold": self.threshold}
        made = node.good("POST", "/v1/sys/init", body, token=None)
        self.keys, self.root = made["keys_base64"], made["root_token"]
        return made

    def stop(self):
        """Ends every process and checks nothing."""
        for node in self.nodes:
            if node.running:
                node.resume()
                node.process.kill()
        for node in self.nodes:
            if node.process:
                node.process.wait()
                node.log.close()
            if node.disk:
                node.disk.close()
        if self.links:
            self.links.stop()

    # Looking at it.

    def running(self):
        return [node for node in self.nodes if node.running and not node.paused]

    def leader(self, among=None):
        """The node that says of itself that it is active; None while there is none."""
        active = [node for node in (among or self.running()) if node.health() == ACTIVE]
        return active[0] if len(active) == 1 else None

    def wait_leader(self, among=None, timeout=DEADLINE):
        return self.wait_for(lambda: self.leader(among), "a leader", timeout)

    def followers(self):
        leader = self.wait_leader()
        return [node for node in self.running() if node is not leader]

    def members(self):
        return self.wait_leader().raft_configuration()

    def wait_members(self, voters, timeout=DEADLINE):
        """Until so many members vote, and none is being replaced."""
        def enough():
            leader = self.leader()
            servers = leader.raft_servers() if leader else []
            names = {server["node_id"] for server in servers}
            return sum(server["voter"] for server in servers) == voters and len(names) == len(servers)
        self.wait_for(enough, f"{voters} voters", timeout)

    def wait_serving(self, nodes=None, timeout=DEADLINE):
        nodes = list(nodes or self.running())
        self.wait_leader(timeout=timeout)
        self.wait_for(lambda: all(node.serves() for node in nodes), "all nodes serve", timeout)

    def unseal(self, nodes=None):
        for node in nodes or self.running():
            if node.health() == SEALED:
                node.unseal()

    def wait_for(self, predicate, what, timeout=DEADLINE):
        """Until the predicate gives something true, which is returned. Refused connections count as not yet."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                got = predicate()
                error = None
            except (OSError, ssl.SSLError, AssertionError) as failure:
                got, error = None, failure
            if got:
                return got
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout} s in vain for: {what} ({error})\n{self.story()}")
            # Processes tell of their state only when asked.
            time.sleep(0.02)

    def story(self):
        """What each node says of itself, and the end of its log."""
        parts = []
        for node in self.nodes:
            state = "paused" if node.paused else "running" if node.running else "ended"
            parts.append(f"--- {node.name} {node.host}: {state}, health {node.health()}\n{node.output()}")
        return "\n".join(parts)

    def at_once(self, work, nodes=None):
        """The work on every node at the same time; gives the results in order."""
        nodes = list(nodes or self.nodes)
        with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
            return list(pool.map(work, nodes))
