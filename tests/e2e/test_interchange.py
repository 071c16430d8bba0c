"""A snapshot of the reference server is restored here and opens with its own keys, and the other way round."""

import time

import pytest
from harness import DEADLINE, Cli, Server, reference_binary


class Reference(Server):
    """One node of the reference server on Raft storage; its configuration names what it knows."""

    def write_config(self, extra="", listener=""):
        self.data.mkdir(exist_ok=True)
        self.config.write_text(f"""
storage "raft" {{
  path = "{self.data}"
  node_id = "reference"
  performance_multiplier = 1
}}
listener "tcp" {{
  address = "127.0.0.1:{self.port}"
  cluster_address = "127.0.0.1:{self.cluster_port}"
  tls_disable = true
}}
api_addr = "{self.address}"
cluster_addr = "https://127.0.0.1:{self.cluster_port}"
""")


@pytest.fixture
def reference(tmp_path):
    folder = tmp_path / "reference"
    folder.mkdir()
    server = Reference(reference_binary(), folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own(binary, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    server = Server(binary, folder)
    server.start()
    yield server
    server.stop()


def fill(server):
    """KV of both versions, a policy, tokens, leases, two methods; gives what has to be found again."""
    server.initialise(3, 2)
    server.unseal()
    good = server.good
    good("POST", "/v1/sys/mounts/kv1", {"type": "kv", "options": {"version": "1"}})
    good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    # The reference upgrades a new mount for a moment.
    deadline = time.monotonic() + DEADLINE
    while server.request("POST", "/v1/secret/data/app", {"data": {"p": "1"}}).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    good("POST", "/v1/secret/data/app", {"data": {"p": "2"}})
    good("POST", "/v1/secret/metadata/app", {"custom_metadata": {"owner": "me"}, "max_versions": 7})
    good("POST", "/v1/secret/data/deep/er/key", {"data": {"x": "y"}})
    good("DELETE", "/v1/secret/data/deep/er/key")
    good("POST", "/v1/kv1/a/b", {"x": "1"})
    good("PUT", "/v1/sys/policy/reader", {"policy": 'path "secret/*" { capabilities = ["read", "list"] }'})
    good("POST", "/v1/sys/auth/userpass", {"type": "userpass"})
    good("POST", "/v1/auth/userpass/users/u", {"password": "pass", "policies": "reader"})
    good("POST", "/v1/sys/auth/approle", {"type": "approle"})
    good("POST", "/v1/auth/approle/role/r", {"token_policies": "reader"})
    role_id = good("GET", "/v1/auth/approle/role/r/role-id")["data"]["role_id"]
    secret_id = good("POST", "/v1/auth/approle/role/r/secret-id", {})["data"]["secret_id"]
    login = good("POST", "/v1/auth/userpass/login/u", {"password": "pass"}, token=None)["auth"]
    made = good("POST", "/v1/auth/token/create", {"policies": ["reader"], "ttl": "2h"})["auth"]
    child = good("POST", "/v1/auth/token/create", {"policies": ["reader"], "ttl": "1h"})["auth"]
    return {"role_id": role_id, "secret_id": secret_id, "login": login, "made": made, "child": child}


def check(server, source, known):
    """All of it, on the server that was restored."""
    server.keys, server.root, server.threshold = source.keys, source.root, 2
    deadline = time.monotonic() + DEADLINE
    while not server.good("GET", "/v1/sys/seal-status", token=None)["sealed"]:
        assert time.monotonic() < deadline, server.output()
        time.sleep(0.05)
    server.unseal()
    good = server.good
    assert {"kv1/", "secret/", "sys/", "identity/", "cubbyhole/"} <= set(good("GET", "/v1/sys/mounts")["data"])
    assert {"token/", "userpass/", "approle/"} <= set(good("GET", "/v1/sys/auth")["data"])
    assert good("GET", "/v1/kv1/a/b")["data"] == {"x": "1"}
    assert good("GET", "/v1/secret/data/app")["data"]["data"] == {"p": "2"}
    assert good("GET", "/v1/secret/data/app?version=1")["data"]["data"] == {"p": "1"}
    metadata = good("GET", "/v1/secret/metadata/app")["data"]
    assert metadata["custom_metadata"] == {"owner": "me"} and metadata["max_versions"] == 7
    assert sorted(metadata["versions"]) == ["1", "2"]
    assert good("GET", "/v1/secret/metadata/?list=true")["data"]["keys"] == ["app", "deep/"]
    assert server.request("GET", "/v1/secret/data/deep/er/key").status == 404
    assert 'path "secret/*"' in good("GET", "/v1/sys/policy/reader")["data"]["rules"]
    for token in (known["login"]["client_token"], known["made"]["client_token"]):
        assert good("GET", "/v1/secret/data/app", token=token)["data"]["data"] == {"p": "2"}
        assert server.request("GET", "/v1/kv1/a/b", token=token).status == 403
        assert good("GET", "/v1/auth/token/lookup-self", token=token)["data"]["ttl"] > 3000
    # The same entity as before, not a new one.
    again = good("POST", "/v1/auth/userpass/login/u", {"password": "pass"}, token=None)["auth"]
    assert again["entity_id"] == known["login"]["entity_id"]
    good("POST", "/v1/auth/approle/login", {"role_id": known["role_id"], "secret_id": known["secret_id"]}, token=None)
    leases = good("GET", "/v1/sys/leases/lookup/auth/token/create?list=true")["data"]["keys"]
    assert len(leases) == 2
    good("POST", "/v1/auth/token/renew-accessor", {"accessor": known["made"]["accessor"]})
    lookup = good("POST", "/v1/auth/token/lookup-accessor", {"accessor": known["child"]["accessor"]})["data"]
    assert 0 < lookup["ttl"] <= 3600
    good("POST", "/v1/sys/leases/revoke-prefix/auth/token/create")
    deadline = time.monotonic() + DEADLINE
    while server.request("GET", "/v1/auth/token/lookup-self", token=known["child"]["client_token"]).status != 403:
        assert time.monotonic() < deadline, "a lease was not revoked"
        time.sleep(0.05)
    good("POST", "/v1/secret/data/app", {"data": {"p": "3"}})
    assert good("GET", "/v1/secret/data/app")["data"]["metadata"]["version"] == 3


def restore(binary, server, file):
    # As many shares as the other: the reference goes on asking for the number it had.
    server.initialise(3, 2)
    server.unseal()
    Cli(binary, server).run("operator", "raft", "snapshot", "restore", "-force", file)


def test_a_snapshot_of_the_reference_is_restored_here(reference, own, binary, tmp_path):
    known = fill(reference)
    file = tmp_path / "reference.snap"
    Cli(reference_binary(), reference).run("operator", "raft", "snapshot", "save", file)
    told = Cli(binary, own).json("operator", "raft", "snapshot", "inspect", file, token=None)
    assert told["Meta"]["ID"] == "bolt-snapshot"
    restore(binary, own, file)
    check(own, reference, known)


def test_a_snapshot_of_ours_is_restored_by_the_reference_and_comes_back(reference, own, binary, tmp_path):
    known = fill(own)
    file = tmp_path / "own.snap"
    Cli(reference_binary(), own).run("operator", "raft", "snapshot", "save", file)
    restore(reference_binary(), reference, file)
    check(reference, own, known)
    back = tmp_path / "back.snap"
    Cli(reference_binary(), reference).run("operator", "raft", "snapshot", "save", back)
    Cli(binary, own).run("operator", "raft", "snapshot", "restore", back)
    own.wait_active()
    assert own.good("GET", "/v1/secret/data/app")["data"]["data"] == {"p": "3"}
    again = own.good("POST", "/v1/auth/userpass/login/u", {"password": "pass"}, token=None)["auth"]
    assert again["entity_id"] == known["login"]["entity_id"]
