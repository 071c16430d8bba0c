"""Clients that read, write and check-and-set the same few secrets through every node, and record what they saw."""

import http.client
import json
import random
import ssl
import threading
import time

from linearizable import CAS, FAILED, NEVER, NOTHING, OK, READ, UNKNOWN, WRITE, Op, by_key, check

# A client gives up on an answer after so many seconds; what it asked for may still happen.
PATIENCE = 3.0
MISMATCH = "check-and-set parameter did not match"
# How an answer says that nobody knows whether the change was made.
DOUBT = ("outcome is unknown", "may have been", "may or may not", "unknown whether", "not known")


class Load:
    """So many clients for each node; they go on until stopped."""

    def __init__(self, cluster, clients=9, seed=None, keys=5, mount="secret"):
        self.cluster, self.mount = cluster, mount
        self.seed = seed if seed is not None else random.randrange(1 << 32)
        print(f"seed {self.seed}")
        self.lock = threading.Lock()
        self.history, self.refusals = [], {}
        # What was asked and not yet answered: it may have happened already.
        self.under_way = {}
        self.count = keys
        self.phase("start")
        self.stopping = threading.Event()
        self.clients = [Client(self, number, cluster.nodes[number % len(cluster.nodes)]) for number in range(clients)]

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for client in self.clients:
            client.join(2 * PATIENCE)

    def phase(self, name):
        """From now on the clients use other keys; gives the name by which the phase's history is asked for."""
        self.keys = [f"{name}-{number}" for number in range(self.count)]
        self.begun = time.monotonic()
        return name

    def record(self, op, client):
        with self.lock:
            self.history.append(op)
            self.under_way.pop(client, None)

    def refused(self, node, status, text):
        with self.lock:
            key = (node.name, status, text[:200])
            self.refusals[key] = self.refusals.get(key, 0) + 1

    def since(self, moment):
        with self.lock:
            return [op for op in self.history if op.ended >= moment]

    def good(self, moment, kinds=(READ, WRITE, CAS), node=None):
        """How many operations that began after the moment succeeded."""
        return sum(1 for op in self.since(moment) if op.outcome == OK and op.kind in kinds and op.began >= moment
                   and node in (None, op.node))

    def wait_traffic(self, count, timeout=30, kinds=(READ, WRITE, CAS), nodes=()):
        """Until so many operations succeed from now on, and at least one through each of the nodes named."""
        began = time.monotonic()
        def enough():
            return self.good(began, kinds) >= count and all(self.good(began, kinds, node.name) for node in nodes)
        self.cluster.wait_for(enough, f"{count} good operations", timeout)
        return began

    def judge(self, phase):
        """Checks every key of a phase, after a last look at each through every node."""
        for key in [f"{phase}-{number}" for number in range(self.count)]:
            for node in self.cluster.running():
                if node.serves():
                    Client(self, -1, node).once(READ, key)
        with self.lock:
            history = [op for op in [*self.history, *self.under_way.values()] if op.key.startswith(f"{phase}-")]
        keys = by_key(history)
        for key, ops in sorted(keys.items()):
            verdict = check(ops)
            assert verdict is None, f"seed {self.seed}, {key} is not linearizable: {verdict}"
        return Summary(history)


class Summary:
    """What a phase's history holds."""

    def __init__(self, history):
        self.total = len(history)
        self.outcomes = {outcome: sum(op.outcome == outcome for op in history) for outcome in (OK, FAILED, UNKNOWN)}
        self.kinds = {kind: sum(op.kind == kind and op.outcome == OK for op in history) for kind in (READ, WRITE, CAS)}

    def __str__(self):
        return f"{self.total} operations, {self.outcomes}, good {self.kinds}"


class Client(threading.Thread):
    """One client of one node; it keeps to it, whatever becomes of the node."""

    def __init__(self, load, number, node):
        super().__init__(daemon=True)
        self.load, self.number, self.node = load, number, node
        self.random = random.Random(f"{load.seed}-{number}")
        self.context = node.context()
        self.connection, self.written = None, 0
        self.known = {}

    def run(self):
        while not self.load.stopping.is_set():
            kind = self.random.choice([READ, READ, WRITE, CAS, CAS])
            if self.once(kind, self.random.choice(self.load.keys)) != OK:
                # A node that refuses is not asked a thousand times a second.
                self.load.stopping.wait(0.05)
        self.close()

    def once(self, kind, key):
        value, expected, body = None, None, None
        if kind != READ:
            self.written += 1
            value = f"{self.number}.{self.written}"
            content = {"data": {"v": value}}
            if kind == CAS:
                expected = self.known.get(key, 0)
                content["options"] = {"cas": expected}
            body = json.dumps(content)
        began = time.monotonic()
        who = (f"c{self.number}", self.node.name)
        with self.load.lock:
            self.load.under_way[id(self)] = Op(kind, key, began, NEVER, UNKNOWN, value, expected, None, *who)
        outcome, got = self.attempt(kind, key, body, expected)
        ended = time.monotonic()
        if outcome == OK:
            if kind == READ:
                self.known[key] = got[0]
            elif got is not None:
                self.known[key] = got
            else:
                # Refused: somebody else was first. The next read tells the version.
                self.known[key] = expected + 1
        self.load.record(Op(kind, key, began, ended, outcome, value, expected, got, *who), id(self))
        return outcome

    def attempt(self, kind, key, body, expected):
        """(outcome, what was got)."""
        lost = FAILED if kind == READ else UNKNOWN
        try:
            self.connect()
        except (OSError, ssl.SSLError):
            self.close()
            return FAILED, None
        headers = {"X-Vault-Token": self.load.cluster.root}
        try:
            path = f"/v1/{self.load.mount}/data/{key}"
            self.connection.request("GET" if kind == READ else "POST", path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read().decode(errors="replace")
        except (OSError, http.client.HTTPException, ssl.SSLError):
            self.close()
            return lost, None
        if answer.status == 200:
            data = json.loads(text)["data"]
            if kind == READ:
                return OK, (data["metadata"]["version"], data["data"]["v"])
            return OK, data["version"]
        if answer.status == 404 and kind == READ and '"errors":[]' in text.replace(" ", ""):
            return OK, NOTHING
        if answer.status == 400 and kind == CAS and MISMATCH in text:
            return OK, None
        self.load.refused(self.node, answer.status, text)
        # Any other answer claims that nothing was changed, unless it says that nobody knows. The judge holds it to that.
        if kind != READ and any(words in text for words in DOUBT):
            return UNKNOWN, None
        return FAILED, None

    def connect(self):
        if self.connection is None:
            host, port = self.node.host, self.node.port
            if self.context:
                self.connection = http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=self.context)
            else:
                self.connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
            self.connection.connect()

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
