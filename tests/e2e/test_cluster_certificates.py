"""What an operator is told about a certificate that is wrong, on both nodes and by the API, and that good ones can be
replaced while everything runs."""

import datetime
import re
import socket
import ssl

import pytest

from cluster import SEALED, Cluster
from cluster_certificates import Authority
from harness import reference_binary

DAY = datetime.timedelta(days=1)


def bad_certificate(cluster, fault):
    """The certificate that vault2 shows the other nodes, with what must be said of it: wanted and offered."""
    node, folder = cluster[2], cluster.folder / "bad"
    name = "vault2.example.com"
    if fault == "without clientAuth":
        made = cluster.authority.issue(folder, name, [node.host], usages="serverAuth")
        return made, ["clientAuth", "wanted: serverAuth and clientAuth", "offered: serverAuth"]
    if fault == "unknown CA":
        stranger = Authority(cluster.folder / "stranger", "/CN=Somebody Else")
        return stranger.issue(folder, name, [node.host]), ["not trusted", "Vault Root CA", "offered: ", "Somebody Else"]
    if fault == "wrong name":
        made = cluster.authority.issue(folder, "elsewhere.example.com", ["192.0.2.7"])
        return made, [f"wanted in its subjectAltName: {node.host}", "elsewhere.example.com", "192.0.2.7"]
    if fault == "expired":
        return cluster.authority.issue(folder, name, [node.host], begins=-9 * DAY, ends=-3 * DAY), ["expired 3 days ago"]
    assert fault == "not yet valid"
    return cluster.authority.issue(folder, name, [node.host], begins=5 * DAY), ["becomes valid only in", "clocks"]


SETTINGS = {
    "without clientAuth": ["extendedKeyUsage = serverAuth, clientAuth", 'cluster_tls = "internal"', "cluster_tls_cert_file"],
    "unknown CA": ["cluster_ca_file"],
    "wrong name": ["subjectAltName", "cluster_addr"],
    "expired": ["cluster_tls_cert_file"],
    "not yet valid": ["cluster_tls_cert_file"],
}


def show_to_other_nodes(node, files):
    """From its next start on."""
    node.extra = f'cluster_tls_cert_file = "{files.certificate}"\ncluster_tls_key_file = "{files.key}"\n'


def lacking(text, words):
    return [word for word in words if word not in text]


@pytest.mark.parametrize("fault", SETTINGS)
def test_a_joiner_with_a_wrong_certificate(binary, tmp_path, fault):
    with Cluster(binary, tmp_path, 2) as cluster:
        leader, joiner = cluster.nodes
        leader.start()
        cluster.initialise(leader)
        leader.unseal()
        files, said = bad_certificate(cluster, fault)
        show_to_other_nodes(joiner, files)
        joiner.start()
        words = [*said, *SETTINGS[fault]]

        def told(text):
            """The fault in one line, as the operator reads it."""
            return any(not lacking(line, words) for line in text.splitlines())

        # What is asked for by hand is answered at once or goes on trying; it is not pretended to have worked. Nobody
        # connects to a node that has not proved the unseal key.
        joiner.join(leader)
        answer = joiner.request("POST", "/v1/sys/unseal", {"key": cluster.keys[0]}, token=None)
        cluster.wait_for(lambda: told(joiner.output()), f"the joiner's log says {words}", 20)
        cluster.wait_for(lambda: told(leader.output()), f"the leader's log says {words}", 20)
        leaders = [line for line in leader.output().splitlines() if not lacking(line, words)]
        assert any("vault2" in line or joiner.host in line for line in leaders), leaders
        by_api = leader.good("GET", "/v1/sys/storage/raft/configuration")
        assert told(str(by_api.get("warnings")).replace("', '", "\n")), by_api
        shown = leader.cli(binary).run("operator", "raft", "list-peers")
        assert not lacking(re.sub(r"\s+", " ", shown.stdout + shown.stderr), said[:1]), "the command line shows it too"
        members = leader.raft_configuration()
        assert not members.get("vault2", {}).get("voter"), "no vote for a node that cannot be reached"
        assert answer.status not in (200, 204) or "vault2" not in members or not members["vault2"]["voter"]
        # A good one in its place mends it, without a restart of either.
        show = cluster.authority.issue(tmp_path / "bad", files.certificate.stem, [joiner.host], ["vault2.example.com"])
        assert show.certificate == files.certificate
        joiner.reload()
        joiner.unseal()
        cluster.wait_members(2)
        cluster.wait_for(lambda: not leader.good("GET", "/v1/sys/storage/raft/configuration")["data"]["config"]["servers"][1]
                         .get("last_connection_error"), "nothing is wrong any more")


def test_internal_tls_where_the_listener_has_no_client_certificate(binary, tmp_path):
    with Cluster(binary, tmp_path, extra='cluster_tls = "internal"') as cluster:
        for node in cluster.nodes:
            node.certificates = cluster.certificate(node.name, node.host, usages="serverAuth")
        cluster.up()


def test_plain_listeners(binary, tmp_path):
    """tls_disable = true: between the nodes there is TLS all the same."""
    with Cluster(binary, tmp_path, tls=False) as cluster:
        cluster.up()


def test_the_ca_setting_instead_of_the_system_store(binary, tmp_path):
    with Cluster(binary, tmp_path, variables={"SSL_CERT_FILE": "/dev/null"}) as cluster:
        for node in cluster.nodes:
            node.extra = f'cluster_ca_file = "{cluster.authority.ca}"'
        cluster.up()


def serial(node, files, port=None):
    """The serial number of the certificate that a node shows on its cluster port."""
    context = ssl.create_default_context(cafile=str(files.ca))
    context.load_cert_chain(str(files.certificate), str(files.key))
    context.set_alpn_protocols(["coffer-raft/1"])
    with socket.create_connection((node.host, port or node.cluster_port), 5) as tcp:
        with context.wrap_socket(tcp, server_hostname=node.host) as tls:
            return tls.getpeercert()["serialNumber"]


def test_certificates_are_renewed_with_new_keys_while_all_runs(binary, tmp_path):
    with Cluster(binary, tmp_path) as cluster:
        cluster.up()
        pids = [node.pid for node in cluster.nodes]
        for node in cluster.nodes:
            before = serial(node, node.certificates)
            node.certificates = cluster.certificate(node.name, node.host)
            node.reload()
            cluster.wait_for(lambda: serial(node, node.certificates) != before, f"{node.name} shows the new one", 15)
        assert [node.pid for node in cluster.nodes] == pids
        # New connections among all, in both directions.
        old = cluster.wait_leader()
        old.restart()
        old.unseal()
        cluster.wait_serving(cluster.nodes)
        for node in cluster.nodes:
            node.good("POST", "/v1/sys/policies/acl/p", {"policy": 'path "x" { capabilities = ["read"] }'})


def test_a_members_expired_certificate_is_an_alarm_and_no_outage(binary, tmp_path):
    with Cluster(binary, tmp_path) as cluster:
        member = cluster[2]
        show_to_other_nodes(member, cluster.authority.issue(tmp_path / "own", "vault2.example.com", [member.host]))
        cluster.up()
        cluster.authority.issue(tmp_path / "own", "vault2.example.com", [member.host], begins=-9 * DAY, ends=-3 * DAY)
        member.restart()
        member.unseal()
        cluster.wait_serving(cluster.nodes)
        marks = {node.name: node.mark() for node in cluster.nodes}
        # It may even lead.
        if cluster.wait_leader() is not member:
            for other in cluster.nodes:
                if other is not member:
                    other.restart()
                    other.unseal()
        cluster.wait_serving(cluster.nodes)
        member.good("POST", "/v1/sys/policies/acl/p", {"policy": 'path "x" { capabilities = ["read"] }'})
        for node in cluster.nodes:
            alarmed = node.good("GET", "/v1/sys/storage/raft/configuration")
            assert "vault2" in str(alarmed["warnings"]) and "expired" in str(alarmed["warnings"])
            cluster.wait_for(lambda: "expired" in node.since(marks[node.name]) or "expired" in node.output(),
                             f"{node.name} says it in its log")


def test_a_peer_that_is_no_member(binary, tmp_path):
    with Cluster(binary, tmp_path) as cluster:
        cluster.up()
        leader, gone = cluster.wait_leader(), cluster.followers()[0]
        gone.kill9()
        leader.cli(reference_binary()).run("operator", "raft", "remove-peer", gone.name)
        cluster.wait_members(2)
        gone.joins = False
        mark = leader.mark()
        gone.start()
        cluster.wait_for(lambda: re.search(rf"{gone.name}.*no (longer a )?member|no (longer a )?member.*{gone.name}",
                                           leader.since(mark)), "the leader says who is no member", 20)
        cluster.wait_for(lambda: re.search("no (longer a )?member|removed", gone.output()), "so does the one removed", 20)
        assert gone.health() not in (200, 429, SEALED, None), "its health tells that it was removed"


def test_strangers_on_the_cluster_port_do_no_harm(binary, tmp_path):
    with Cluster(binary, tmp_path, 1) as cluster:
        node = cluster[1]
        node.start()
        cluster.initialise(node)
        node.unseal()
        context = ssl.create_default_context(cafile=str(cluster.authority.ca))
        context.load_cert_chain(str(node.certificates.certificate), str(node.certificates.key))
        for protocol in ("coffer-raft/1", "coffer-ask/1", "coffer-forward/1"):
            context.set_alpn_protocols([protocol])
            for sent in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"\xff" * 100_000):
                with socket.create_connection((node.host, node.cluster_port), 5) as tcp:
                    with context.wrap_socket(tcp, server_hostname=node.host) as tls:
                        tls.settimeout(15)
                        try:
                            tls.sendall(sent)
                            tls.unwrap() if not sent else None
                            while tls.recv(65536):
                                pass
                        except (OSError, ssl.SSLError):
                            pass
        with pytest.raises((OSError, ssl.SSLError)):
            without = ssl.create_default_context(cafile=str(cluster.authority.ca))
            without.set_alpn_protocols(["coffer-raft/1"])
            with socket.create_connection((node.host, node.cluster_port), 5) as tcp:
                with without.wrap_socket(tcp, server_hostname=node.host) as tls:
                    tls.settimeout(5)
                    assert tls.recv(1) == b"x", "a client without a certificate is not listened to"
        assert node.health() == 200
