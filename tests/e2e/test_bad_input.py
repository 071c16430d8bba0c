"""What nobody should send: a clear 4xx that names what is wrong, no panic, bounded memory, no way round a policy."""

import json
import re
import socket
import threading
import time

import pytest

from harness import Server, exchange, raw

MIB = 1 << 20
CANARY = "canary-5f0e9a-must-not-come-back"


@pytest.fixture(scope="module")
def server(binary, tmp_path_factory):
    """One server for the whole module: whatever was sent, the next test still finds it well."""
    server = Server(binary, tmp_path_factory.mktemp("bad-input"), listener='http_read_header_timeout = "1s"')
    server.start()
    server.initialise(1, 1)
    server.unseal()
    server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    server.good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    yield server
    assert server.stop() == 0
    log = server.log_path.read_text(errors="replace")
    assert "panic" not in log.lower()
    assert CANARY not in log and server.root not in log


@pytest.fixture(autouse=True)
def alive(server):
    """After every test the server answers, in the memory it may take."""
    yield
    assert server.process.poll() is None, server.output()
    server.good("GET", "/v1/sys/mounts")
    assert resident(server) < 400 * MIB


def resident(server):
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024


def refused(server, method, path, body, statuses=(400,), **more):
    """That it is refused with an error in Vault's form, which doesn't repeat what was sent."""
    answer = server.request(method, path, body, **more)
    assert answer.status in statuses, f"{method} {path}: {answer.status} {answer.body[:300]}"
    assert isinstance(answer.errors, list) and answer.errors, answer.body[:300]
    assert CANARY.encode() not in answer.body
    return answer.errors[0]


@pytest.mark.parametrize("body", [
    b"{", b"}", b"[]", b'"text"', b"1", b'{"a":}', b'{"a":1,}', b"{'a':1}", b'{"a":1}}', b'{"a":1} x',
    b'{"a":"\\ud800', b"\x00", b"\xef\xbb\xbf{", b'{"a":01}', b'{"a":1e999999}', b'{"a":' + b"9" * 100_000,
    f'{{"value":"{CANARY}",'.encode(), f'{{"{CANARY}'.encode(), f"{CANARY}={CANARY}".encode(),
], ids=range(19))
def test_malformed_json(server, body):
    message = refused(server, "POST", "/v1/kv/x", body)
    assert "json" in message.lower() or "invalid" in message.lower() or "pars" in message.lower(), message


@pytest.mark.parametrize(("path", "body"), [
    ("/v1/sys/mounts/x", {"type": {"a": CANARY}}),
    ("/v1/sys/mounts/x", {"type": "kv", "config": CANARY}),
    ("/v1/sys/policies/acl/x", {"policy": {"a": CANARY}}),
    ("/v1/sys/policies/acl/x", {"policy": f'path "{CANARY}" {{'}),
    ("/v1/auth/token/create", {"ttl": {"a": CANARY}}),
    ("/v1/auth/token/create", {"policies": [CANARY, {}], "ttl": "soon"}),
    ("/v1/auth/token/create", {"num_uses": CANARY}),
    ("/v1/auth/token/lookup", {"token": [CANARY]}),
    ("/v1/sys/capabilities", {"token": {"a": 1}, "paths": {"a": CANARY}}),
    ("/v1/secret/data/x", {"data": CANARY}),
    ("/v1/secret/data/x", {"data": {"a": 1}, "options": {"cas": CANARY}}),
    ("/v1/secret/destroy/x", {"versions": CANARY}),
    ("/v1/sys/wrapping/unwrap", {"token": {"a": CANARY}}),
    ("/v1/sys/unseal", {"key": 17}),
    ("/v1/sys/rekey/init", {"secret_shares": CANARY}),
    ("/v1/sys/leases/renew", {"lease_id": CANARY, "increment": [1]}),
])
def test_wrong_types(server, path, body):
    answer = server.request("POST", path, body)
    assert 400 <= answer.status < 500, f"{answer.status} {answer.body[:300]}"
    assert answer.errors and CANARY not in json.dumps(answer.errors)


@pytest.mark.parametrize(("opening", "closing"), [(b'{"a":', b"}"), (b"[", b"]")])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_nesting(server, opening, closing, closed):
    depth = 100_000
    body = b'{"a":' + opening * depth + b"1" + (closing * depth + b"}" if closed else b"")
    for path in ("/v1/kv/deep", "/v1/sys/unseal", "/v1/auth/token/create"):
        refused(server, "POST", path, body)


def test_many_small_values(server):
    """A body within its limit that would unfold to hundreds of MiB."""
    body = b'{"a":[' + b"[]," * (8 * MIB) + b"1]}"
    refused(server, "POST", "/v1/kv/many", body, statuses=(400, 413))


def test_a_body_beyond_the_limit(server):
    message = refused(server, "POST", "/v1/kv/big", b'{"a":"' + b"x" * (33 * MIB) + b'"}', statuses=(413,))
    assert "max_request_size" in message


def test_a_value_beyond_one_entry(server):
    """Checked before it is proposed: the name of the limit, and what was there before stays."""
    server.good("POST", "/v1/kv/entry", {"value": "before"})
    for size in (MIB, MIB + 1, 2 * MIB, 20 * MIB):
        message = refused(server, "POST", "/v1/kv/entry", {"value": CANARY + "x" * size}, statuses=(400, 413))
        assert "max_entry_size" in message, message
    assert server.good("GET", "/v1/kv/entry")["data"] == {"value": "before"}
    server.good("POST", "/v1/kv/entry", {"value": "x" * (MIB - 8192)})
    assert len(server.good("GET", "/v1/kv/entry")["data"]["value"]) == MIB - 8192
    server.good("DELETE", "/v1/kv/entry")


def test_a_lease_in_the_path_is_the_one_that_is_meant(server):
    """A policy allows by path: another lease in the body is no way round it."""
    server.good("POST", "/v1/sys/auth/leased", {"type": "userpass"})
    tokens = {}
    for user in ("ann", "bob"):
        server.good("POST", f"/v1/auth/leased/users/{user}", {"password": "pw"})
        token = server.good("POST", f"/v1/auth/leased/login/{user}", {"password": "pw"}, token=None)["auth"]["client_token"]
        key = server.good("GET", f"/v1/sys/leases/lookup/auth/leased/login/{user}?list=true")["data"]["keys"][0]
        tokens[user] = (token, f"auth/leased/login/{user}/{key}")
    (anns, path), (bobs, body) = tokens["ann"], tokens["bob"]
    message = refused(server, "POST", f"/v1/sys/leases/revoke/{path}", {"lease_id": body})
    assert "not the same" in message
    for token in (anns, bobs):
        assert server.request("GET", "/v1/auth/token/lookup-self", token=token).status == 200
    server.good("POST", f"/v1/sys/leases/revoke/{path}", {"lease_id": path})
    assert server.request("GET", "/v1/auth/token/lookup-self", token=anns).status == 403
    server.good("DELETE", "/v1/sys/auth/leased")


def test_a_body_without_end(server):
    def chunks():
        yield (b"POST /v1/kv/endless HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
               b"X-Vault-Token: " + server.root.encode() + b"\r\n\r\n")
        yield b'100000\r\n{"a":"' + b"x" * (MIB - 6) + b"\r\n"
        for _ in range(200):
            yield b"100000\r\n" + b"x" * MIB + b"\r\n"

    got = exchange(server, chunks())
    # Cut off while still sending, a client may see the end of the connection before the answer.
    assert got == b"" or got.startswith(b"HTTP/1.1 413"), got[:200]


def test_a_body_that_does_not_come(server):
    head = b"POST /v1/kv/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nX-Vault-Token: %s\r\n\r\n{" % server.root.encode()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(head)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(30)
        got = b"".join(iter(lambda: connection.recv(65536), b""))
    assert got == b"" or 400 <= int(got.split(b" ")[1]) < 500, got[:200]


def test_both_lengths_are_no_way_to_smuggle(server):
    inner = b"GET /v1/sys/mounts HTTP/1.1\r\nHost: x\r\nX-Vault-Token: %s\r\n\r\n" % server.root.encode()
    for doubled in (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", b"Content-Length: 4\r\nContent-Length: 400\r\n",
                    b"Transfer-Encoding: chunked, identity\r\n", b"Content-Length: +4\r\n", b"Content-Length: -1\r\n"):
        sent = b"POST /v1/sys/seal-status HTTP/1.1\r\nHost: x\r\n" + doubled + b"\r\n0\r\n\r\n" + inner
        got = exchange(server, sent)
        # Refused; or read by the one rule that the standard has, and closed or answered one by one.
        assert got.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")) or got.count(b"HTTP/1.1 ") <= 2, (doubled, got[:300])


@pytest.mark.parametrize("headers", [
    [b"X-Big: " + b"x" * MIB],
    [b"X-%d: y" % number for number in range(5000)],
    [b"X-Vault-Token: " + b"x" * 40_000],
    [b"X-Vault-Wrap-TTL: " + b"9" * 30_000],
], ids=["one big", "many", "token", "wrap ttl"])
def test_huge_headers(server, headers):
    status, got = raw(server, b"GET", b"/v1/sys/mounts", token=None, headers=headers)
    # hyper may close the connection on what it never finished to read.
    assert 400 <= status < 500 or got == b"", got[:200]


@pytest.mark.parametrize("header", [b"X-Vault-Wrap-TTL: nonsense", b"X-Vault-Wrap-TTL: -5s", b"X-Vault-Token: a\x01b",
                                    b"X-Vault-Token: \xff\xfe", b"Authorization: Bearer " + b"\xc3\x28"])
def test_odd_headers(server, header):
    token = None if b"Token" in header or b"Auth" in header else ""
    status, got = raw(server, b"GET", b"/v1/auth/token/lookup-self", token=token, headers=[header])
    assert 400 <= status < 500, got[:200]


def test_a_slow_client_is_let_go(server):
    """Headers that dribble in don't hold a connection past http_read_header_timeout."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        began = time.monotonic()
        connection.settimeout(0.1)
        connection.sendall(b"GET /v1/sys/health HTTP/1.1\r\n")
        while time.monotonic() - began < 20:
            try:
                connection.sendall(b"X-More: y\r\n")
                if connection.recv(100) == b"":
                    break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                break
        took = time.monotonic() - began
    assert took < 10, f"still open after {took:.1f} s"


def test_slow_clients_hold_nobody_up(server):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    try:
        for connection in slow:
            connection.sendall(b"GET /v1/sys/heal")
        began = time.monotonic()
        server.good("GET", "/v1/sys/mounts")
        assert time.monotonic() - began < 5
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize("method", [b"BREW", b"TRACE", b"CONNECT", b"PROPFIND", b"get", b"G" * 5000])
def test_unknown_methods(server, method):
    status, got = raw(server, method, b"/v1/kv/x")
    assert 400 <= status < 500 or status == 501, got[:200]


@pytest.mark.parametrize("line", [
    b"GARBAGE\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n",
    b"GET  HTTP/1.1\r\n\r\n", b"\r\n" * 1000, b"\x00" * 1000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000,
    b"GET http://other.example.com/v1/sys/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
], ids=range(9))
def test_what_is_no_http(server, line):
    exchange(server, line)


ODD_PATHS = [
    "kv/private/x", "kv//private/x", "kv/private//x", "/kv/private/x", "kv/./private/x", "kv/open/../private/x",
    "kv/open/%2e%2e/private/x", "kv/open/%2E%2E/private/x", "kv/open/.%2e/private/x", "kv/open/..%2fprivate/x",
    "kv/open%2f..%2fprivate/x", "kv%2fprivate%2fx", "kv/private%2fx", "kv/%70rivate/x", "kv/privat%65/x", "kv/private/%78",
    "kv/private/x/", "kv/private/x//", "kv/private/x%2f", "kv/private/x/.", "kv/private/x/%2e", "kv/private/x?", "kv/private/x#a",
    "kv/private/x%00", "kv/open/%00/../private/x", "kv\\private\\x", "kv/open/..\\private\\x", "kv/private/x;a=b",
    "kv/open/..;/private/x", "%6bv/private/x", "kv/%2fprivate/x", "kv/%252e%252e/private/x", "kv/open/../../kv/private/x",
    "sys/../kv/private/x", "kv/private/y/../x", "kv/open/%c0%ae%c0%ae/private/x", "kv/open/\xff/../private/x",
    "auth/token/../../kv/private/x", "kv/PRIVATE/../private/x", "kv/ private/x", "kv/private /x", "kv/+/x", "kv/*",
    "cubbyhole/../kv/private/x", "kv/private/x%20", "kv/private/x%09", "kv/private/x%0a", "./kv/private/x", "../v1/kv/private/x",
    "..//v1/kv/private/x",
]


@pytest.fixture(scope="module")
def restricted(server):
    """A token that may do anything below kv/ but touch kv/private/, where a secret lies."""
    server.good("POST", "/v1/kv/private/x", {"value": CANARY})
    server.good("POST", "/v1/kv/open/x", {"value": "open"})
    server.good("POST", "/v1/sys/policies/acl/most", {"policy": """
path "kv/*" { capabilities = ["create", "read", "update", "delete", "list", "patch"] }
path "kv/private/*" { capabilities = ["deny"] }
path "kv/private" { capabilities = ["deny"] }
"""})
    return server.good("POST", "/v1/auth/token/create", {"policies": ["most"]})["auth"]["client_token"]


@pytest.mark.parametrize("prefix", ["/v1/", "/v1//", "//v1/", "/v1/./", "/v1/x/../", "/V1/", "/v1%2f"])
def test_no_path_leads_round_a_policy(server, restricted, prefix):
    for path in ODD_PATHS:
        target = (prefix + path).encode("latin-1").replace(b" ", b"%20")
        for method, body in ((b"GET", b""), (b"LIST", b""), (b"POST", b'{"value":"overwritten"}'), (b"PUT", b'{"value":"o"}'),
                             (b"DELETE", b""), (b"HEAD", b""), (b"PATCH", b'{"value":"o"}')):
            if method == b"GET" and b"#" in target:
                continue
            status, got = raw(server, method, target, body, token=restricted)
            assert CANARY.encode() not in got, (method, target, got[:300])
            assert status < 500 or status == 501, (method, target, got[:300])
    assert server.good("GET", "/v1/kv/private/x")["data"] == {"value": CANARY}
    assert server.good("GET", "/v1/kv/private?list=true")["data"]["keys"] == ["x"]
    # The token does work where it may.
    assert server.request("GET", "/v1/kv/open/x", token=restricted).status == 200


def test_no_path_leads_past_the_token(server, restricted):
    """Without a token none of the spellings, not even those of the open paths, reads anything."""
    for path in [*ODD_PATHS, "sys/health/../mounts", "sys/health/%2e%2e/mounts", "sys/seal-status/../../kv/private/x",
                 "sys/health//../mounts", "sys/metrics/../mounts", "auth/userpass/login/../../../kv/private/x",
                 "sys/init/../mounts", "sys/unseal/%2e%2e/%2e%2e/kv/private/x"]:
        for method in (b"GET", b"LIST", b"DELETE"):
            status, got = raw(server, method, ("/v1/" + path).encode("latin-1").replace(b" ", b"%20"), token=None)
            assert status != 200 and status != 204, (method, path, got[:300])
            assert CANARY.encode() not in got
    assert server.good("GET", "/v1/kv/private/x")["data"] == {"value": CANARY}


def test_names_that_are_no_utf8(server):
    for target in (b"/v1/kv/\xff\xfe", b"/v1/kv/%ff%fe", b"/v1/kv/%", b"/v1/kv/%zz", b"/v1/kv/a%00b", b"/v1/kv/a\x00b"):
        status, got = raw(server, b"POST", target, b'{"a":"b"}')
        assert 400 <= status < 500, (target, got[:200])


def test_odd_queries(server):
    for query in (b"?list=maybe", b"?%", b"?a=%zz", b"?" + b"a=b&" * 10_000, b"?after=%00", b"?limit=-1", b"?limit=99999999999999999999",
                  b"?version=\xff", b"?list=true&list=false"):
        status, got = raw(server, b"GET", b"/v1/kv/open/x" + query)
        assert 200 <= status < 500, (query, got[:200])
        status, got = raw(server, b"LIST", b"/v1/kv/open" + query)
        assert 200 <= status < 500, (query, got[:200])


def test_secrets_never_come_back_in_errors(server):
    """Tokens, keys and values in wrong places."""
    for method, path, body in [
        ("POST", "/v1/sys/unseal", {"key": CANARY}), ("POST", "/v1/sys/rekey/update", {"key": CANARY, "nonce": CANARY}),
        ("POST", "/v1/sys/generate-root/update", {"key": CANARY, "nonce": CANARY}),
        ("POST", "/v1/auth/token/lookup", {"token": CANARY}), ("POST", "/v1/auth/token/revoke", {"token": CANARY}),
        ("POST", "/v1/auth/token/renew", {"token": CANARY}), ("POST", "/v1/sys/wrapping/unwrap", {"token": CANARY}),
        ("POST", "/v1/sys/wrapping/lookup", {"token": CANARY}), ("POST", "/v1/sys/init", {"secret_shares": CANARY}),
        ("POST", "/v1/sys/capabilities", {"token": CANARY, "paths": ["a"]}),
    ]:
        answer = server.request(method, path, body)
        assert answer.status < 500 and CANARY.encode() not in answer.body, (path, answer.status, answer.body[:300])
    answer = server.request("GET", "/v1/sys/mounts", token=CANARY)
    assert answer.status == 403 and CANARY.encode() not in answer.body


def test_many_at_once(server):
    """Forty clients that send large bodies together don't add up."""
    body = b'{"a":"' + b"x" * (20 * MIB)

    def send():
        try:
            server.request("POST", "/v1/kv/many", body)
        except OSError:
            pass

    threads = [threading.Thread(target=send) for _ in range(40)]
    for thread in threads:
        thread.start()
    peak = 0
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, resident(server))
        threads[0].join(0.05)
    assert peak < 1200 * MIB, f"{peak // MIB} MiB"
