"""Joining: which nodes may, through whom, what they say meanwhile, and that nobody gets in who does not hold the keys."""

import base64
import http.server
import json
import threading

import pytest

from cluster import ACTIVE, REMOVED, SEALED, STANDBY, UNINITIALISED, Cluster, network
from cluster_certificates import Authority

SHARES, THRESHOLD = 5, 3
CHALLENGE, ANSWER = "/v1/sys/storage/raft/bootstrap/challenge", "/v1/sys/storage/raft/bootstrap/answer"


@pytest.fixture
def cluster(binary, tmp_path):
    """Three nodes, of which the first is initialised and unsealed; the others are not started, and join by hand."""
    with Cluster(binary, tmp_path, shares=SHARES, threshold=THRESHOLD) as cluster:
        cluster.threshold = THRESHOLD
        for node in cluster.nodes:
            node.joins = False
        cluster[1].start()
        cluster.initialise(cluster[1])
        cluster[1].unseal()
        yield cluster


def joined(node, through):
    node.start()
    assert node.join(through).json == {"joined": True}
    node.unseal()
    return node


def errors(answer):
    return " ".join(answer.errors or [])


def test_a_node_that_joins_is_initialised_and_sealed_and_counts_shares(cluster):
    node = cluster[2]
    node.start()
    assert node.health() == UNINITIALISED
    assert node.join(cluster[1]).json == {"joined": True}
    assert node.health() == SEALED
    assert node.good("GET", "/v1/sys/init", token=None) == {"initialized": True, "joining": True}
    status = node.seal_status()
    assert (status["initialized"], status["sealed"], status["t"], status["n"]) == (True, True, THRESHOLD, SHARES)
    refused = node.request("POST", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None)
    assert (refused.status, errors(refused)) == (400, "Vault is already initialized")
    first = node.good("POST", "/v1/sys/unseal", {"key": cluster.keys[0]}, token=None)
    assert (first["progress"], first["sealed"], first["nonce"] != "") == (1, True, True)
    assert node.good("POST", "/v1/sys/unseal", {"reset": True}, token=None)["progress"] == 0
    # A process that ends on the way goes on where it was.
    node.kill9()
    node.start()
    status = node.seal_status()
    assert (status["initialized"], status["t"], status["n"], status["progress"]) == (True, THRESHOLD, SHARES, 0)
    node.unseal()
    assert node.health() == STANDBY
    cluster.wait_members(2)
    assert not (node.data / "join.json").exists()


def test_wrong_shares_are_refused_and_the_node_stays(cluster):
    node = cluster[2]
    node.start()
    node.join(cluster[1])
    # A share of another key.
    wrong = base64.b64encode(bytes(range(33))).decode()
    for key in [*cluster.keys[: THRESHOLD - 1], wrong]:
        answer = node.request("POST", "/v1/sys/unseal", {"key": key}, token=None)
    assert answer.status == 400 and errors(answer).startswith("invalid key"), answer.body
    assert cluster[1].address in errors(answer)
    status = node.seal_status()
    assert (status["initialized"], status["sealed"], status["progress"]) == (True, True, 0)
    assert set(cluster.members()) == {"vault1"}
    node.unseal()
    cluster.wait_members(2)


def test_certificates_that_do_not_fit_are_told_with_the_setting(cluster, tmp_path):
    node, leader = cluster[2], cluster[1]
    other = Authority(tmp_path / "other-ca", subject="/CN=Another Root CA")
    node.start()
    refused = node.join(leader, check=False, leader_ca_cert=other.ca.read_text())
    assert refused.status == 500 and "leader_ca_cert_file" in errors(refused) and leader.address in errors(refused)
    assert "authority that is not trusted" in errors(refused) or "another key" in errors(refused)
    refused = node.join(leader, check=False, leader_tls_servername="elsewhere.example.com")
    assert refused.status == 500 and "leader_tls_servername" in errors(refused)
    assert "elsewhere.example.com" in errors(refused) and "vault1.example.com" in errors(refused)
    refused = node.join(leader, check=False, leader_ca_cert="no certificate")
    assert refused.status == 500 and "leader_ca_cert" in errors(refused)
    refused = node.join(leader, check=False, leader_client_cert="x")
    assert refused.status == 400 and "leader_client_key" in errors(refused)
    plain = {"leader_api_addr": leader.address.replace("https", "http")}
    refused = node.request("POST", "/v1/sys/storage/raft/join", plain, token=None)
    assert refused.status == 500 and plain["leader_api_addr"] in errors(refused)
    assert node.health() == UNINITIALISED
    # By a name that the certificate bears, and without naming the CA, which is in the system's store.
    body = {"leader_api_addr": leader.address, "leader_tls_servername": "vault.example.com"}
    assert node.good("POST", "/v1/sys/storage/raft/join", body, token=None) == {"joined": True}
    assert node.health() == SEALED


def test_what_is_not_a_request_to_join(cluster):
    node = cluster[2]
    node.start()
    ask = lambda body: node.request("POST", "/v1/sys/storage/raft/join", body, token=None)  # noqa: E731
    assert ask({}).status == 400 and "leader_api_addr" in errors(ask({}))
    assert ask(b"x").status == 400
    assert "of type string" in errors(ask({"leader_api_addr": 1}))
    assert ask({"auto_join": "provider=x"}).status == 400
    assert ask({"leader_api_addr": "vault1:8200"}).status == 500
    nobody = ask({"leader_api_addr": f"https://{node.host}:1"})
    assert nobody.status == 500 and f"https://{node.host}:1" in errors(nobody)
    itself = node.join(node, check=False)
    assert itself.status == 500 and "this node's own" in errors(itself)
    assert node.request("GET", "/v1/sys/storage/raft/join", token=None).status == 405
    assert node.health() == UNINITIALISED
    # A target that has no cluster itself says so.
    cluster[3].start()
    unformed = node.join(cluster[3], check=False)
    assert unformed.status == 500 and "not initialized" in errors(unformed)


def test_retry_goes_on_until_there_is_a_cluster(binary, tmp_path):
    with Cluster(binary, tmp_path, size=2) as cluster:
        cluster.threshold = 1
        for node in cluster.nodes:
            node.joins = False
        leader, node = cluster.nodes
        node.start()
        assert node.join(leader, retry=True).json == {"joined": False}
        assert node.health() == UNINITIALISED
        # What was asked for outlasts the process.
        node.kill9()
        node.start()
        leader.start()
        cluster.initialise(leader)
        leader.unseal()
        cluster.wait_for(lambda: node.seal_status()["initialized"], "it found the cluster")
        node.unseal()
        cluster.wait_members(2)


def test_joining_again_changes_nothing(cluster):
    node = joined(cluster[2], cluster[1])
    for through in (cluster[1], cluster[2]):
        for who in (cluster[1], cluster[2]):
            assert who.join(through).json == {"joined": True}
    assert who.request("POST", "/v1/sys/storage/raft/join", {}, token=None).json == {"joined": True}
    # While sealed as well.
    node.restart()
    assert node.join(cluster[1]).json == {"joined": True}
    assert node.health() == SEALED


def test_through_a_standby_and_a_sealed_member(cluster):
    joined(cluster[2], cluster[1])
    cluster.wait_members(2)
    joined(cluster[3], cluster[2])
    cluster.wait_members(3)
    standby = cluster.followers()[0]
    standby.restart()
    assert standby.health() == SEALED
    fourth = cluster.add(4)
    fourth.joins = False
    joined(fourth, standby)
    assert set(cluster.members()) == {"vault1", "vault2", "vault3", "vault4"}


def test_two_clusters_are_not_merged(cluster):
    node = cluster[2]
    node.start()
    body = {"secret_shares": 1, "secret_threshold": 1}
    node.good("POST", "/v1/sys/init", body, token=None)
    refused = node.join(cluster[1], check=False)
    assert refused.status == 400 and "cannot be merged" in errors(refused)
    assert "empty its data folder" in errors(refused)
    assert set(cluster.members()) == {"vault1"}


def test_init_beside_a_cluster_that_is_to_be_joined_makes_no_second_one(cluster):
    """While the first node is sealed it lets nobody join: a hurried operator types `operator init` on the second."""
    cluster[1].good("POST", "/v1/sys/seal")
    node = cluster[2]
    node.joins = True
    node.start()
    assert node.health() == UNINITIALISED
    refused = node.request("POST", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None)
    assert refused.status == 400 and cluster[1].address in errors(refused) and "retry_join" in errors(refused)
    cluster[1].unseal()
    cluster.wait_for(lambda: node.health() == SEALED, "it found the cluster")
    node.unseal()
    cluster.wait_members(2)


def test_init_beside_a_node_that_only_looks_for_a_cluster_is_init(cluster):
    """The first node was initialised, the second knows of its cluster; the first is wiped, to begin anew."""
    first, second = cluster[1], cluster[2]
    second.start()
    assert second.join(first).json == {"joined": True}
    first.kill9()
    first.wipe()
    first.joins = True
    first.start()
    made = first.good("POST", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None)
    assert made["root_token"]


def test_started_at_once_they_form_one_cluster(binary, tmp_path):
    """By retry_join alone; whoever is initialised second is told that it is too late."""
    with Cluster(binary, tmp_path, shares=SHARES, threshold=THRESHOLD) as cluster:
        cluster.threshold = THRESHOLD
        cluster.start()
        cluster.initialise(cluster[3])
        cluster[3].unseal()
        for node in (cluster[1], cluster[2]):
            cluster.wait_for(lambda: node.health() == SEALED, "it has found the cluster")
            late = node.request("POST", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None)
            assert late.status == 400
            node.unseal()
        cluster.wait_members(3)
        assert len({node.seal_status()["cluster_id"] for node in cluster.nodes}) == 1


def test_a_name_that_is_alive_elsewhere_is_refused_at_once(cluster):
    joined(cluster[2], cluster[1])
    cluster.wait_members(2)
    twin = cluster.add(4, "vault4")
    twin.joins, twin.name = False, "vault2"
    twin.start()
    for taken in ("vault2", "vault1"):
        refused = twin.join(cluster[1], check=False)
        assert refused.status == 500 and taken in errors(refused) and "node_id" in errors(refused), refused.body
        assert twin.health() == UNINITIALISED
        twin.terminate()
        twin.wipe()
        twin.name = "vault1"
        twin.start()
    assert set(cluster.members()) == {"vault1", "vault2"}


def test_a_wiped_node_joins_under_its_name(cluster):
    for number in (2, 3):
        joined(cluster[number], cluster[1])
    cluster.wait_members(3)
    cluster[1].good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    cluster[1].good("POST", "/v1/kv/a", {"b": "c"})
    node = cluster[3]
    node.kill9()
    node.wipe()
    joined(node, cluster[1])
    cluster.wait_members(3)
    assert set(cluster.members()) == {"vault1", "vault2", "vault3"}
    assert node.good("GET", "/v1/kv/a")["data"] == {"b": "c"}


def test_a_removed_node_says_so_and_joins_again(cluster):
    for number in (2, 3):
        joined(cluster[number], cluster[1])
    cluster.wait_members(3)
    leader = cluster[1]
    leader.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    node, pid = cluster[3], cluster[3].pid
    leader.good("POST", "/v1/sys/storage/raft/remove-peer", {"server_id": "vault3"})
    cluster.wait_for(lambda: node.health() == REMOVED, "it notices that it was removed")
    status = node.seal_status()
    assert (status["sealed"], status["initialized"], status["removed_from_cluster"]) == (True, True, True)
    health = node.request("GET", "/v1/sys/health?removedcode=299", token=None)
    assert health.status == 299 and health.json["removed_from_cluster"] is True
    refused = node.request("POST", "/v1/sys/unseal", {"key": cluster.keys[0]}, token=None)
    assert refused.status == 400 and "operator raft join" in errors(refused)
    # A restart makes it no member either.
    node.restart()
    cluster.wait_for(lambda: node.health() == REMOVED, "it knows still that it was removed")
    pid = node.pid
    assert node.join(leader).json == {"joined": True}
    cluster.wait_for(lambda: node.health() == SEALED, "it has started anew")
    assert node.pid == pid, "the process went on under its number"
    aside = [path for path in node.data.iterdir() if path.name.startswith("set-aside-")]
    assert len(aside) == 1 and (aside[0] / "state.redb").exists() and (aside[0] / "raft.redb").exists()
    node.unseal()
    cluster.wait_members(3)
    leader.good("POST", "/v1/kv/a", {"b": "c"})
    assert node.good("GET", "/v1/kv/a")["data"] == {"b": "c"}


def test_a_removed_node_joins_its_former_cluster_alone(cluster, binary, tmp_path):
    """Anybody may ask it to join: what it is to be a member of must be the cluster that removed it."""
    node = joined(cluster[2], cluster[1])
    cluster.wait_members(2)
    former = cluster[1].request("POST", CHALLENGE, introduction(), token=None).json["data"]["raft_cluster_id"]
    cluster[1].good("POST", "/v1/sys/storage/raft/remove-peer", {"server_id": "vault2"})
    cluster.wait_for(lambda: node.health() == REMOVED, "it notices that it was removed")
    (tmp_path / "strange").mkdir()
    with Cluster(binary, tmp_path / "strange", size=1, tls=False, shares=2, threshold=2) as strange:
        strange.start()
        keys = strange.initialise(strange[1])["keys_base64"]
        strange.threshold = 2
        strange[1].unseal()
        refused = node.join(strange[1], check=False)
        assert refused.status == 400 and f"was removed from cluster {former}" in errors(refused)
        assert node.health() == REMOVED and not list(node.data.glob("set-aside-*"))
        # One that only says that it is of that cluster.
        liar = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FalseLeader)
        liar.asked, liar.cluster_id = [], former
        threading.Thread(target=liar.serve_forever, daemon=True).start()
        body = {"leader_api_addr": f"http://127.0.0.1:{liar.server_port}"}
        assert node.good("POST", "/v1/sys/storage/raft/join", body, token=None) == {"joined": True}
        cluster.wait_for(lambda: node.health() == SEALED, "it has started anew")
        # Nor does it forget on the way where it belongs.
        refused = node.join(strange[1], check=False, retry=True)
        assert refused.status == 400 and f"was removed from cluster {former}" in errors(refused), refused.body
        node.good("POST", "/v1/sys/unseal", {"key": keys[0]}, token=None)
        refused = node.request("POST", "/v1/sys/unseal", {"key": keys[1]}, token=None)
        assert refused.status >= 400 and "do not open what this node held" in errors(refused), refused.body
        assert all(path == CHALLENGE for path, _ in liar.asked), "no answer to the challenge"
        liar.shutdown()
    # The right one, over the false start.
    assert node.join(cluster[1]).json == {"joined": True}
    node.unseal()
    cluster.wait_members(2)


def test_a_member_asks_nobody_for_a_stranger(cluster):
    """What else can be reached from a member is not for everybody to learn who can reach it."""
    refused = cluster[1].request("POST", "/v1/sys/storage/raft/join", {"leader_api_addr": "http://127.0.0.1:9"}, token=None)
    assert refused.status == 500 and "refused" not in errors(refused) and "is a member" in errors(refused), refused.body


def test_without_a_vote(cluster):
    node = cluster[2]
    node.start()
    assert node.join(cluster[1], non_voter=True).json == {"joined": True}
    node.restart()
    node.unseal()
    third = cluster[3]
    third.joins, third.storage = True, "  retry_join_as_non_voter = true"
    third.start()
    third.unseal()
    cluster.wait_for(lambda: len(cluster.members()) == 3, "all are members")
    leader = cluster[1]
    leader.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    for n in range(20):
        leader.good("POST", "/v1/kv/a", {"n": n})
    assert {name: member["voter"] for name, member in cluster.members().items()} == {
        "vault1": True, "vault2": False, "vault3": False}
    assert third.good("GET", "/v1/kv/a")["data"] == {"n": 19}


# Those who have not the keys.


def introduction(**more):
    card = {
        "server_id": "stranger", "raft_id": 4711, "cluster_addr": "127.0.0.9:8201", "api_addr": "https://127.0.0.9:8200",
        "public_key": base64.b64encode(b"k" * 65).decode(), "non_voter": False, "nonce": base64.b64encode(b"n" * 32).decode(),
    }
    return {**card, **more}


def test_a_stranger_without_the_keys_gets_nowhere(cluster):
    leader = cluster[1]
    ask = lambda path, body: leader.request("POST", path, body, token=None)  # noqa: E731
    offer = ask(CHALLENGE, introduction()).json["data"]
    assert set(offer) == {"challenge", "seal_config", "raft_cluster_id", "proof"}
    assert offer["seal_config"] == {"type": "shamir", "secret_shares": SHARES, "secret_threshold": THRESHOLD}
    # The leader's own proofs are no answers, and neither is anything else.
    for answer in (offer["proof"], offer["challenge"][-44:], base64.b64encode(bytes(32)).decode()):
        refused = ask(ANSWER, introduction(challenge=offer["challenge"], answer=answer))
        assert refused.status in (400, 403), refused.body
    refused = ask(ANSWER, introduction(challenge=base64.b64encode(bytes(64)).decode(), answer=offer["proof"]))
    assert refused.status == 403
    assert errors(ask(CHALLENGE, {})) == "no server id provided"
    assert ask(CHALLENGE, {"server_id": "n"}).status == 400
    assert ask(CHALLENGE, introduction(nonce="AA==")).status == 400
    assert ask(CHALLENGE, introduction(raft_id="x")).status == 400
    assert set(cluster.members()) == {"vault1"}
    # Too many questions are slowed down.
    assert any(ask(CHALLENGE, introduction()).status == 429 for _ in range(1000))


class FalseLeader(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        zeros = base64.b64encode(bytes(64)).decode()
        data = {"challenge": zeros, "proof": zeros[:43] + "=", "raft_cluster_id": getattr(self.server, "cluster_id", "00" * 16),
                "seal_config": {"type": "shamir", "secret_shares": SHARES, "secret_threshold": 2}}
        sent = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_):
        pass


def test_a_false_leader_gets_no_answer(binary, tmp_path):
    with Cluster(binary, tmp_path, size=1, tls=False, extra='cluster_tls = "internal"') as cluster, \
            http.server.ThreadingHTTPServer((f"{network(1)}.1", 0), FalseLeader) as false:
        false.asked = []
        threading.Thread(target=false.serve_forever, daemon=True).start()
        node = cluster[1]
        node.joins = False
        node.start()
        host, port = false.server_address
        body = {"leader_api_addr": f"http://{host}:{port}"}
        assert node.good("POST", "/v1/sys/storage/raft/join", body, token=None) == {"joined": True}
        for number in (1, 2):
            share = base64.b64encode(bytes([number] * 33)).decode()
            answer = node.request("POST", "/v1/sys/unseal", {"key": share}, token=None)
        false.shutdown()
        assert answer.status == 400 and errors(answer).startswith("invalid key")
        assert {path for path, _ in false.asked} == {CHALLENGE}
        sent = json.dumps(false.asked)
        assert base64.b64encode(bytes([1] * 33)).decode() not in sent
        assert node.seal_status()["progress"] == 0
        # It is not bound to anything: to join the right cluster replaces this one.
        assert node.health() == SEALED
