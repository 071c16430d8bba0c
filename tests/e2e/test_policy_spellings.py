"""No other spelling of a policy's name gets around a rule for it."""


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
