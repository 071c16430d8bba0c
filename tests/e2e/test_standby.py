"""A standby answers as the leader does: status, headers and body of requests of every kind."""

import concurrent.futures
import http.client
import json
import threading

import pytest

from both_ways import BothWays, ask
from cluster import Cluster

MERGE = {"Content-Type": "application/merge-patch+json"}


@pytest.fixture(scope="module")
def three(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("standby")) as cluster:
        for node in cluster.nodes:
            node.listener = "max_request_size = 2000000"
        yield cluster.up()


@pytest.fixture
def ways(three):
    three.wait_serving()
    return BothWays(three.leader(), three.followers()[0])


def test_key_values(ways):
    same = ways.same
    for version in ("1", "2"):
        same("POST", f"/v1/sys/mounts/kv{version}-%way%", {"type": "kv", "options": {"version": version}}, status=204)
    one, two = "/v1/kv1-%way%", "/v1/kv2-%way%"
    same("PUT", one + "/a/b", {"user": "ann", "deep": {"list": [1, 2.5, None, "ä"]}}, status=204)
    same("GET", one + "/a/b", status=200)
    same("LIST", one + "/a", status=200)
    same("GET", one + "/a?list=true", status=200)
    same("GET", one + "/none", status=404)
    same("DELETE", one + "/a/b", status=204)
    for name in "abcde":
        same("POST", f"{two}/data/{name}", {"data": {"p": name}, "options": {"cas": 0}}, status=200)
    same("POST", two + "/data/a", {"data": {"p": 2}, "options": {"cas": 0}}, status=400)
    same("PATCH", two + "/data/a", {"data": {"q": "more"}}, headers=MERGE, status=200)
    same("PATCH", two + "/data/a", {"data": {"q": "more"}}, status=415)
    same("GET", two + "/data/a?version=1", status=200)
    same("LIST", two + "/metadata", status=200)
    same("LIST", two + "/metadata?limit=2", status=200)
    same("LIST", two + "/metadata?limit=2&after=b", status=200)
    same("LIST", two + "/detailed-metadata?limit=1")
    same("POST", two + "/delete/a", {"versions": [1]}, status=204)
    same("GET", two + "/data/a?version=1", status=404)
    same("POST", two + "/undelete/a", {"versions": [1]}, status=204)
    same("PUT", two + "/destroy/a", {"versions": [1]}, status=204)
    same("POST", two + "/metadata/a", {"max_versions": 3, "custom_metadata": {"owner": "ann"}}, status=204)
    same("GET", two + "/metadata/a", status=200)
    same("GET", two + "/config", status=200)
    same("GET", two + "/data/%E2%82%AC%20x", status=404)
    same("GET", two + "//data/a")
    same("GET", two + "/data/../data/a")
    same("DELETE", "/v1/sys/mounts/kv1-%way%", status=204)
    same("GET", one + "/a/b", status=404)


def test_tokens_wrapping_and_cubbyholes(ways):
    same = ways.same
    same("POST", "/v1/sys/policies/acl/%way%", {"policy": 'path "cubbyhole/*" { capabilities = ["read"] }'}, status=204)
    same("GET", "/v1/sys/policies/acl/%way%", status=200)
    same("GET", "/v1/sys/policies/acl?list=true")
    child = {"policies": ["default", "%way%"], "ttl": "1h", "meta": {"who": "%way%"}, "num_uses": 9}
    same("POST", "/v1/auth/token/create", child, keep={"child": "auth.client_token", "accessor": "auth.accessor"}, status=200)
    same("GET", "/v1/auth/token/lookup-self", token="%child%", status=200)
    same("GET", "/v1/auth/token/lookup-self", token=None, headers={"Authorization": "Bearer %child%"}, status=200)
    same("PUT", "/v1/cubbyhole/mine", {"k": "%way%"}, token="%child%", status=204)
    same("GET", "/v1/cubbyhole/mine", token="%child%", status=200)
    same("GET", "/v1/cubbyhole/mine", status=404)
    same("GET", "/v1/sys/mounts", token="%child%", status=403)
    same("POST", "/v1/sys/capabilities", {"token": "%child%", "paths": ["cubbyhole/a", "sys/mounts"]}, status=200)
    same("POST", "/v1/auth/token/lookup-accessor", {"accessor": "%accessor%"}, status=200)
    same("POST", "/v1/auth/token/renew-accessor", {"accessor": "%accessor%", "increment": "30m"}, status=200)
    same("POST", "/v1/auth/token/revoke-accessor", {"accessor": "%accessor%"}, status=204)
    same("GET", "/v1/auth/token/lookup-self", token="%child%", status=403)
    same("GET", "/v1/auth/token/lookup-self", token=None, status=403)
    same("GET", "/v1/auth/token/lookup-self", token="hvs.notatoken", status=403)
    same("POST", "/v1/auth/token/create", {"type": "batch", "policies": ["default"]}, status=200)

    wrap = {"X-Vault-Wrap-TTL": "5m"}
    same("POST", "/v1/sys/wrapping/wrap", {"k": "v"}, headers=wrap, keep={"wrapping": "wrap_info.token"}, status=200)
    same("POST", "/v1/sys/wrapping/lookup", {"token": "%wrapping%"}, token=None, status=200)
    same("POST", "/v1/sys/wrapping/rewrap", {"token": "%wrapping%"}, keep={"wrapping": "wrap_info.token"}, status=200)
    same("POST", "/v1/sys/wrapping/unwrap", token="%wrapping%", status=200)
    same("POST", "/v1/sys/wrapping/unwrap", token="%wrapping%", status=400)
    same("GET", "/v1/sys/mounts", headers=wrap, keep={"wrapping": "wrap_info.token"}, status=200)
    same("POST", "/v1/sys/wrapping/unwrap", {"token": "%wrapping%"}, status=200)
    same("GET", "/v1/sys/mounts", headers={"X-Vault-Wrap-TTL": "soon"})


def test_logins_go_by_the_address_of_the_client(ways, three):
    same = ways.same
    near, far = f"{three.network}.77", f"{three.network}.78"
    for kind in ("userpass", "approle"):
        same("POST", f"/v1/sys/auth/{kind}-%way%", {"type": kind}, status=204)
    user = {"password": "correct horse", "token_bound_cidrs": [near + "/32"], "token_policies": ["default"]}
    same("POST", "/v1/auth/userpass-%way%/users/ann", user, status=204)
    login = "/v1/auth/userpass-%way%/login/ann"
    same("POST", login, {"password": "correct horse"}, token=None, source=near, keep={"ann": "auth.client_token"}, status=200)
    same("GET", "/v1/auth/token/lookup-self", token="%ann%", source=near, status=200)
    same("GET", "/v1/auth/token/lookup-self", token="%ann%", source=far, status=403)
    same("POST", login, {"password": "correct horse"}, token=None, source=far)
    same("POST", login, {"password": "wrong"}, token=None, source=near, status=400)
    same("POST", "/v1/auth/approle-%way%/role/app", {"secret_id_bound_cidrs": [near + "/32"], "secret_id_num_uses": 2}, status=204)
    same("GET", "/v1/auth/approle-%way%/role/app/role-id", keep={"role": "data.role_id"}, status=200)
    same("POST", "/v1/auth/approle-%way%/role/app/secret-id", keep={"secret": "data.secret_id"}, status=200)
    given = {"role_id": "%role%", "secret_id": "%secret%"}
    same("PUT", "/v1/auth/approle-%way%/login", given, token=None, source=near, status=200)
    same("PUT", "/v1/auth/approle-%way%/login", given, token=None, source=far)
    # The address of the standby is no more the client's than that of a balancer: what a client writes is not believed.
    same("GET", "/v1/auth/token/lookup-self", token="%ann%", source=far, headers={"X-Forwarded-For": near}, status=403)


def test_what_the_audit_log_says(ways, three, tmp_path):
    log = tmp_path / "audit.log"
    ways.nodes[1].good("PUT", "/v1/sys/audit/file", {"type": "file", "options": {"file_path": str(log), "log_raw": "true"}})
    source = f"{three.network}.79"
    try:
        ways.same("GET", "/v1/sys/mounts?asked=%way%", source=source, headers={"User-Agent": "audited"}, status=200)
        ways.same("POST", "/v1/auth/token/lookup", {"token": "hvs.%way%"}, source=source, status=403)
        ways.same("POST", "/v1/sys/storage/raft/promote", {"server_id": "none"}, source=source, status=500)
    finally:
        ways.nodes[1].good("DELETE", "/v1/sys/audit/file")
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    asked = [entry for entry in entries if entry["request"].get("remote_address") == source]
    assert [entry["type"] for entry in asked] == ["request", "response"] * 6
    failed = ("auth/token/lookup", "sys/storage/raft/promote")
    for path in ("sys/mounts", *failed):
        first, second = (sorted(described(entry) for entry in part) for part in halves(asked, path))
        assert first == second
    for entry in asked:
        assert entry["request"]["remote_port"] > 0 and entry["request"]["id"]
    answers = [entry for entry in asked if entry["type"] == "response" and entry["request"]["path"] in failed]
    assert len(answers) == 4 and all(entry["error"] for entry in answers)


def halves(entries, path):
    """Those of the first request, and of the second."""
    on_path = [entry for entry in entries if entry["request"]["path"] == path]
    ids = list(dict.fromkeys(entry["request"]["id"] for entry in on_path))
    assert len(ids) == 2
    return [[entry for entry in on_path if entry["request"]["id"] == id] for id in ids]


def described(entry):
    """The entry's fields, without their values; and the values that must not differ."""
    request = entry["request"]
    fixed = [request.get(key) for key in ("operation", "path", "mount_type", "mount_point", "remote_address", "headers")]
    return json.dumps([entry["type"], sorted(entry), sorted(request), sorted(entry["auth"]), fixed, entry.get("error")])


def test_the_operators_endpoints(ways):
    for path in (
        "mounts", "auth", "audit", "policy", "policies/acl", "policies/password", "mounts/cubbyhole/tune", "auth/token/tune",
        "internal/ui/mounts", "internal/ui/mounts/cubbyhole", "internal/counters/tokens", "internal/counters/entities",
        "key-status", "rotate/config", "rekey/init", "generate-root/attempt", "leader", "ha-status", "leases/count",
        "storage/raft/configuration", "storage/raft/autopilot/configuration", "storage/raft/autopilot/state",
        "storage/raft/snapshot-auto/config", "plugins/catalog", "plugins/catalog/secret", "quotas/config",
        "config/auditing/request-headers", "config/cors", "config/ui/headers", "version-history", "remount/status/x",
        "capabilities-self", "tools/random", "no-such-thing", "internal/specs/openapi",
    ):
        compare_of(ways, path)("GET", f"/v1/sys/{path}")
    for path in ("leases/lookup/auth/token/create", "policies/acl", "quotas/rate-limit", "auth/token/accessors"):
        ways.same("LIST", f"/v1/sys/{path}")
    ways.same("POST", "/v1/sys/tools/hash/sha2-256", {"input": "YQ=="}, status=200)
    ways.same("POST", "/v1/sys/quotas/rate-limit/%way%", {"rate": 1000, "path": "sys/%way%"})
    ways.same("GET", "/v1/sys/quotas/rate-limit/%way%")
    ways.same("DELETE", "/v1/sys/quotas/rate-limit/%way%")
    ways.same("POST", "/v1/sys/leases/lookup", {"lease_id": "none"})
    ways.same("PUT", "/v1/sys/leases/renew", {"lease_id": "none"})
    ways.same("PUT", "/v1/sys/leases/revoke-prefix/none")
    ways.same("POST", "/v1/sys/storage/raft/remove-peer", {"server_id": "none"})
    ways.same("GET", "/v1/sys/mounts/cubbyhole/tune?help=1", status=200)
    ways.same("GET", "/v1/sys?help=1", status=200)
    ways.same("GET", "/v1/auth/token/create?help=1", status=200)
    assert ways.asked > 45


# What a node says of itself differs, and is tested below.
OF_THE_NODE = ("leader", "ha-status", "storage/raft/autopilot/state", "storage/raft/configuration")


def compare_of(ways, path):
    if path not in OF_THE_NODE:
        return ways.same

    def statuses(method, path):
        first, second = (ask(node, method, path, token=node.root) for node in ways.nodes)
        assert first.status == second.status == 200 and sorted(first.json) == sorted(second.json), path
    return statuses


def test_methods_headers_and_bodies(ways):
    same = ways.same
    ways.nodes[0].good("POST", "/v1/sys/mounts/plain", {"type": "kv", "options": {"version": "1"}})
    for method in ("HEAD", "OPTIONS", "TRACE", "SCAN", "PURGE"):
        same(method, "/v1/plain/a")
        same(method, "/v1/sys/mounts")
    json_type = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b"\xff", b'{"a":1}{"b":2}', b'"text"', b'{"a":' * 400):
        same("POST", "/v1/plain/a", body, headers=json_type)
    same("POST", "/v1/plain/a", b"a=1&b=2", headers={"Content-Type": "application/x-www-form-urlencoded"})
    big = json.dumps({"k": "x" * 900_000}).encode()
    same("PUT", "/v1/plain/big-%way%", big, headers=json_type, status=204)
    same("GET", "/v1/plain/big-%way%", status=200)
    same("PUT", "/v1/plain/chunked-%way%", headers=json_type, chunks=[b'{"k":"', b"y" * 70_000, b'"}'], status=204)
    same("GET", "/v1/plain/chunked-%way%", status=200)
    same("PUT", "/v1/plain/too-big", json.dumps({"k": "x" * 1_500_000}).encode(), headers=json_type, status=413)
    same("PUT", "/v1/plain/far-too-big", json.dumps({"k": "x" * 2_000_000}).encode(), headers=json_type, status=413)
    same("GET", "/v1/plain/big-%way%", headers={"X-Vault-Namespace": "ns1"}, status=404)
    same("GET", "/v1/plain/big-%way%", headers={"X-Vault-Namespace": "root"}, status=200)
    same("GET", "/v1/plain/big-%way%", headers={"Accept-Encoding": "gzip"}, status=200)
    same("GET", "/v1/sys/mounts", headers={"X-Vault-Forward": "active-node"}, status=200)
    same("GET", "/v1/sys/mounts", headers={"X-Vault-Inconsistent": "forward-active-node"}, status=200)
    same("GET", "/v1/sys/mounts", headers={"X-Vault-Policy-Override": "true"}, status=200)
    same("GET", "/v1/sys/mounts", headers={"X-Vault-MFA": "x"})
    same("GET", "/", token=None)
    same("GET", "/v2/x", token=None)
    same("GET", "/v1/", token=None)
    same("GET", "/ui/", token=None)


def test_cross_origin_requests(ways):
    origin = "https://page.example.com"
    ways.nodes[1].good("POST", "/v1/sys/config/cors", {"enabled": True, "allowed_origins": [origin], "allowed_headers": ["X-Own"]})
    ways.same("GET", "/v1/sys/config/cors", status=200)
    preflight = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
    allowed, _ = ways.same("OPTIONS", "/v1/sys/mounts", token=None, headers=preflight, status=200)
    assert allowed.headers["access-control-allow-origin"] == origin
    read, _ = ways.same("GET", "/v1/sys/mounts", headers={"Origin": origin}, status=200)
    assert read.headers["access-control-allow-origin"] == origin
    ways.same("OPTIONS", "/v1/sys/mounts", token=None, headers={**preflight, "Origin": "https://other.example.com"}, status=403)
    ways.nodes[0].good("DELETE", "/v1/sys/config/cors")
    ways.same("OPTIONS", "/v1/sys/mounts", token=None, headers=preflight)


def test_who_does_not_want_to_be_forwarded_is_sent_on(ways):
    leader, standby = ways.nodes
    for header in ("1", "true", "yes"):
        headers = {"X-Vault-No-Request-Forwarding": header}
        told = ask(standby, "GET", "/v1/sys/mounts?a=b%20c", token=leader.root, headers=headers)
        assert told.status == 307 and told.headers["location"] == leader.address + "/v1/sys/mounts?a=b%20c"
    assert ask(leader, "GET", "/v1/sys/mounts", token=leader.root, headers={"X-Vault-No-Request-Forwarding": "1"}).status == 200


def test_what_a_node_says_of_itself_is_never_asked_of_another(ways):
    leader, standby = ways.nodes
    assert [ask(node, "GET", "/v1/sys/health").status for node in ways.nodes] == [200, 429]
    assert [ask(node, "GET", "/v1/sys/leader").json["is_self"] for node in ways.nodes] == [True, False]
    assert ask(standby, "GET", "/v1/sys/leader").json["leader_address"] == leader.address
    for node, active in zip(ways.nodes, (1, 0)):
        metrics = ask(node, "GET", "/v1/sys/metrics?format=prometheus", token=node.root).body.decode()
        assert any(line.startswith("vault_core_active") and line.endswith(f" {active}") for line in metrics.splitlines())
        assert ask(node, "GET", "/v1/sys/host-info", token=node.root).status == 200
        assert ask(node, "GET", "/v1/sys/host-info").status == 403
        config = ask(node, "GET", "/v1/sys/config/state/sanitized", token=node.root).json["data"]
        assert config["api_addr"] == node.address
    first, second = (ask(node, "GET", "/v1/sys/loggers", token=node.root) for node in ways.nodes)
    assert first.status == second.status == 200 and first.json["data"] == second.json["data"]


def test_the_log_is_streamed_by_the_node_that_was_asked(ways):
    for node in ways.nodes:
        streamed = http.client.HTTPSConnection(node.host, node.port, timeout=30, context=node.context())
        streamed.request("GET", "/v1/sys/monitor?log_level=debug", headers={"X-Vault-Token": node.root})
        response = streamed.getresponse()
        assert response.status == 200
        node.reload()
        # The connection's time limit ends a test in which it never comes.
        while b"reload" not in response.readline():
            pass
        streamed.close()


def test_a_leader_is_sealed_under_load(ways, three, tmp_path):
    leader, standby = ways.nodes
    log = tmp_path / "audit.log"
    leader.good("PUT", "/v1/sys/audit/file", {"type": "file", "options": {"file_path": str(log)}})
    leader.good("POST", "/v1/sys/mounts/load", {"type": "kv", "options": {"version": "1"}})
    stop = threading.Event()

    def client(number):
        node, answers = ways.nodes[number % 2], []
        while not stop.is_set():
            path = f"/v1/load/{number}/{len(answers)}"
            asked = ("PUT", path, {"v": 1}) if number < 4 else ("LIST", "/v1/sys/policies/acl")
            answer = ask(node, *asked, token=node.root)
            answers.append((node, path if number < 4 else None, answer))
        return answers

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(client, number) for number in range(8)]
        three.wait_for(lambda: log.stat().st_size > 150_000, "some load")
        leader.good("PUT", "/v1/sys/seal")
        left = [node for node in three.nodes if node is not leader]
        next_one = three.wait_leader(among=left)
        next_one.good("GET", "/v1/sys/mounts")
        stop.set()
        answers = [answer for client in clients for answer in client.result()]
    for node, written, answer in answers:
        # What had been carried out when the keys went can't be answered by another node.
        refused = answer.status == 503 and b"Vault is sealed" in answer.body
        assert answer.status in (200, 204) or refused and (node is leader or written), answer.body
    # What was answered was audited, by whichever node.
    audited = [json.loads(line)["request"]["path"] for line in log.read_text().splitlines() if '"type":"response"' in line]
    good = [path for _, path, answer in answers if path and answer.status == 204]
    assert len(good) > 10 and not {path.removeprefix("/v1/") for path in good} - set(audited)
    reads = sum(path is None and answer.status == 200 for _, path, answer in answers)
    assert 0 < reads <= audited.count("sys/policies/acl/")
    leader.unseal()
    three.wait_leader().good("DELETE", "/v1/sys/audit/file")
