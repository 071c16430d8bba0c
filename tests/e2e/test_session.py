"""A whole session over TLS with each command line client: ours and the reference's."""

import json


def test_init_and_unseal_share_by_share(fresh, binary):
    from harness import Cli, reference_binary

    for program in (binary, reference_binary()):
        status = Cli(program, fresh).run("status", check=False, token=None)
        assert status.returncode == 2 and "Initialized" in status.stdout
    bao = Cli(reference_binary(), fresh)
    made = bao.json("operator", "init", token=None)
    assert len(made["unseal_keys_b64"]) == 5 and made["unseal_threshold"] == 3
    assert made["root_token"].startswith("hvs.")
    assert all(len(key) == 66 for key in made["unseal_keys_hex"])
    for count, key in enumerate(made["unseal_keys_b64"][:3], 1):
        status = bao.json("operator", "unseal", key, token=None)
        assert status["sealed"] == (count < 3) and status["progress"] == (count if count < 3 else 0)
    fresh.root = made["root_token"]
    assert bao.json("status")["sealed"] is False
    again = bao.run("operator", "init", check=False, token=None)
    assert again.returncode == 2 and "already initialized" in again.stderr


def test_kv_policies_tokens_and_wrapping(cli):
    cli.run("secrets", "enable", "-path=secret", "-version=2", "kv")
    cli.run("kv", "put", "secret/test", "user=ann", "password=s3cr3t")
    assert cli.run("kv", "get", "-field=password", "secret/test").stdout.strip() == "s3cr3t"
    cli.run("kv", "patch", "secret/test", "user=bob")
    assert cli.json("kv", "get", "secret/test")["data"]["data"] == {"user": "bob", "password": "s3cr3t"}
    cli.run("policy", "write", "reader", "-", stdin='path "secret/data/*" { capabilities = ["read"] }')
    made = cli.json("token", "create", "-policy=reader", "-period=768h")["auth"]
    assert made["token_policies"] == ["default", "reader"] and made["lease_duration"] == 768 * 3600
    reader = made["client_token"]
    assert cli.run("kv", "get", "-field=user", "secret/test", token=reader).stdout.strip() == "bob"
    denied = cli.run("kv", "put", "secret/test", "a=b", token=reader, check=False)
    assert denied.returncode == 2 and "permission denied" in denied.stderr
    wrapped = cli.json("kv", "get", "-wrap-ttl=60s", "secret/test")["wrap_info"]["token"]
    assert cli.json("unwrap", wrapped)["data"]["data"]["user"] == "bob"
    twice = cli.run("unwrap", wrapped, check=False)
    assert twice.returncode == 2 and "wrapping token is not valid or does not exist" in twice.stderr
    cli.run("token", "revoke", reader)
    assert cli.run("token", "lookup", reader, check=False).returncode == 2


def test_logins(cli):
    cli.run("auth", "enable", "userpass")
    cli.run("write", "auth/userpass/users/ann", "password=pw", "token_policies=default")
    token = cli.json("write", "auth/userpass/login/ann", "password=pw", token=None)["auth"]["client_token"]
    looked_up = cli.json("token", "lookup", token=token)["data"]
    assert looked_up["path"] == "auth/userpass/login/ann" and looked_up["entity_id"]
    cli.run("auth", "enable", "approle")
    cli.run("write", "auth/approle/role/web", "token_policies=default", "secret_id_num_uses=1")
    role = cli.json("read", "auth/approle/role/web/role-id")["data"]["role_id"]
    secret = cli.json("write", "-f", "auth/approle/role/web/secret-id")["data"]["secret_id"]
    login = ["write", "auth/approle/login", f"role_id={role}", f"secret_id={secret}"]
    assert cli.json(*login, token=None)["auth"]["client_token"]
    assert cli.run(*login, token=None, check=False).returncode == 2


def test_audit_as_the_article_enables_it(cli, server):
    log = server.folder / "audit.log"
    cli.run("audit", "enable", "file", f"file_path={log}")
    cli.run("secrets", "enable", "-version=1", "-path=plain", "kv")
    cli.run("write", "plain/x", "value=canary-in-the-log")
    text = log.read_text()
    entries = [json.loads(line) for line in text.splitlines()]
    assert "canary" not in text and server.root not in text
    written = [entry for entry in entries if entry["request"]["path"] == "plain/x"]
    assert [entry["type"] for entry in written] == ["request", "response"]
    hashed = cli.json("write", "sys/audit-hash/file", "input=canary-in-the-log")["data"]["hash"]
    assert written[0]["request"]["data"]["value"] == hashed
    cli.run("audit", "disable", "file")
    size = log.stat().st_size
    cli.run("read", "plain/x")
    assert log.stat().st_size == size


def test_rekey_and_rotate(cli, server):
    cli.run("operator", "rotate")
    assert cli.json("operator", "key-status")["term"] == 2
    started = server.good("POST", "/v1/sys/rekey/init", {"secret_shares": 3, "secret_threshold": 2}, token=None)
    for key in server.keys[:3]:
        last = server.good("POST", "/v1/sys/rekey/update", {"key": key, "nonce": started["nonce"]}, token=None)
    assert last["complete"] and len(last["keys_base64"]) == 3
    cli.run("operator", "seal")
    server.keys, old, server.threshold = last["keys_base64"], server.keys, 2
    for key in old[:2]:
        refused = server.request("POST", "/v1/sys/unseal", {"key": key}, token=None)
    assert refused.status == 400
    server.unseal()


def test_a_root_token_from_the_shares(cli, server):
    started = server.good("POST", "/v1/sys/generate-root/attempt", {}, token=None)
    for key in server.keys[:3]:
        last = server.good("POST", "/v1/sys/generate-root/update", {"key": key, "nonce": started["nonce"]}, token=None)
    assert last["complete"]
    decode = cli.run("operator", "generate-root", f"-decode={last['encoded_token']}", f"-otp={started['otp']}")
    token = decode.stdout.strip().split()[-1]
    assert cli.json("token", "lookup", token=token)["data"]["policies"] == ["root"]
