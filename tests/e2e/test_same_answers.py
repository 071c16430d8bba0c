"""Requests that go to a reference server and to coffer, both in development mode: status, keys and types of the answers are
the same, and so are the values, but for those that no two servers share. What differs on purpose stands in EXTRA."""

import json
import os
import re
import subprocess

import pytest

from harness import Answer, Server, free_port, reference_binary

# Keys that only one side has, as README's list of differences says.
EXTRA = {
    # Vault's, not the reference's.
    "performance_standby", "build_date", "last_wal", "performance_standby_last_remote_wal",
    # The reference's, not Vault's.
    "commit_date",
}
# Values of their own, wherever they stand.
OWN = {
    "request_id", "accessor", "client_token", "id", "uuid", "entity_id", "token", "wrapping_accessor", "mount_accessor",
    "secret_id", "secret_id_accessor", "role_id", "creation_time", "expire_time", "issue_time", "created_time", "updated_time",
    "deletion_time", "last_renewal", "last_renewal_time", "last_updated_time", "ttl", "lease_id", "install_time", "version",
    "cluster_id", "cluster_name", "server_time_utc", "running_plugin_version", "plugin_version", "deprecation_status", "modified",
    "random_bytes", "password", "storage_type", "commit_date", "build_date", "local_secret_ids", "encryptions",
}


class Dev:
    """A development server with a known root token."""

    def __init__(self, binary, folder):
        self.port, self.root = free_port(), "root"
        self.log = open(folder / "server.log", "wb")
        self.certificates = None
        self.address = f"http://127.0.0.1:{self.port}"
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_"))}
        self.process = subprocess.Popen(
            [binary, "server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token",
             f"-dev-listen-address=127.0.0.1:{self.port}"],
            env={**clean, "HOME": str(folder)}, stdout=self.log, stderr=subprocess.STDOUT)
        self.captured = {}

    context, request, good, wait_active = Server.context, Server.request, Server.good, None

    def ready(self):
        import time

        deadline = time.monotonic() + 30
        while True:
            try:
                if self.request("GET", "/v1/sys/health").status == 200 and self.request("GET", "/v1/secret/config").status == 200:
                    return
            except OSError:
                pass
            assert self.process.poll() is None and time.monotonic() < deadline
            # There is no event for a port of another process.
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class Both:
    def __init__(self, ours, reference):
        self.servers = (ours, reference)
        self.differences = []

    def __call__(self, line, body=None, token=None, headers=None, values=True, keep=None, text=False):
        """`METHOD path` on both, `{name}` standing for what was kept; `keep` maps names to keys' paths in the answer."""
        seen, answers = [], []
        for server in self.servers:
            filled = lambda text: re.sub(r"\{(\w+)\}", lambda name: str(server.captured[name[1]]), text)
            method, path = filled(line).split(" ", 1)
            sent = None if body is None else json.loads(filled(json.dumps(body)))
            used = {"none": None, None: "root"}.get(token, token)
            answer = server.request(method, "/v1/" + path, sent, token=used and filled(used), headers=headers)
            answers.append(answer)
            for name, where in (keep or {}).items():
                value = answer.json
                for key in where.split("."):
                    value = value[int(key) if key.isdigit() else key]
                server.captured[name] = value
            try:
                content = answer.json
            except ValueError:
                content = answer.body.decode(errors="replace")
            seen.append((answer.status, shape(content, values, server)))
        if seen[0] != seen[1]:
            told = "\n".join(f"    {name:9} {status} {json.dumps(content, sort_keys=True)}"
                             for name, (status, content) in zip(("coffer", "reference"), seen))
            self.differences.append(f"{line} {json.dumps(body) if body is not None else ''}\n{told}")
        return answers

    def done(self):
        assert not self.differences, f"{len(self.differences)} differ:\n" + "\n".join(self.differences)


def shape(value, values, server, key=None):
    if isinstance(value, dict):
        return {unowned(k): shape(v, values, server, k) for k, v in sorted(value.items()) if k not in EXTRA}
    if isinstance(value, list):
        if key in OWN or not values:
            return [shape(each, values, server, key) for each in value[:1]]
        return [shape(each, values, server) for each in value]
    if value is None or isinstance(value, bool):
        return value
    if key in OWN or not values:
        # Whether it is empty says something, its content does not.
        return f"<{type(value).__name__}{'' if value else ' empty'}>"
    return unowned(value) if isinstance(value, str) else value


def unowned(text):
    for pattern, name in [
        (r"127\.0\.0\.1:\d+", "HOST"), (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
        (r"\b(hvs|s|hvb|b)\.[A-Za-z0-9_-]{20,}", "TOKEN"), (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"), (r"_[0-9a-f]{8}\b", "_HEX"),
        (r"\b[A-Za-z0-9]{24}\b", "ACCESSOR"), (r"\bh[0-9a-f]{64}\b", "LEASE"), (r"\b[0-9a-f]{64}\b", "HASH"),
        (r"[Oo]pen[Bb]ao|\bbao\b", "vault"), (r"\b\d+(\.\d+)?(µs|ms|ns)\b", "SPAN"),
    ]:
        text = re.sub(pattern, name, text)
    return text


@pytest.fixture(scope="module")
def servers(binary, tmp_path_factory):
    pair = [Dev(program, tmp_path_factory.mktemp(name)) for name, program in (("ours", binary), ("theirs", reference_binary()))]
    for server in pair:
        server.ready()
    yield pair
    for server in pair:
        server.stop()


@pytest.fixture
def both(servers):
    both = Both(*servers)
    yield both
    both.done()


def test_capabilities_by_accessor(both):
    both("POST sys/policies/acl/cap-a", {"policy": 'path "secret/data/a*" { capabilities = ["read", "create"] }\n'
                                                   'path "secret/data/ab" { capabilities = ["deny"] }'})
    both("POST sys/policies/acl/cap-b", {"policy": 'path "secret/data/+/x" { capabilities = ["list", "sudo"] }'})
    both("POST auth/token/create", {"policies": ["cap-a", "cap-b"]}, keep={"cap": "auth.accessor", "captoken": "auth.client_token"})
    for paths in (["secret/data/a"], ["secret/data/ab", "secret/data/abc"], ["secret/data/b/x", "sys/mounts"], [""], [], ["/secret/data/a"]):
        both("POST sys/capabilities-accessor", {"accessor": "{cap}", "paths": paths})
        both("POST sys/capabilities", {"token": "{captoken}", "paths": paths})
        both("POST sys/capabilities-self", {"paths": paths}, token="{captoken}")
    both("POST sys/capabilities-accessor", {"accessor": "{cap}", "path": "secret/data/a"})
    both("POST sys/capabilities-accessor", {"accessor": "{cap}"})
    both("POST sys/capabilities-accessor", {"accessor": "nothing", "paths": ["a"]})
    both("POST sys/capabilities-accessor", {"paths": ["a"]})
    both("POST sys/capabilities", {"token": "nothing", "paths": ["a"]})
    both("POST sys/capabilities", {"paths": ["a"]})
    both("POST sys/capabilities-self", {"paths": ["a"]}, token="none")


def test_leases_of_logins(both):
    both("POST sys/auth/people", {"type": "userpass"})
    both("POST auth/people/users/ann", {"password": "pw", "token_ttl": "1h", "token_max_ttl": "2h"})
    both("POST auth/people/users/bob", {"password": "pw", "token_type": "batch"})
    both("POST auth/people/users/cat", {"password": "pw", "token_period": "30m", "token_num_uses": 2})
    for who in ("ann", "bob", "cat"):
        both(f"POST auth/people/login/{who}", {"password": "pw"}, token="none", keep={who: "auth.client_token"})
        both("GET auth/token/lookup-self", token="{%s}" % who)
    both("LIST sys/leases/lookup/auth/people/login", values=False)
    both("LIST sys/leases/lookup/auth/people/login/ann", keep={"lease": "data.keys.0"}, values=False)
    both("LIST sys/leases/lookup/auth/people/login/bob")
    both("LIST sys/leases/lookup/nothing")
    both("POST sys/leases/lookup", {"lease_id": "auth/people/login/ann/{lease}"})
    both("PUT sys/leases/lookup", {"lease_id": "auth/people/login/ann/nothing"})
    both("POST sys/leases/lookup", {})
    both("POST sys/leases/renew", {"lease_id": "auth/people/login/ann/{lease}", "increment": 60})
    both("POST sys/leases/renew/auth/people/login/ann/{lease}", {})
    both("POST sys/leases/renew", {"lease_id": "nothing"})
    both("POST sys/leases/renew", {})
    both("POST auth/token/renew", {"token": "{ann}", "increment": "90m"})
    both("POST auth/token/renew", {"token": "{ann}", "increment": "9h"}, values=False)
    both("POST auth/token/renew", {"token": "{bob}"})
    both("POST auth/token/renew-self", {}, token="{bob}")
    both("POST sys/leases/revoke", {"lease_id": "auth/people/login/ann/{lease}"})
    both("POST auth/token/lookup", {"token": "{ann}"})
    both("POST sys/leases/revoke", {"lease_id": "nothing", "sync": True})
    both("POST sys/leases/revoke", {})
    both("POST auth/people/login/ann", {"password": "pw"}, token="none", keep={"ann": "auth.client_token"})
    both("POST sys/leases/revoke-prefix/auth/people/login", {"sync": True})
    both("GET auth/token/lookup-self", token="{ann}")
    both("POST sys/leases/revoke-force/auth/people/login")
    both("POST sys/leases/revoke-prefix/nothing")
    both("POST sys/leases/tidy")
    both("GET sys/leases/count?type=irrevocable")
    both("GET sys/leases?type=irrevocable")
    both("GET sys/leases")
    both("GET sys/leases/count")


def test_userpass(both):
    both("POST sys/auth/up", {"type": "userpass"})
    both("POST auth/up/users/ann", {"password": "pw", "token_policies": "a,b", "token_bound_cidrs": "127.0.0.0/8",
                                    "token_no_default_policy": True, "token_explicit_max_ttl": "3h"})
    both("GET auth/up/users/ann")
    both("POST auth/up/users/ann/policies", {"token_policies": ["c"]})
    both("GET auth/up/users/ann")
    both("POST auth/up/users/ann/policies", {"policies": "d"})
    both("GET auth/up/users/ann")
    both("POST auth/up/users/ann/password", {"password": "new"})
    both("POST auth/up/users/ann/password", {})
    both("POST auth/up/users/nobody/password", {"password": "x"})
    both("POST auth/up/users/nobody/policies", {"policies": "x"})
    both("POST auth/up/login/ann", {"password": "new"}, token="none")
    both("POST auth/up/login/ANN", {"password": "new"}, token="none")
    both("POST auth/up/login/ann", {"password": "pw"}, token="none")
    both("POST auth/up/login/ann", {}, token="none")
    both("POST auth/up/login/nobody", {"password": "pw"}, token="none")
    both("POST auth/up/users/empty", {})
    both("POST auth/up/users/bad", {"password": "pw", "token_ttl": "3h", "token_max_ttl": "1h"})
    both("POST auth/up/users/bad", {"password": "pw", "token_type": "odd"})
    both("POST auth/up/users/bad", {"password": "pw", "token_bound_cidrs": "nothing"})
    both("POST auth/up/users/far", {"password": "pw", "token_bound_cidrs": "10.0.0.0/8"})
    both("POST auth/up/login/far", {"password": "pw"}, token="none")
    both("LIST auth/up/users")
    both("LIST auth/up/users?after=ann&limit=1")
    both("DELETE auth/up/users/ann")
    both("DELETE auth/up/users/ann")
    both("GET auth/up/users/ann")
    both("GET auth/up/nothing")
    both("DELETE sys/auth/up")
    both("GET auth/up/users/ann")


def test_token_roles(both):
    both("POST auth/token/roles/all", {
        "allowed_policies": "a,b", "disallowed_policies": ["c"], "allowed_policies_glob": "d*", "disallowed_policies_glob": "e*",
        "orphan": True, "renewable": False, "path_suffix": "suffix", "token_explicit_max_ttl": "1h", "token_period": "10m",
        "token_bound_cidrs": ["127.0.0.1"], "token_num_uses": 3, "token_type": "default-service", "token_no_default_policy": True,
        "allowed_entity_aliases": ["one", "two*"],
    })
    both("GET auth/token/roles/all")
    both("POST auth/token/roles/all", {"explicit_max_ttl": 60, "period": 20})
    both("GET auth/token/roles/all")
    both("POST auth/token/roles/plain", {})
    both("GET auth/token/roles/plain")
    for wrong in ({"token_type": "odd"}, {"path_suffix": "../x"}, {"token_period": "-1s"}, {"token_bound_cidrs": "x"},
                  {"orphan": "maybe"}, {"token_num_uses": -1}, {"token_explicit_max_ttl": "x"}, {"token_type": "batch", "orphan": True}):
        both("POST auth/token/roles/wrong", wrong)
    both("LIST auth/token/roles")
    both("LIST auth/token/roles?after=all")
    both("POST auth/token/create/all", {"policies": ["a"]}, keep={"of_role": "auth.client_token"})
    both("GET auth/token/lookup-self", token="{of_role}")
    for asked in ({"policies": ["c"]}, {"policies": ["dd"]}, {"policies": ["ee"]}, {}, {"policies": ["a"], "entity_alias": "one"},
                  {"policies": ["a"], "entity_alias": "three"}, {"policies": ["root"]}, {"policies": ["a"], "num_uses": 9},
                  {"policies": ["a"], "type": "batch"}, {"policies": ["a"], "id": "chosen-id"}, {"policies": ["a"], "period": "5m"}):
        both("POST auth/token/create/all", asked)
    both("POST auth/token/create/plain", {"entity_alias": "one"})
    both("POST auth/token/create/nothing", {})
    both("POST auth/token/create-orphan", {"policies": ["a"], "meta": {"a": "b"}, "display_name": "odd name!"})
    both("POST auth/token/create", {"policies": ["a"], "meta": {"a": 1}})
    both("POST auth/token/create", {"id": "with.dot"})
    both("POST auth/token/create", {"id": "chosen"})
    both("POST auth/token/create", {"id": "chosen"})
    both("POST auth/token/create", {"type": "batch", "num_uses": 2})
    both("POST auth/token/create", {"type": "batch", "period": "1h"})
    both("POST auth/token/create", {"type": "batch", "explicit_max_ttl": "1h", "policies": ["a"]})
    both("POST auth/token/create", {"lease": "1h", "policies": ["a"], "no_default_policy": True})
    both("POST auth/token/create", {"ttl": "1h", "explicit_max_ttl": "30m", "policies": ["a"]})
    both("POST auth/token/create", {"ttl": "99999h", "policies": ["a"]})
    both("POST auth/token/create", {"policies": ["A", " a ", "a", "default"]})
    both("DELETE auth/token/roles/all")
    both("GET auth/token/roles/all")
    both("DELETE auth/token/roles/all")
    both("POST auth/token/tidy")
    both("LIST auth/token/accessors", values=False)


def test_approle_and_its_fields(both):
    both("POST sys/auth/approle", {"type": "approle"})
    both("POST auth/approle/role/web", {
        "bind_secret_id": True, "secret_id_bound_cidrs": ["127.0.0.0/8"], "secret_id_num_uses": 5, "secret_id_ttl": "1h",
        "token_ttl": "10m", "token_max_ttl": "20m", "token_policies": ["a"], "token_period": 0, "token_bound_cidrs": "127.0.0.1/32",
        "token_num_uses": 7, "token_type": "service", "token_no_default_policy": False, "local_secret_ids": False,
    })
    both("GET auth/approle/role/web")
    fields = {
        "policies": {"token_policies": "x,y"}, "bind-secret-id": {"bind_secret_id": False},
        "secret-id-num-uses": {"secret_id_num_uses": 2}, "secret-id-ttl": {"secret_id_ttl": "30m"},
        "secret-id-bound-cidrs": {"secret_id_bound_cidrs": ["127.0.0.0/16"]}, "token-ttl": {"token_ttl": "5m"},
        "token-max-ttl": {"token_max_ttl": "15m"}, "token-num-uses": {"token_num_uses": 1}, "period": {"token_period": "1m"},
        "token-bound-cidrs": {"token_bound_cidrs": "127.0.0.0/24"}, "bound-cidr-list": {"bound_cidr_list": "127.0.0.0/8"},
        "local-secret-ids": None, "role-id": {"role_id": "chosen-role-id"},
    }
    for field, value in fields.items():
        both(f"GET auth/approle/role/web/{field}")
        if value:
            both(f"POST auth/approle/role/web/{field}", value)
            both(f"GET auth/approle/role/web/{field}")
            both(f"POST auth/approle/role/web/{field}", {})
            both(f"POST auth/approle/role/nothing/{field}", value)
        both(f"GET auth/approle/role/nothing/{field}")
    both("GET auth/approle/role/web")
    for field in fields:
        both(f"DELETE auth/approle/role/web/{field}")
        both(f"GET auth/approle/role/web/{field}")
    both("GET auth/approle/role/web")
    for wrong in ({"token_ttl": "2h", "token_max_ttl": "1h"}, {"token_type": "odd"}, {"secret_id_num_uses": -1},
                  {"secret_id_bound_cidrs": "x"}, {"bind_secret_id": False}, {"token_type": "batch", "token_num_uses": 2}):
        both("POST auth/approle/role/wrong", wrong)
    both("LIST auth/approle/role")
    both("POST auth/approle/role/one", {"secret_id_num_uses": 2, "role_id": "fixed"})
    both("POST auth/approle/role/two", {"role_id": "fixed"})
    both("GET auth/approle/role/one/role-id")
    both("POST auth/approle/role/one/secret-id", {"metadata": '{"a":"b"}', "cidr_list": ["127.0.0.0/8"], "ttl": "10m", "num_uses": 1},
         keep={"sid": "data.secret_id", "said": "data.secret_id_accessor"})
    both("POST auth/approle/role/one/secret-id", {"metadata": {"a": "b"}})
    both("POST auth/approle/role/one/secret-id", {"metadata": "nonsense"})
    both("POST auth/approle/role/one/secret-id", {"cidr_list": ["nonsense"]})
    both("POST auth/approle/role/one/secret-id", {"token_bound_cidrs": ["127.0.0.1/32"], "num_uses": 9})
    both("POST auth/approle/role/one/custom-secret-id", {"secret_id": "of-my-own"})
    both("POST auth/approle/role/one/custom-secret-id", {"secret_id": "of-my-own"})
    both("POST auth/approle/role/one/custom-secret-id", {})
    both("LIST auth/approle/role/one/secret-id", values=False)
    both("POST auth/approle/role/one/secret-id/lookup", {"secret_id": "{sid}"})
    both("POST auth/approle/role/one/secret-id/lookup", {"secret_id": "nothing"})
    both("POST auth/approle/role/one/secret-id/lookup", {})
    both("POST auth/approle/role/one/secret-id-accessor/lookup", {"secret_id_accessor": "{said}"})
    both("POST auth/approle/role/one/secret-id-accessor/lookup", {"secret_id_accessor": "nothing"})
    both("POST auth/approle/login", {"role_id": "fixed", "secret_id": "{sid}"}, token="none", keep={"web": "auth.client_token"})
    both("GET auth/token/lookup-self", token="{web}")
    both("POST auth/approle/login", {"role_id": "fixed", "secret_id": "{sid}"}, token="none")
    both("POST auth/approle/login", {"role_id": "fixed", "secret_id": "of-my-own"}, token="none")
    both("POST auth/approle/login", {"role_id": "fixed"}, token="none")
    both("POST auth/approle/login", {"role_id": "nothing", "secret_id": "x"}, token="none")
    both("POST auth/approle/login", {}, token="none")
    both("POST auth/approle/role/one/secret-id/destroy", {"secret_id": "of-my-own"})
    both("POST auth/approle/role/one/secret-id/destroy", {"secret_id": "of-my-own"})
    both("DELETE auth/approle/role/one/secret-id-accessor/destroy", {"secret_id_accessor": "nothing"})
    both("POST auth/approle/role/one/secret-id-accessor/destroy", {})
    both("POST auth/approle/tidy/secret-id")
    both("DELETE auth/approle/role/one")
    both("DELETE auth/approle/role/one")
    both("GET auth/approle/role/one")


def test_cubbyholes(both):
    both("POST auth/token/create", {"policies": ["default"]}, keep={"mine": "auth.client_token"})
    both("POST auth/token/create", {"policies": ["default"]}, keep={"other": "auth.client_token"})
    both("GET cubbyhole/a", token="{mine}")
    both("POST cubbyhole/a", {"x": 1, "y": [1.5, None, {"z": "w"}]}, token="{mine}")
    both("POST cubbyhole/a/b/c", {"x": "1"}, token="{mine}")
    both("GET cubbyhole/a", token="{mine}")
    both("GET cubbyhole/a", token="{other}")
    both("GET cubbyhole/a")
    both("LIST cubbyhole/", token="{mine}")
    both("LIST cubbyhole/a", token="{mine}")
    both("LIST cubbyhole/nothing", token="{mine}")
    both("LIST cubbyhole/?limit=1", token="{mine}")
    both("POST cubbyhole/a", {}, token="{mine}")
    both("GET cubbyhole/a", token="{mine}")
    both("PATCH cubbyhole/a", {"x": 2}, token="{mine}", headers={"Content-Type": "application/merge-patch+json"})
    both("DELETE cubbyhole/a", token="{mine}")
    both("DELETE cubbyhole/a", token="{mine}")
    both("POST cubbyhole/", {"x": 1}, token="{mine}")
    both("POST cubbyhole", {"x": 1}, token="{mine}")
    both("GET cubbyhole", token="{mine}")
    both("GET cubbyhole/?help=1")
    both("POST auth/token/create", {"type": "batch", "policies": ["default"]}, keep={"batch": "auth.client_token"})
    both("POST cubbyhole/a", {"x": 1}, token="{batch}")
    both("GET cubbyhole/a", token="{batch}")
    both("POST sys/mounts/cubbyhole/tune", {"description": "x"})
    both("DELETE sys/mounts/cubbyhole")
    both("POST sys/mounts/another", {"type": "cubbyhole"})


PATCH = {"Content-Type": "application/merge-patch+json"}


def test_kv_version_2_edges(both):
    both("POST sys/mounts/two", {"type": "kv", "options": {"version": "2"}})
    both("GET two/config")
    both("POST two/config", {"max_versions": 3, "cas_required": True, "delete_version_after": "90m"})
    both("GET two/config")
    both("POST two/config", {"delete_version_after": "-1s"})
    both("POST two/config", {"delete_version_after": "x"})
    both("POST two/config", {"max_versions": -1})
    both("POST two/data/a", {"data": {"x": 1}})
    both("POST two/data/a", {"data": {"x": 1}, "options": {"cas": 0}})
    both("GET two/data/a")
    both("GET two/metadata/a")
    both("POST two/config", {"max_versions": 0, "cas_required": False, "delete_version_after": "0s"})
    for count in range(4):
        both("POST two/data/many", {"data": {"count": count, "nested": {"a": {"b": {"c": [1, 2]}, "d": None}}}})
    for query in ("", "?version=0", "?version=2", "?version=9", "?version=x", "?version=-1", "?version="):
        both(f"GET two/data/many{query}")
    for depth in ("", "?depth=0", "?depth=1", "?depth=2", "?depth=9", "?depth=-1", "?depth=x", "?version=1&depth=1", "?version=77"):
        both(f"GET two/subkeys/many{depth}")
    both("GET two/subkeys/nothing")
    both("PATCH two/data/many", {"data": {"nested": {"a": {"d": 5, "b": None}}, "count": None}}, headers=PATCH)
    both("GET two/data/many")
    both("PATCH two/data/many", {"data": {"x": 1}, "options": {"cas": 1}}, headers=PATCH)
    both("PATCH two/data/many", {"data": {"x": 1}, "options": {"cas": 5}}, headers=PATCH)
    both("PATCH two/data/many", {}, headers=PATCH)
    both("PATCH two/data/many", {"data": None}, headers=PATCH)
    both("PATCH two/data/many", {"data": {"x": 2}})
    both("PATCH two/data/nothing", {"data": {"x": 1}}, headers=PATCH)
    both("DELETE two/data/many")
    both("GET two/data/many")
    both("GET two/subkeys/many")
    both("PATCH two/data/many", {"data": {"x": 1}}, headers=PATCH)
    both("POST two/undelete/many", {"versions": [6]})
    both("POST two/undelete/many", {"versions": ["6", "77"]})
    both("POST two/undelete/many", {})
    both("POST two/delete/many", {"versions": [1, 2]})
    both("POST two/delete/many", {"versions": []})
    both("PUT two/destroy/many", {"versions": "3,4"})
    both("GET two/data/many?version=3")
    both("GET two/data/many?version=1")
    both("GET two/metadata/many")
    both("PATCH two/metadata/many", {"custom_metadata": {"a": "b"}}, headers=PATCH)
    both("PATCH two/metadata/many", {"custom_metadata": {"a": None, "c": "d"}, "max_versions": 2, "delete_version_after": "10m"}, headers=PATCH)
    both("PATCH two/metadata/many", {"custom_metadata": {"a": 1}}, headers=PATCH)
    both("PATCH two/metadata/nothing", {"custom_metadata": {"a": "b"}}, headers=PATCH)
    both("GET two/metadata/many")
    both("POST two/metadata/many", {"custom_metadata": {"k" * 129: "v"}})
    both("POST two/metadata/many", {"custom_metadata": {"k": "v" * 513}})
    both("POST two/metadata/many", {"custom_metadata": {str(number): "v" for number in range(65)}})
    both("POST two/metadata/many", {"custom_metadata": {"": "v"}})
    both("POST two/metadata/many", {"custom_metadata": {"k": ""}})
    both("POST two/metadata/many", {"custom_metadata": {"k": "a\u0000b"}})
    both("POST two/metadata/fresh", {"cas_required": True, "max_versions": 1, "delete_version_after": "1h"})
    both("GET two/metadata/fresh")
    both("GET two/data/fresh")
    both("POST two/data/fresh", {"data": {"x": 1}})
    both("POST two/data/fresh", {"data": {"x": 1}, "options": {"cas": 0}})
    both("POST two/data/fresh", {"data": {"x": 2}, "options": {"cas": 1}})
    both("GET two/data/fresh?version=1")
    both("POST two/metadata/fresh", {"delete_version_after": "-3s"})
    for name in ("list/a", "list/b", "list/c/d", "list/e"):
        both(f"POST two/data/{name}", {"data": {}})
    for query in ("", "?limit=2", "?after=a", "?after=b&limit=1", "?after=zzz", "?limit=0", "?limit=-1", "?limit=x", "?after=c"):
        both(f"LIST two/metadata/list{query}")
    both("GET two/metadata/list?list=true")
    both("GET two/metadata/list/?list=1")
    both("LIST two/detailed-metadata/list")
    both("LIST two/detailed-metadata/list?limit=1&after=a")
    both("LIST two/metadata/nothing")
    both("LIST two/data/list")
    both("DELETE two/metadata/many")
    both("GET two/metadata/many")
    both("DELETE two/metadata/many")
    both("POST two/data/", {"data": {}})
    both("POST two/data/wrong", {"dat": {}})
    both("POST two/data/wrong", {"data": {}, "options": {"cas": -1}})
    both("POST two/data/wrong", {"data": {}, "options": {"cas": "0"}})
    both("POST two/data/wrong", {"data": {}, "options": {"unknown": 1}})
    both("GET two/nothing")
    both("GET two/")
    both("POST two/x", {"a": "b"})


def test_wrapping_edges(both):
    wrap = {"X-Vault-Wrap-TTL": "5m"}
    both("POST secret/data/w", {"data": {"a": "b"}})
    both("GET secret/data/w", headers=wrap, keep={"w": "wrap_info.token", "wa": "wrap_info.accessor"})
    both("POST sys/wrapping/lookup", {"token": "{w}"}, token="none")
    both("GET sys/wrapping/lookup", token="{w}")
    both("GET auth/token/lookup-self", token="{w}")
    both("GET secret/data/w", token="{w}")
    both("POST auth/token/lookup-accessor", {"accessor": "{wa}"})
    both("POST sys/wrapping/rewrap", {"token": "{w}"}, keep={"w2": "wrap_info.token"})
    both("POST sys/wrapping/unwrap", {"token": "{w}"})
    both("POST sys/wrapping/unwrap", {"token": "{w2}"}, token="none")
    both("POST sys/wrapping/unwrap", {"token": "{w2}"})
    both("POST sys/wrapping/unwrap", {})
    both("POST sys/wrapping/unwrap", {"token": "root"})
    both("POST sys/wrapping/lookup", {"token": "nothing"})
    both("POST sys/wrapping/lookup", {})
    both("POST sys/wrapping/rewrap", {"token": "nothing"})
    both("POST sys/wrapping/wrap", {"a": {"b": [1]}})
    both("POST sys/wrapping/wrap", {"a": {"b": [1]}}, headers=wrap, keep={"w": "wrap_info.token"})
    both("POST sys/wrapping/unwrap", token="{w}")
    for ttl in ("60", "1h", "0", "-5s", "x", "", "1.5h"):
        both("GET sys/mounts", headers={"X-Vault-Wrap-TTL": ttl}, values=False)
    both("GET secret/data/w", headers={**wrap, "X-Vault-Wrap-Format": "jwt"}, values=False)
    both("LIST secret/metadata", headers=wrap)
    both("GET secret/data/nothing", headers=wrap)
    both("POST secret/data/w", {"data": {"a": "c"}}, headers=wrap)
    both("POST auth/token/create", {"policies": ["default"]}, headers=wrap, keep={"w": "wrap_info.token"})
    both("POST sys/wrapping/unwrap", {"token": "{w}"})
    both("POST sys/policies/acl/must-wrap", {"policy": 'path "secret/data/*" { capabilities = ["read"]\n'
                                                       'min_wrapping_ttl = "1m"\nmax_wrapping_ttl = "10m" }'})
    both("POST auth/token/create", {"policies": ["must-wrap"]}, keep={"mw": "auth.client_token"})
    for ttl in (None, "30s", "1m", "5m", "11m"):
        both("GET secret/data/w", token="{mw}", headers={"X-Vault-Wrap-TTL": ttl} if ttl else None)


def test_quotas(both):
    both("GET sys/quotas/config")
    both("POST sys/quotas/config", {"enable_rate_limit_audit_logging": True, "enable_rate_limit_response_headers": True,
                                    "rate_limit_exempt_paths": ["sys/health", "secret/x"]})
    both("GET sys/quotas/config")
    both("POST sys/quotas/rate-limit/one", {"rate": 1000, "interval": "2m", "path": "secret/", "block_interval": "10s"})
    both("GET sys/quotas/rate-limit/one")
    both("POST sys/quotas/rate-limit/one", {"rate": 2000})
    both("GET sys/quotas/rate-limit/one")
    for wrong in ({}, {"rate": 0}, {"rate": -1}, {"rate": 5, "path": "nothing/"}, {"rate": 5, "interval": "-1s"}, {"rate": "x"},
                  {"rate": 5, "path": "secret/", "interval": "1s"}, {"rate": 5, "type": "odd"}, {"rate": 5, "role": "x"}):
        both("POST sys/quotas/rate-limit/wrong", wrong)
    both("POST sys/quotas/rate-limit/all", {"rate": 10000})
    both("LIST sys/quotas/rate-limit")
    both("GET sys/quotas/rate-limit/nothing")
    both("DELETE sys/quotas/rate-limit/one")
    both("DELETE sys/quotas/rate-limit/all")
    both("DELETE sys/quotas/rate-limit/wrong")
    both("DELETE sys/quotas/rate-limit/nothing")
    both("LIST sys/quotas/rate-limit")
    both("POST sys/quotas/config", {"rate_limit_exempt_paths": []})
    both("GET sys/quotas/config")


def test_password_policies(both):
    good = 'length = 20\nrule "charset" {\n  charset = "abcde"\n  min-chars = 2\n}\nrule "charset" { charset = "0123456789" }'
    both("POST sys/policies/password/pp", {"policy": good})
    both("GET sys/policies/password/pp")
    both("GET sys/policies/password/pp/generate")
    both("LIST sys/policies/password")
    for wrong in ({}, {"policy": ""}, {"policy": "length = 2"}, {"policy": 'length = 20'}, {"policy": 'rule "charset" { charset = "a" }'},
                  {"policy": 'length = 20\nrule "odd" {}'}, {"policy": 'length = 20\nrule "charset" { charset = "" }'}, {"policy": "{{{"},
                  {"policy": 'length = 5\nrule "charset" { charset = "a"\nmin-chars = 9 }'}, {"policy": good.replace("20", "x")}):
        both("POST sys/policies/password/wrong", wrong)
    both("GET sys/policies/password/nothing")
    both("GET sys/policies/password/nothing/generate")
    both("DELETE sys/policies/password/pp")
    both("DELETE sys/policies/password/pp")


def test_acl_policies(both):
    both("POST sys/policy/old", {"policy": 'path "a" { policy = "write" }'})
    both("GET sys/policy/old")
    both("GET sys/policies/acl/old")
    both("GET sys/policy")
    both("LIST sys/policies/acl")
    both("POST sys/policy/old", {"rules": 'path "a" { policy = "sudo" }'})
    for wrong in ("path", 'path "a" { capabilities = "read" }', 'path "a" { capabilities = ["read", "read", "odd"] }',
                  'path "a*b" { capabilities = ["read"] }', 'path "a" { odd = 1 }', 'odd "a" {}', 'path "+*" { capabilities = ["read"] }',
                  'path "a" { policy = "odd" }', 'path "a" { min_wrapping_ttl = "x" }', 'path "a" { capabilities = ["deny", "read"] }',
                  '{"path": {"a": {"capabilities": ["read"]}}}', 'path "a" { allowed_parameters = { "x" = [] } capabilities=["update"] }', ""):
        both("POST sys/policies/acl/wrong", {"policy": wrong})
        both("GET sys/policies/acl/wrong")
    both("POST sys/policies/acl/root", {"policy": 'path "a" {}'})
    both("POST sys/policies/acl/response-wrapping", {"policy": 'path "a" {}'})
    both("DELETE sys/policies/acl/default")
    both("DELETE sys/policies/acl/root")
    both("GET sys/policies/acl/root")
    both("GET sys/policies/acl/response-wrapping")
    both("DELETE sys/policies/acl/nothing")
    both("POST sys/policies/acl/b64", {"policy": "cGF0aCAiYSIgeyBjYXBhYmlsaXRpZXMgPSBbInJlYWQiXSB9"})
    both("GET sys/policies/acl/b64")


def test_browsers(both):
    both("GET sys/config/cors")
    both("POST sys/config/cors", {"allowed_origins": "https://one.example.com,https://two.example.com", "allowed_headers": "X-Mine"})
    both("GET sys/config/cors", values=False)
    both("POST sys/config/cors", {})
    both("POST sys/config/cors", {"allowed_origins": "*,https://x.example.com"})
    for origin in ("https://one.example.com", "https://other.example.com"):
        answers = both("OPTIONS sys/health", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}, token="none")
        allowed = [answer.headers.get("Access-Control-Allow-Origin") for answer in answers]
        assert allowed[0] == allowed[1]
        both("GET sys/mounts/secret", headers={"Origin": origin}, values=False)
    both("DELETE sys/config/cors")
    both("GET sys/config/cors")
    both("GET sys/config/ui/headers")
    both("POST sys/config/ui/headers/X-Mine", {"values": ["a", "b"]})
    both("GET sys/config/ui/headers/X-Mine")
    both("GET sys/config/ui/headers/X-Mine?multivalue=true")
    both("LIST sys/config/ui/headers")
    both("DELETE sys/config/ui/headers/X-Mine")
    both("GET sys/config/ui/headers/X-Mine")
    both("GET sys/config/auditing/request-headers")
    both("POST sys/config/auditing/request-headers/X-Mine", {"hmac": True})
    both("GET sys/config/auditing/request-headers/X-Mine")
    both("GET sys/config/auditing/request-headers/x-nothing")
    both("GET sys/config/auditing/request-headers")
    both("DELETE sys/config/auditing/request-headers/X-Mine")


def test_mounts_for_people(both):
    both("GET sys/internal/ui/mounts", values=False)
    both("GET sys/internal/ui/mounts", token="none")
    both("POST sys/mounts/secret/tune", {"listing_visibility": "unauth"})
    both("GET sys/internal/ui/mounts", token="none")
    both("POST sys/mounts/secret/tune", {"listing_visibility": "hidden"})
    both("GET sys/internal/ui/mounts/secret")
    both("GET sys/internal/ui/mounts/secret/a/b")
    both("GET sys/internal/ui/mounts/nothing")
    both("GET sys/internal/ui/mounts/secret", token="none")
    both("POST auth/token/create", {"policies": ["default"]}, keep={"default": "auth.client_token"})
    both("GET sys/internal/ui/mounts/secret", token="{default}")
    both("GET sys/internal/ui/resultant-acl", token="{default}")
    both("GET sys/internal/ui/resultant-acl")
    both("GET sys/internal/ui/resultant-acl", token="none")
    both("GET sys/internal/ui/namespaces")
    both("GET sys/internal/counters/entities")
    both("GET sys/internal/counters/tokens")
    both("GET sys/internal/counters/requests")
    both("GET sys/internal/ui/feature-flags", token="none")
    both("GET sys/mounts/secret")
    both("GET sys/mounts/nothing")
    both("GET sys/mounts/secret/tune")
    both("GET sys/auth/token/tune")
    both("GET sys/auth/token")
    both("POST sys/mounts/tuned", {"type": "kv", "local": True, "seal_wrap": False, "config": {
        "default_lease_ttl": "1h", "max_lease_ttl": "2h", "force_no_cache": True, "audit_non_hmac_request_keys": ["a"],
        "audit_non_hmac_response_keys": "b", "listing_visibility": "unauth", "passthrough_request_headers": ["X-A"],
        "allowed_response_headers": ["X-B"]}})
    both("GET sys/mounts/tuned")
    both("GET sys/mounts/tuned/tune")
    both("POST sys/mounts/tuned/tune", {"max_lease_ttl": "30m", "default_lease_ttl": "45m"})
    both("POST sys/mounts/tuned/tune", {"listing_visibility": "odd"})
    both("POST sys/mounts/tuned/tune", {"options": {"version": "2"}})
    both("GET sys/mounts/tuned")
    both("POST sys/mounts/tuned/tune", {"token_type": "batch"})
    both("POST sys/mounts/tuned/tune", {"description": "", "allowed_response_headers": []})
    both("GET sys/mounts/tuned/tune")
    both("POST sys/remount", {"from": "tuned", "to": "other/place"}, values=False)
    both("POST sys/remount", {"from": "sys", "to": "x"})
    both("POST sys/remount", {"from": "nothing", "to": "x"})
    both("GET sys/remount/status/nothing")
    for path, body in (("a/b", {"type": "odd"}), ("sys/x", {"type": "kv"}), ("secret", {"type": "kv"}), ("secret/below", {"type": "kv"}),
                       ("x", {}), ("x", {"type": "kv", "config": {"default_lease_ttl": "x"}}), ("auth/x", {"type": "kv"}),
                       ("x", {"type": "kv", "config": {"default_lease_ttl": "2h", "max_lease_ttl": "1h"}}), ("identity", {"type": "kv"}),
                       ("x", {"type": "kv", "options": {"version": "3"}}), ("x", {"type": "kv", "plugin_version": "v9.9.9"})):
        both(f"POST sys/mounts/{path}", body)


def test_rotation_and_keys(both):
    both("GET sys/key-status")
    both("GET sys/rotate/config")
    both("POST sys/rotate/config", {"max_operations": 2000000, "interval": "48h", "enabled": True})
    both("GET sys/rotate/config")
    for wrong in ({"max_operations": 1}, {"interval": "1s"}, {"max_operations": -1}, {"enabled": "x"}, {"max_operations": 2**40}):
        both("POST sys/rotate/config", wrong)
    both("POST sys/rotate")
    both("GET sys/key-status")
    both("GET sys/rotate/config")
    both("GET sys/seal-status", values=False)
    both("GET sys/leader", values=False)
    both("GET sys/ha-status", values=False)
    both("GET sys/init", token="none")


def test_tools(both):
    for path, body in (("random", {}), ("random/8", {}), ("random/8", {"format": "hex"}), ("random", {"bytes": 4, "format": "odd"}),
                       ("random/0", {}), ("random/-1", {}), ("random/99999999", {}), ("random/x", {}), ("random/8/platform", {}),
                       ("random/platform/8", {}), ("random/seal", {}), ("random", {"source": "odd"})):
        both(f"POST sys/tools/{path}", body)
    for algorithm in ("sha2-224", "sha2-256", "sha2-384", "sha2-512", "sha3-224", "sha3-256", "sha3-384", "sha3-512", "md5"):
        both(f"POST sys/tools/hash/{algorithm}", {"input": "aGVsbG8="})
    both("POST sys/tools/hash", {"input": "aGVsbG8=", "algorithm": "sha2-512", "format": "base64"})
    both("POST sys/tools/hash", {"input": "aGVsbG8=", "format": "odd"})
    both("POST sys/tools/hash", {"input": "no base64!"})
    both("POST sys/tools/hash", {})


def test_the_rest_of_sys(both):
    for path in ("sys/health?standbyok=true", "sys/health?activecode=299", "sys/health?activecode=x"):
        both(f"GET {path}", token="none", values=False)
    both("HEAD sys/health", token="none")
    both("GET sys/version-history", values=False)
    both("LIST sys/version-history", values=False)
    both("GET sys/host-info", values=False)
    both("GET sys/in-flight-req", values=False)
    both("GET sys/loggers", values=False)
    both("POST sys/loggers", {"level": "odd"})
    both("POST sys/loggers/nothing", {"level": "debug"})
    both("POST sys/loggers", {"level": "debug"})
    both("DELETE sys/loggers")
    both("GET sys/plugins/catalog/auth/userpass")
    both("GET sys/plugins/catalog/secret/nothing")
    both("GET sys/plugins/catalog/odd/x")
    both("GET sys/audit")
    both("POST sys/audit/one", {"type": "odd"})
    both("POST sys/audit-hash/nothing", {"input": "x"})
    both("GET sys/generate-root/attempt", token="none")
    both("GET sys/rekey/init")
    both("GET sys/rekey/backup")
    both("DELETE sys/rekey/backup")
    both("GET sys/rekey/verify")
    both("GET sys/locked-users")
    both("GET sys/namespaces")
    both("GET sys/raw/core")
    both("GET sys/nothing")
    both("POST sys/mounts", {})
    both("DELETE sys/health")
    both("GET sys/mounts?help=1", values=False)
    both("GET identity/entity/id?list=true", values=False)
    both("GET nothing/x")
    both("GET ../sys/mounts")
    both("GET auth/nothing/x")
    both("GET sys/metrics?format=odd")
