"""monitoring/ against a real cluster: every alert is seen to fire in a real Prometheus on the fault that it names, and not
before; rules and dashboard ask for what is really there."""

import contextlib
import datetime
import json
import os
import re
import subprocess
import time

from cluster import Cluster
from cluster_certificates import Authority
from front import Front
from harness import DEADLINE
from prometheus import FOLDER, Prometheus, tool
from test_clock import LIBRARY

ALERTS = set(re.findall(r"- alert: (\w+)", (FOLDER / "alerts.yml").read_text()))
METRICS_POLICY = 'path "sys/metrics" {\n  capabilities = ["read"]\n}'
DISK = 96
MIB = 1 << 20


def test_configuration_and_rules_load_in_promtool(tmp_path):
    subprocess.run([tool("promtool"), "check", "rules", FOLDER / "alerts.yml"], check=True, timeout=DEADLINE)
    # The files that it names are looked for.
    text = (FOLDER / "prometheus.yml").read_text().replace("/etc/prometheus", str(tmp_path))
    for name, content in (("prometheus.yml", text), ("rootCA.crt", ""), ("coffer-token", ""),
                          ("alerts.yml", (FOLDER / "alerts.yml").read_text())):
        (tmp_path / name).write_text(content)
    subprocess.run([tool("promtool"), "check", "config", tmp_path / "prometheus.yml"], check=True, timeout=DEADLINE)


def test_every_alert_has_its_place_in_the_readme():
    told = re.findall(r"(?m)^\*\*(Coffer\w+)\*\*", (FOLDER / "README.md").read_text())
    assert sorted(told) == sorted(ALERTS)


def test_the_readmes_policy_is_the_one_that_is_tested():
    readme = re.sub(r"\s+", " ", (FOLDER / "README.md").read_text())
    assert re.sub(r"\s+", " ", METRICS_POLICY) in readme


def test_each_alert_fires_on_its_fault_and_not_before(binary, tmp_path):
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(Cluster(binary, tmp_path / "cluster"))
        third = cluster[3]
        for node in cluster.nodes:
            # The machine's own may be as full as it likes.
            node.on_small_disk(DISK)
        # Its clock is the tests' from the start; the calendar alone, which an operator sets.
        offset = third.folder / "offset"
        offset.write_text("+0")
        third.variables = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                           "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        cluster.up()
        front = proxy(binary, tmp_path, cluster)
        stack.callback(front.stop)
        audit = prepare(cluster, tmp_path)
        prometheus = Prometheus(tmp_path / "prometheus", cluster, f"127.0.0.1:{front.status_port}")
        token = metrics_token(cluster, prometheus)
        stack.enter_context(prometheus)
        nothing_is_wrong(prometheus, cluster)

        of_one_node_each(cluster, prometheus, tmp_path, offset)
        one_audit_device(cluster, prometheus, audit)
        all_audit_devices(cluster, prometheus, audit)
        audit_off(cluster, prometheus)
        token_ended(cluster, prometheus, token)
        elections(cluster, prometheus)
        sealed(third, prometheus)
        killed(third, prometheus)
        foreign_certificate(third, prometheus, tmp_path)
        removed(third, prometheus)
        initialised_by_itself(third, prometheus)
        majority_gone(cluster, prometheus)
        all_gone(cluster, prometheus, front)
        assert prometheus.seen == ALERTS


def proxy(binary, folder, cluster):
    front = Front(binary, folder)
    servers = "".join(f'server "{n.name}" {{ address = "{n.host}:{n.port}" }}\n' for n in cluster.nodes)
    front.write(f'balance = "roundrobin"\n check {{ type = "tcp" inter = "500ms" fall = 3 rise = 2 }}\n{servers}')
    front.start()
    return front


def prepare(cluster, folder):
    """What is in use on a real cluster: two audit devices, a secret, a login. Gives the devices' files."""
    leader = cluster.wait_leader()
    files = []
    for name in ("first", "second"):
        real, path = folder / f"{name}.log", folder / name
        real.touch()
        path.symlink_to(real)
        files.append(path)
        leader.good("PUT", f"/v1/sys/audit/{name}", {"type": "file", "options": {"file_path": str(path)}})
    # Ten seconds by default.
    leader.good("POST", "/v1/sys/storage/raft/autopilot/configuration", {"last_contact_threshold": "3s"})
    leader.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    leader.good("POST", "/v1/sys/auth/userpass", {"type": "userpass"})
    leader.good("POST", "/v1/auth/userpass/users/ann", {"password": "correct horse"})
    return files


def use(cluster):
    """A few requests of each kind."""
    leader = cluster.wait_leader()
    leader.good("POST", "/v1/kv/x", {"a": "b"})
    leader.good("GET", "/v1/kv/x")
    made = leader.good("POST", "/v1/auth/userpass/login/ann", {"password": "correct horse"}, token=None)["auth"]
    leader.good("POST", "/v1/auth/token/renew-self", {}, token=made["client_token"])
    leader.good("POST", "/v1/auth/token/revoke-self", {}, token=made["client_token"])
    return True


def metrics_token(cluster, prometheus):
    """As README.md makes it; the root token, which is there, does not watch anything."""
    leader = cluster.wait_leader()
    leader.good("PUT", "/v1/sys/policies/acl/metrics", {"policy": METRICS_POLICY})
    body = {"policies": ["metrics"], "period": "768h"}
    made = leader.good("POST", "/v1/auth/token/create-orphan", body)["auth"]["client_token"]
    prometheus.token.write_text(made)
    return made


def nothing_is_wrong(prometheus, cluster):
    prometheus.wait_for("all targets", lambda: len(prometheus.query("up == 1")) == 4)
    prometheus.wait_for("all healthy", lambda: prometheus.query("max(coffer_raft_quorum_margin) == 1"))
    # There was nothing to see at first.
    prometheus.wait_for("no alert", lambda: not prometheus.alerts())
    prometheus.seen, prometheus.begun = set(), time.time() + 1
    # Longer than any rule waits.
    rounds = lambda: min(value for _, value in prometheus.query("count_over_time(vault_raft_peers[10m])"))
    enough = rounds() + 8
    prometheus.wait_for("a while", lambda: rounds() > enough)
    assert prometheus.alerts() == set()
    prometheus.not_yet(*ALERTS)


def of_one_node_each(cluster, prometheus, folder, offset):
    """Faults that have nothing to do with each other, at the same time."""
    _, second, third = cluster.nodes
    config = {"interval": "24h", "path_prefix": str(folder / "backups"), "storage_type": "local"}
    where = "/v1/sys/storage/raft/snapshot-auto/config/"
    for name, room in (("daily", 100_000_000), ("small", 100)):
        cluster.wait_leader().good("POST", where + name, {**config, "local_max_space": room})
    third.disk.fill(leave=13 * MIB)
    offset.write_text("+90")
    renew(second, ends=datetime.timedelta(days=10))
    prometheus.fires("CofferSnapshotOld", "CofferSnapshotFails", ("CofferDiskFills", third.name),
                     ("CofferClockWrong", f"{third.host}:{third.port}"), ("CofferCertificateEndsSoon", second.name),
                     ("CofferListenerCertificateEndsSoon", f"{second.host}:{second.port}"))
    every_panel_shows_something(cluster, prometheus)
    for name in ("daily", "small"):
        cluster.wait_leader().good("DELETE", where + name)
    third.disk.relieve()
    offset.write_text("+0")
    prometheus.not_yet("CofferCertificateEnded", "CofferNodeUnfit")
    renew(third, begins=-datetime.timedelta(days=2), ends=-datetime.timedelta(minutes=1))
    prometheus.fires(("CofferCertificateEnded", third.name))
    for node in (second, third):
        renew(node)
    prometheus.ends("CofferSnapshotFails", "CofferDiskFills", "CofferClockWrong", "CofferCertificateEndsSoon",
                    "CofferListenerCertificateEndsSoon", "CofferCertificateEnded", "CofferNodeDown")


def every_panel_shows_something(cluster, prometheus):
    use(cluster)
    dashboard = json.loads((FOLDER / "grafana" / "coffer.json").read_text())
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    expressions = {target["expr"] for panel in panels for target in panel["targets"]}
    assert len(expressions) > len(panels)
    recent = lambda expression: expression.replace("$__rate_interval", "1m")

    def empty():
        cluster.wait_for(lambda: use(cluster), "requests")
        expressions.difference_update([e for e in expressions if prometheus.query(recent(e))])
        return expressions

    deadline = time.monotonic() + DEADLINE
    while empty():
        assert time.monotonic() < deadline, expressions
        # For the next scrape.
        time.sleep(0.2)
    # The same of the rules: every name they ask for has been there.
    rules = "\n".join(rule["query"] for group in prometheus.get("rules")["groups"] for rule in group["rules"])
    names = set(re.findall(r"\b(?:vault|coffer)_\w+", rules))
    assert len(names) > 15
    assert [name for name in names if not prometheus.query(f"last_over_time({name}[10m])")] == []


def renew(node, authority=None, **validity):
    authority = authority or node.cluster.authority
    authority.issue(node.folder, f"{node.name}.example.com", [node.host], ["vault.example.com"], **validity)
    node.reload()


def break_device(cluster, path):
    """What it writes to is full, on every node."""
    new = path.with_suffix(".new")
    new.symlink_to("/dev/full")
    os.rename(new, path)
    for node in cluster.running():
        node.reload()


def one_audit_device(cluster, prometheus, files):
    prometheus.not_yet("CofferAuditDeviceFails", "CofferAuditBlocks", "CofferNotAudited", "CofferMetricsTokenRefused")
    break_device(cluster, files[0])

    def fails():
        cluster.wait_leader().request("GET", "/v1/kv/x")
        return "CofferAuditDeviceFails" in {name for name, _ in prometheus.alerts()}

    prometheus.wait_for("CofferAuditDeviceFails", fails)
    # The other device takes what the first does not: all is served.
    cluster.wait_for(lambda: cluster.wait_leader().request("GET", "/v1/kv/x").status == 200, "a good answer", 5)
    prometheus.not_yet("CofferAuditBlocks", "CofferNodeUnfit", "CofferNotAudited", "CofferMetricsTokenRefused")


def all_audit_devices(cluster, prometheus, files):
    break_device(cluster, files[1])

    def fails():
        cluster.wait_leader().request("GET", "/v1/kv/x")
        return {"CofferAuditBlocks", "CofferNodeUnfit"} <= {name for name, _ in prometheus.alerts()}

    prometheus.wait_for("CofferAuditBlocks, CofferNodeUnfit", fails)
    for path in files:
        path.unlink()
        path.touch()
    for node in cluster.running():
        node.reload()
    cluster.wait_for(lambda: cluster.wait_leader().request("GET", "/v1/kv/x").status == 200, "audited again")


def audit_off(cluster, prometheus):
    prometheus.not_yet("CofferNotAudited")
    for name in ("first", "second"):
        cluster.wait_leader().good("DELETE", f"/v1/sys/audit/{name}")
    prometheus.fires("CofferNotAudited")


def token_ended(cluster, prometheus, token):
    prometheus.not_yet("CofferMetricsTokenRefused")
    cluster.wait_leader().good("POST", "/v1/auth/token/revoke", {"token": token})
    prometheus.fires("CofferMetricsTokenRefused")
    prometheus.token.write_text(cluster.root)
    prometheus.ends("CofferMetricsTokenRefused")


def elections(cluster, prometheus):
    prometheus.not_yet("CofferElections")

    def often():
        cluster.wait_leader().request("PUT", "/v1/sys/step-down", {})
        return "CofferElections" in {name for name, _ in prometheus.alerts()}

    prometheus.wait_for("CofferElections", often)
    cluster.wait_serving()


def sealed(node, prometheus):
    prometheus.not_yet("CofferNodeSealed")
    if node.health() == 200:
        node.good("PUT", "/v1/sys/step-down", {})
        node.cluster.wait_for(lambda: node.health() == 429, "another leads")
    node.good("POST", "/v1/sys/seal")
    prometheus.fires(("CofferNodeSealed", f"{node.host}:{node.port}"))
    node.unseal()
    prometheus.ends("CofferNodeSealed")


def killed(node, prometheus):
    prometheus.not_yet("CofferQuorumMarginLost", "CofferMemberUnhealthy", "CofferFrontServerDown", "CofferConnectionsRefused")
    node.kill9()
    prometheus.fires(("CofferNodeDown", f"{node.host}:{node.port}"), "CofferQuorumMarginLost",
                     ("CofferMemberUnhealthy", node.name), ("CofferFrontServerDown", node.name))


def foreign_certificate(node, prometheus, folder):
    node.certificates = Authority(folder / "other-ca").issue(
        node.folder, f"{node.name}.example.com", [node.host], ["vault.example.com"])
    node.start(wait=False)
    prometheus.fires("CofferConnectionsRefused")
    node.kill9()
    node.certificates = node.cluster.certificate(node.name, node.host)
    node.start()
    node.unseal()
    prometheus.ends("CofferConnectionsRefused", "CofferNodeDown", "CofferQuorumMarginLost", "CofferMemberUnhealthy")


def removed(node, prometheus):
    prometheus.not_yet("CofferVotersEven", "CofferPeersDiffer", "CofferNodeRemoved")
    node.cluster.wait_leader().good("POST", "/v1/sys/storage/raft/remove-peer", {"server_id": node.name})
    prometheus.fires("CofferVotersEven", "CofferPeersDiffer", ("CofferNodeRemoved", f"{node.host}:{node.port}"))


def initialised_by_itself(node, prometheus):
    prometheus.not_yet("CofferSeveralActiveNodes")
    node.terminate()
    node.wipe()
    node.joins = False
    node.start()
    made = node.good("POST", "/v1/sys/init", {"secret_shares": 1, "secret_threshold": 1}, token=None)
    node.good("POST", "/v1/sys/unseal", {"key": made["keys_base64"][0]}, token=None)
    prometheus.fires("CofferSeveralActiveNodes")


def majority_gone(cluster, prometheus):
    """Two nodes have the votes. Whichever is left, it says that there is no leader and that it is not active."""
    cluster[3].kill9()
    both = cluster.nodes[:2]
    for dies_first in (True, False):
        prometheus.not_yet("CofferNoLeader", "CofferNoActiveNode")
        cluster.wait_serving(both)
        leader = cluster.wait_leader(both)
        dead, left = (leader, other(both, leader)) if dies_first else (other(both, leader), leader)
        dead.kill9()
        prometheus.fires(("CofferNoLeader", f"{left.host}:{left.port}"), "CofferNoActiveNode")
        if dies_first:
            dead.start()
            dead.unseal()
            prometheus.ends("CofferNoLeader", "CofferNoActiveNode")


def other(nodes, node):
    return next(each for each in nodes if each is not node)


def all_gone(cluster, prometheus, front):
    prometheus.not_yet("CofferFrontNoServer", "CofferFrontDown")
    for node in cluster.running():
        node.kill9()
    prometheus.fires("CofferFrontNoServer")
    front.stop()
    prometheus.fires("CofferFrontDown")
