"""No other spelling of a name gets around a rule for it, nor around the audit log or a quota."""

import json


def test_a_denied_policy_is_denied_in_every_spelling(server):
    server.good("POST", "/v1/sys/policies/acl/p", {"policy": '''
path "sys/policies/acl/*" { capabilities = ["read", "create", "update", "delete"] }
path "sys/policies/acl/admin" { capabilities = ["deny"] }
path "sys/policy/*" { capabilities = ["read", "update"] }
path "sys/policy/admin" { capabilities = ["deny"] }
'''})
    server.good("POST", "/v1/sys/policies/acl/admin", {"policy": 'path "a" { capabilities = ["read"] }'})
    token = server.good("POST", "/v1/auth/token/create", {"policies": ["p"]})["auth"]["client_token"]
    for folder in ("policies/acl", "policy"):
        for name in ("admin", "ADMIN", "Admin", "admin%20", "%20admin", "aDmin%09"):
            for method, body in (("GET", None), ("PUT", {"policy": 'path "b" { capabilities = ["read"] }'})):
                answer = server.request(method, f"/v1/sys/{folder}/{name}", body, token=token)
                assert answer.status in (400, 403), f"{method} {folder}/{name}: {answer.status}"
    assert 'path "a"' in server.good("GET", "/v1/sys/policies/acl/admin")["data"]["policy"]
    assert server.request("GET", "/v1/sys/policies/acl/other", token=token).status == 404


def test_a_slash_more_is_no_way_round(server):
    server.good("POST", "/v1/sys/mounts/prod", {"type": "kv"})
    server.good("POST", "/v1/sys/auth/prod", {"type": "userpass"})
    server.good("POST", "/v1/sys/policies/acl/mounts", {"policy": '''
path "sys/mounts/*" { capabilities = ["read", "create", "update", "delete"] }
path "sys/auth/*" { capabilities = ["read", "create", "update", "delete", "sudo"] }
path "sys/mounts/prod" { capabilities = ["deny"] }
path "sys/auth/prod" { capabilities = ["deny"] }
'''})
    token = server.good("POST", "/v1/auth/token/create", {"policies": ["mounts"]})["auth"]["client_token"]
    for method in ("GET", "DELETE"):
        for path in ("mounts/prod", "mounts/prod/", "auth/prod", "auth/prod/"):
            assert server.request(method, f"/v1/sys/{path}", token=token).status == 403, f"{method} {path}"
    assert server.request("GET", "/v1/sys/mounts/cubbyhole/", token=token).status == 200
    assert "prod/" in server.good("GET", "/v1/sys/mounts")["data"]


def test_what_takes_a_token_is_audited_however_it_is_spelled(server, tmp_path):
    log = tmp_path / "audit.log"
    server.good("PUT", "/v1/sys/audit/file", {"type": "file", "options": {"file_path": str(log)}})
    try:
        for method, path in (("GET", "health/"), ("GET", "health?help=1"), ("DELETE", "init/"), ("GET", "leader/")):
            before = len(log.read_text().splitlines())
            server.request(method, f"/v1/sys/{path}")
            lines = [json.loads(line) for line in log.read_text().splitlines()[before:]]
            assert {line["type"] for line in lines} == {"request", "response"}, f"{method} {path}: {lines}"
    finally:
        server.good("DELETE", "/v1/sys/audit/file")


def test_a_quota_counts_a_name_in_every_spelling(server):
    server.good("POST", "/v1/sys/auth/up", {"type": "userpass"})
    server.good("POST", "/v1/auth/up/users/bob", {"password": "p"})
    quota = {"path": "auth/up/login/bob", "rate": 1, "interval": "60s"}
    server.good("POST", "/v1/sys/quotas/rate-limit/bob", quota)
    try:
        answers = [server.request("POST", f"/v1/auth/up/login/{name}", {"password": "p"}, token=None).status
                   for name in ("bob", "BOB", "Bob", "bOb")]
        assert answers == [200, 429, 429, 429]
    finally:
        server.good("DELETE", "/v1/sys/quotas/rate-limit/bob")
