"""Work that grows with the data: it takes effect at once, is done behind the answer in steps, and the next leader ends it."""

import concurrent.futures
import gzip
import http.client
import io
import json
import os
import tarfile
import threading
import time

import pytest

from cluster import Cluster

# The smallest entries make many steps of little data; the long form has usual ones.
LONG = bool(os.environ.get("COFFER_GROWTH_LONG"))
ENTRIES, TOKENS, STEP = (20_000, 20_000, 512) if LONG else (1_500, 400, 70)
CLIENTS = 16


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("growth"), tls=False) as cluster:
        for node in cluster.nodes:
            node.storage = "" if LONG else '  max_entry_size = "16kib"'
        cluster.up()
        yield cluster


@pytest.fixture(autouse=True)
def all_nodes(cluster):
    for node in cluster.nodes:
        if not node.running:
            come_back(cluster, node)
    cluster.wait_serving()


class Connection:
    """Requests one after the other, on one connection."""

    def __init__(self, node):
        self.http = http.client.HTTPConnection(node.host, node.port, timeout=30)
        self.token = node.root

    def ask(self, method, path, body=None, token=None):
        self.http.request(method, path, json.dumps(body) if body is not None else None, {"X-Vault-Token": token or self.token})
        answer = self.http.getresponse()
        return answer.status, answer.read()

    def good(self, *request, **more):
        status, body = self.ask(*request, **more)
        if status == 503 and request[0] != "DELETE":
            # A machine with much else to do: no majority in time.
            status, body = self.ask(*request, **more)
        assert status in (200, 204), (request, status, body)
        return json.loads(body) if body else None


def many(node, count, work):
    """`work(connection, number)` for every number, by a few clients; the results in order."""
    def share(client):
        connection = Connection(node)
        return [(number, work(connection, number)) for number in range(client, count, CLIENTS)]

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        return [result for _, result in sorted(pair for part in pool.map(share, range(CLIENTS)) for pair in part)]


def keys(node):
    """The keys of the whole state, as a snapshot has them: names are in clear."""
    answer = node.request("GET", "/v1/sys/storage/raft/snapshot")
    assert answer.status == 200
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(answer.body))) as archive:
        state = archive.extractfile("state.bin").read()
    found, at = [], 0
    while at < len(state):
        length, at = varint(state, at)
        end = at + length
        assert state[at] == 0x0A
        key_length, start = varint(state, at + 1)
        found.append(state[start:start + key_length].decode())
        at = end
    return found


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at


def below(node, *prefixes):
    return [key for key in keys(node) if key.startswith(prefixes)]


def applied(node):
    servers = node.good("GET", "/v1/sys/storage/raft/autopilot/state")["data"]["servers"]
    return servers[node.name]["last_index"]


def dies_after(cluster, *request):
    """The leader answers one request and is killed; gives the next one, and its log's end when it began."""
    leader = cluster.wait_leader()
    connection = Connection(leader)
    connection.good("GET", "/v1/sys/mounts")
    began = time.monotonic()
    connection.good(*request)
    took = time.monotonic() - began
    leader.kill9()
    # It depends on no amount of data.
    assert took < 1, took
    left = [node for node in cluster.nodes if node is not leader]
    return leader, cluster.wait_leader(among=left)


def come_back(cluster, node):
    node.start()
    node.unseal()
    cluster.wait_serving()


def settle(node, wanted, *prefixes):
    """Until the state holds so many keys below the prefixes."""
    node.cluster.wait_for(lambda: len(below(node, *prefixes)) == wanted, f"{wanted} keys below {prefixes}", 60)


def test_a_mount_goes_at_once_and_its_storage_behind_it(cluster):
    first = cluster.wait_leader()
    first.good("POST", "/v1/sys/mounts/big", {"type": "kv"})
    storage = f"logical/{first.good('GET', '/v1/sys/mounts')['data']['big/']['uuid']}/"
    many(first, ENTRIES, lambda connection, n: connection.good("PUT", f"/v1/big/{n % 50}/{n}", {"v": n}))
    assert len(below(first, storage)) == ENTRIES

    dead, second = dies_after(cluster, "DELETE", "/v1/sys/mounts/big")
    begun = applied(second)
    assert second.request("GET", "/v1/big/0/0").status == 404
    # The path is free, and what is there is new.
    second.good("POST", "/v1/sys/mounts/big", {"type": "kv"})
    assert second.request("LIST", "/v1/big/").status == 404
    second.good("PUT", "/v1/big/0/0", {"v": "new"})
    settle(second, 0, storage, "core/coffer/clear/")
    # The next leader had most of it to do, in entries that are small.
    steps = applied(second) - begun
    assert ENTRIES / STEP / 2 < steps < ENTRIES, steps
    assert second.good("GET", "/v1/big/0/0")["data"] == {"v": "new"}
    come_back(cluster, dead)
    settle(cluster.wait_leader(), 0, storage)


def test_tokens_of_a_method_end_at_once_and_are_removed_behind(cluster):
    first = cluster.wait_leader()
    first.good("POST", "/v1/sys/auth/approle", {"type": "approle"})
    storage = f"auth/{first.good('GET', '/v1/sys/auth')['data']['approle/']['uuid']}/"
    role = {"bind_secret_id": False, "token_bound_cidrs": ["127.0.0.0/8"], "token_ttl": "1h"}
    first.good("POST", "/v1/auth/approle/role/app", role)
    role = {"role_id": first.good("GET", "/v1/auth/approle/role/app/role-id")["data"]["role_id"]}
    before = len(below(first, "sys/token/", "sys/expire/"))
    tokens = many(first, TOKENS, lambda connection, _: connection.good("PUT", "/v1/auth/approle/login", role))
    tokens = [login["auth"]["client_token"] for login in tokens]
    assert len(below(first, "sys/expire/id/auth/approle/login/")) >= TOKENS

    dead, second = dies_after(cluster, "DELETE", "/v1/sys/auth/approle")
    connection = Connection(second)
    for token in tokens[:: TOKENS // 50]:
        assert connection.ask("GET", "/v1/auth/token/lookup-self", token=token)[0] == 403
    settle(second, before, "sys/token/", "sys/expire/")
    settle(second, 0, storage, "core/coffer/expiry/", "core/coffer/clear/", "core/coffer/jobs/")


def test_a_tree_of_tokens_and_a_prefix_are_without_effect_at_once(cluster):
    first = cluster.wait_leader()
    before = len(below(first, "sys/token/", "sys/expire/"))
    parent = first.good("POST", "/v1/auth/token/create", {"ttl": "2h"})["auth"]["client_token"]

    def child(connection, n):
        # Half of them hang on the parent, half on nothing.
        if n % 2:
            return connection.good("POST", "/v1/auth/token/create", {"ttl": "1h"}, token=parent)
        return connection.good("POST", "/v1/auth/token/create-orphan", {"ttl": "1h"})

    tokens = [made["auth"]["client_token"] for made in many(first, TOKENS, child)]
    cubbyhole = Connection(first)
    for name in range(20):
        cubbyhole.good("PUT", f"/v1/cubbyhole/{name}", {"v": "x"}, token=tokens[1])

    _, second = dies_after(cluster, "POST", "/v1/auth/token/revoke", {"token": parent})
    connection = Connection(second)
    for token in tokens[1 :: TOKENS // 100 * 2]:
        assert connection.ask("GET", "/v1/auth/token/lookup-self", token=token)[0] == 403
    assert connection.ask("GET", "/v1/auth/token/lookup-self", token=tokens[0])[0] == 200
    second.good("PUT", "/v1/sys/leases/revoke-prefix/auth/token/create-orphan")
    # Both go on when leadership moves once more, and tidying with them.
    for what in ("auth/token/tidy", "sys/leases/tidy"):
        assert second.request("POST", f"/v1/{what}").status == 202
    come_back(cluster, next(node for node in cluster.nodes if not node.running))
    cluster.wait_leader().good("PUT", "/v1/sys/step-down")
    cluster.wait_serving()
    third = cluster.wait_leader()
    for token in tokens[:: TOKENS // 50]:
        assert Connection(third).ask("GET", "/v1/auth/token/lookup-self", token=token)[0] == 403
    settle(third, before, "sys/token/", "sys/expire/")
    # No list of due leases, no cubbyhole, no job is left.
    settle(third, 0, "core/coffer/expiry/", "core/coffer/jobs/")


@pytest.mark.parametrize("round", range(3))
def test_nothing_is_left_of_requests_under_way_while_a_mount_goes(cluster, round):
    leader = cluster.wait_leader()
    leader.good("POST", "/v1/sys/auth/userpass", {"type": "userpass"})
    leader.good("POST", "/v1/auth/userpass/users/ann", {"password": "correct horse"})
    leader.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    before = len(below(leader, "sys/token/", "sys/expire/"))
    tokens, stop = [], threading.Event()

    def log_in(client):
        connection = Connection(leader)
        while not stop.is_set():
            connection.ask("PUT", f"/v1/kv/{client}/{len(tokens)}", {"v": 1})
            status, body = connection.ask("POST", "/v1/auth/userpass/login/ann", {"password": "correct horse"})
            if status == 200:
                tokens.append(json.loads(body)["auth"]["client_token"])

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(log_in, client) for client in range(CLIENTS)]
        cluster.wait_for(lambda: len(tokens) > 3 * round, "logins")
        tables = [("auth", "userpass/"), ("mounts", "kv/")]
        uuids = [leader.good("GET", f"/v1/sys/{kind}")["data"][path]["uuid"] for kind, path in tables]
        leader.good("DELETE", "/v1/sys/auth/userpass")
        leader.good("DELETE", "/v1/sys/mounts/kv")
        # Those who log in need longer than the clearing of what little there is.
        settle(leader, 0, "core/coffer/clear/")
        stop.set()
        for client in clients:
            client.result()
    assert tokens
    for token in tokens:
        assert Connection(leader).ask("GET", "/v1/auth/token/lookup-self", token=token)[0] == 403
    settle(leader, before, "sys/token/", "sys/expire/")
    assert [key for key in keys(leader) if any(uuid in key for uuid in uuids)] == []
