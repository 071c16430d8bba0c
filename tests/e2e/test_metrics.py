"""The article's `curl .../v1/sys/metrics?format=prometheus`, in every state of the node."""

import re
import subprocess

FOUR = ("vault_core_unsealed", "vault_core_active", "vault_raft_leader", "vault_raft_peers")


def scrape(server, token=None):
    """What curl gets, as the article has it (with the CA named): name with labels -> value."""
    command = ["curl", "-sS", "--fail", "--cacert", str(server.certificates.ca),
               f"{server.address}/v1/sys/metrics?format=prometheus"]
    if token:
        command += ["-H", f"X-Vault-Token: {token}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return samples(done.stdout)


def samples(text):
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            matched = re.fullmatch(r"([a-zA-Z_:][\w:]*)(\{.*\})? (\S+)", line)
            assert matched, f"no sample: {line}"
            assert (matched[1], matched[2]) not in found, f"twice: {line}"
            found[matched[1], matched[2]] = float(matched[3])
    return found


def value(found, name):
    values = [value for (each, _), value in found.items() if each == name]
    assert len(values) == 1, f"{name}: {values}"
    return values[0]


def four(found):
    return [value(found, name) for name in FOUR]


def test_without_a_token_in_every_state(fresh):
    uninitialised = scrape(fresh)
    assert four(uninitialised) == [0, 0, 0, 0]
    fresh.initialise(3, 2)
    assert four(scrape(fresh))[:2] == [0, 0]
    fresh.unseal()
    unsealed = scrape(fresh)
    assert four(unsealed) == [1, 1, 1, 1]
    fresh.good("POST", "/v1/sys/seal")
    # Raft lies below the seal: its leader and its members are there.
    sealed = scrape(fresh)
    assert four(sealed)[:2] == [0, 0] and four(sealed)[3] == 1
    # The node's own state, and nothing of what it serves.
    for found in (uninitialised, unsealed, sealed):
        assert not [name for name, _ in found if "token" in name or "route" in name or "audit" in name or "vault_expire" in name]


def test_with_a_token(server):
    server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    server.good("POST", "/v1/kv/x", {"a": "b"})
    known = scrape(server, server.root)
    assert four(known) == [1, 1, 1, 1]
    names = {name for name, _ in known}
    assert names > {name for name, _ in scrape(server)}
    for part in ("barrier", "token", "expire", "handle_request"):
        assert any(part in name for name in names), f"nothing of {part} in {sorted(names)}"
    answer = server.request("GET", "/v1/sys/metrics?format=prometheus")
    assert answer.headers["Content-Type"].startswith("text/plain")
    as_json = server.good("GET", "/v1/sys/metrics")
    assert {"Timestamp", "Gauges", "Counters", "Samples"} <= set(as_json)
    assert any(gauge["Name"] == "vault.core.unsealed" and gauge["Value"] == 1 for gauge in as_json["Gauges"])


def test_who_may_not_read_it_sees_the_node_alone(server):
    token = server.good("POST", "/v1/auth/token/create", {"policies": ["default"]})["auth"]["client_token"]
    refused = server.request("GET", "/v1/sys/metrics?format=prometheus", token=token)
    nobody = server.request("GET", "/v1/sys/metrics?format=prometheus", token=None)
    assert nobody.status == 200
    if refused.status == 200:
        assert {name for name, _ in samples(refused.body.decode())} == {name for name, _ in samples(nobody.body.decode())}
    else:
        assert refused.status == 403


def test_labels_are_bounded(server):
    """Thousands of paths, mounts' names and clients' inventions make no new series."""
    server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    server.good("POST", "/v1/kv/first", {"a": "b"})
    server.request("GET", "/v1/kv/nothing")
    server.request("GET", "/v1/nothing/at/all")
    server.request("BREW", "/v1/kv/x")
    before = len(scrape(server, server.root))
    for number in range(150):
        server.request("POST", f"/v1/kv/path-{number}", {"a": "b"})
        server.request("GET", f"/v1/invented-{number}/x")
        server.request(f"METHOD{number}", "/v1/kv/x")
        server.request("GET", "/v1/kv/x", token=f"hvs.invented-{number}")
        server.request("POST", f"/v1/auth/invented-{number}/login", {"a": "b"}, token=None)
    after = scrape(server, server.root)
    assert len(after) - before < 40, f"{before} series became {len(after)}"
    assert len(after) < 3000
    assert not [labels for _, labels in after if labels and ("path-1" in labels or "invented" in labels or "METHOD" in labels)]


def test_open_metrics(binary, certificates, tmp_path):
    from harness import Server

    server = Server(binary, tmp_path, certificates, listener="telemetry {\n    unauthenticated_metrics_access = true\n  }")
    server.start()
    try:
        server.initialise(1, 1)
        server.unseal()
        server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
        assert {name for name, _ in scrape(server)} == {name for name, _ in scrape(server, server.root)}
    finally:
        assert server.stop() == 0
