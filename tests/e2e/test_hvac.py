"""A whole session over TLS through hvac, the Python client."""

import hvac
import hvac.exceptions
import pytest


def client_of(server, token=None):
    return hvac.Client(url=server.address, token=token, verify=str(server.certificates.ca))


@pytest.fixture
def client(server):
    return client_of(server, server.root)


def test_init_unseal_and_health(fresh):
    client = client_of(fresh)
    assert not client.sys.is_initialized()
    assert client.sys.read_health_status(method="GET").status_code == 501
    made = client.sys.initialize(3, 2)
    assert len(made["keys"]) == len(made["keys_base64"]) == 3
    assert client.sys.is_initialized() and client.sys.is_sealed()
    assert client.sys.read_health_status(method="GET").status_code == 503
    assert client.sys.submit_unseal_key(made["keys"][0])["progress"] == 1
    assert client.sys.submit_unseal_key(reset=True)["progress"] == 0
    client.sys.submit_unseal_keys(made["keys_base64"][1:])
    fresh.wait_active()
    client.token = made["root_token"]
    assert client.is_authenticated() and not client.sys.is_sealed()
    assert client.sys.read_leader_status()["is_self"]
    health = client.sys.read_health_status(method="GET")
    assert health["initialized"] and not health["sealed"] and not health["standby"]
    client.sys.seal()
    assert client.sys.is_sealed()
    with pytest.raises(hvac.exceptions.VaultDown):
        client.sys.list_mounted_secrets_engines()


def test_key_values(client):
    client.sys.enable_secrets_engine("kv", "plain", options={"version": "1"})
    one = client.secrets.kv.v1
    one.create_or_update_secret("a/b", {"user": "ann"}, mount_point="plain")
    assert one.read_secret("a/b", mount_point="plain")["data"] == {"user": "ann"}
    assert one.list_secrets("", mount_point="plain")["data"]["keys"] == ["a/"]
    one.delete_secret("a/b", mount_point="plain")
    with pytest.raises(hvac.exceptions.InvalidPath):
        one.read_secret("a/b", mount_point="plain")

    client.sys.enable_secrets_engine("kv", "secret", options={"version": "2"})
    two = client.secrets.kv.v2
    assert two.create_or_update_secret("app", {"p": "one"}, cas=0)["data"]["version"] == 1
    with pytest.raises(hvac.exceptions.InvalidRequest, match="check-and-set parameter did not match"):
        two.create_or_update_secret("app", {"p": "two"}, cas=0)
    two.patch("app", {"q": "more"})
    assert two.read_secret_version("app", raise_on_deleted_version=True)["data"]["data"] == {"p": "one", "q": "more"}
    two.delete_secret_versions("app", [1])
    with pytest.raises(hvac.exceptions.InvalidPath):
        two.read_secret_version("app", version=1, raise_on_deleted_version=True)
    two.undelete_secret_versions("app", [1])
    assert two.read_secret_version("app", version=1, raise_on_deleted_version=True)["data"]["data"] == {"p": "one"}
    two.destroy_secret_versions("app", [1])
    two.update_metadata("app", max_versions=4, custom_metadata={"owner": "ann"}, delete_version_after="1h")
    metadata = two.read_secret_metadata("app")["data"]
    assert metadata["versions"]["1"]["destroyed"] and metadata["custom_metadata"] == {"owner": "ann"}
    assert metadata["delete_version_after"] == "1h0m0s"
    assert two.list_secrets("")["data"]["keys"] == ["app"]
    two.configure(max_versions=7, cas_required=True)
    assert two.read_configuration()["data"]["max_versions"] == 7
    two.delete_metadata_and_all_versions("app")
    with pytest.raises(hvac.exceptions.InvalidPath):
        two.read_secret_metadata("app")


def test_policies_tokens_and_capabilities(client, server):
    client.sys.create_or_update_policy("reader", 'path "cubbyhole/*" { capabilities = ["read"] }')
    assert "reader" in client.sys.list_policies()["data"]["policies"]
    assert "cubbyhole" in client.sys.read_policy("reader")["data"]["rules"]
    made = client.auth.token.create(policies=["reader"], ttl="1h", meta={"team": "a"}, num_uses=0)["auth"]
    own = client_of(server, made["client_token"])
    looked_up = own.auth.token.lookup_self()["data"]
    assert looked_up["policies"] == ["default", "reader"] and looked_up["meta"] == {"team": "a"}
    assert own.auth.token.renew_self("30m")["auth"]["lease_duration"] == 1800
    assert client.sys.get_capabilities(["sys/mounts"], token=made["client_token"])["data"]["sys/mounts"] == ["deny"]
    with pytest.raises(hvac.exceptions.Forbidden):
        own.sys.list_mounted_secrets_engines()
    assert client.auth.token.lookup_accessor(made["accessor"])["data"]["ttl"] > 0
    client.auth.token.create_or_update_role("short", token_explicit_max_ttl="5m", orphan=True)
    assert client.auth.token.read_role("short")["data"]["orphan"]
    child = client.auth.token.create(role_name="short")["auth"]
    assert child["orphan"] and child["lease_duration"] <= 300
    client.auth.token.revoke(made["client_token"])
    assert not own.is_authenticated()
    client.sys.delete_policy("reader")


def test_wrapping(client, server):
    wrapped = client.auth.token.create(wrap_ttl="60s")["wrap_info"]
    assert client.sys.unwrap(wrapped["token"])["auth"]["client_token"]
    with pytest.raises(hvac.exceptions.InvalidRequest):
        client.sys.unwrap(wrapped["token"])
    token = client.sys.wrap({"a": "b"}, ttl=120)["wrap_info"]["token"]
    assert client_of(server, token).sys.unwrap()["data"] == {"a": "b"}


def test_logins(client, server):
    client.sys.enable_auth_method("userpass")
    people = client.auth.userpass
    people.create_or_update_user("ann", "pw", policies="default")
    assert people.list_user()["data"]["keys"] == ["ann"]
    ann = client_of(server)
    login = ann.auth.userpass.login("ann", "pw")
    assert login["auth"]["metadata"] == {"username": "ann"} and ann.is_authenticated()
    people.update_password_on_user("ann", "other")
    with pytest.raises(hvac.exceptions.InvalidRequest):
        client_of(server).auth.userpass.login("ann", "pw")

    client.sys.enable_auth_method("approle", path="machines")
    roles = client.auth.approle
    roles.create_or_update_approle("web", token_policies=["default"], secret_id_num_uses=1, mount_point="machines")
    role_id = roles.read_role_id("web", mount_point="machines")["data"]["role_id"]
    made = roles.generate_secret_id("web", metadata={"host": "a"}, mount_point="machines")["data"]
    looked_up = roles.read_secret_id("web", made["secret_id"], mount_point="machines")["data"]
    assert looked_up["metadata"] == {"host": "a"} and looked_up["secret_id_num_uses"] == 1
    web = client_of(server)
    web.auth.approle.login(role_id, made["secret_id"], mount_point="machines")
    assert web.is_authenticated()
    with pytest.raises(hvac.exceptions.InvalidRequest):
        client_of(server).auth.approle.login(role_id, made["secret_id"], mount_point="machines")
    methods = client.sys.list_auth_methods()["data"]
    assert {"token/", "userpass/", "machines/"} <= set(methods)
    client.sys.tune_auth_method("machines", description="of hosts", max_lease_ttl="2h")
    assert client.sys.read_auth_method_tuning("machines")["data"]["max_lease_ttl"] == 7200
    client.sys.disable_auth_method("machines")


def test_leases(client):
    client.sys.enable_auth_method("userpass")
    client.auth.userpass.create_or_update_user("ann", "pw", policies="default")
    token = client.auth.userpass.login("ann", "pw", use_token=False)["auth"]["client_token"]
    keys = client.sys.list_leases("auth/userpass/login/ann")["data"]["keys"]
    lease = f"auth/userpass/login/ann/{keys[0]}"
    assert client.sys.read_lease(lease)["data"]["id"] == lease
    client.sys.revoke_lease(lease)
    with pytest.raises(hvac.exceptions.Forbidden):
        client.auth.token.lookup(token)


def test_audit(client, server):
    log = server.folder / "audit.log"
    client.sys.enable_audit_device("file", options={"file_path": str(log)})
    assert client.sys.list_enabled_audit_devices()["data"]["file/"]["type"] == "file"
    client.write_data("cubbyhole/x", data={"value": "canary-for-the-log"})
    hashed = client.sys.calculate_hash("file", "canary-for-the-log")["data"]["hash"]
    text = log.read_text()
    assert hashed in text and "canary" not in text
    client.sys.disable_audit_device("file")


def test_rekey_rotate_and_generate_root(client, server):
    client.sys.rotate_encryption_key()
    assert client.sys.get_encryption_key_status()["data"]["term"] == 2
    started = client.sys.start_rekey(3, 2)
    last = client.sys.rekey_multi(server.keys[:3], nonce=started["nonce"])
    assert last["complete"] and len(last["keys_base64"]) == 3
    server.keys, server.threshold = last["keys_base64"], 2
    if not getattr(server, "front", None):
        client.sys.seal()
        server.unseal()
    assert client.sys.read_rekey_progress()["started"] is False
    started = client.sys.start_root_token_generation()
    for key in server.keys[:2]:
        generated = client.sys.generate_root(key, started["nonce"])
    assert generated["complete"] and generated["encoded_token"]


def test_mounts(client):
    client.sys.enable_secrets_engine("kv", "team", description="of a team", config={"max_lease_ttl": "2h"})
    assert client.sys.read_mount_configuration("team")["data"]["max_lease_ttl"] == 7200
    client.sys.tune_mount_configuration("team", default_lease_ttl="1h")
    client.write_data("team/x", data={"a": "b"})
    client.sys.move_backend("team", "moved")
    assert client.read("moved/x")["data"] == {"a": "b"}
    client.sys.disable_secrets_engine("moved")
    assert client.read("moved/x") is None
