"""The guide on three machines, its commands to the letter: its Dockerfile, compose and configuration files with folders
and keys that are root's, its cluster section, its HAProxy, its fail-overs, backup and restore.

One story, in its order. Only the Dockerfile's FROM differs, and the line for packages where the base is Debian's.
"""

import json
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

from conftest import COMPOSES, DOCKER
from machines import NODES, Machines, wait

PROBE = DOCKER.parent / "tests" / "e2e" / "probe.py"
URL = "https://vault.example.com:8200"
AT_ONCE = 4


class Story:
    """The machines, and what the operator has written down."""

    def __init__(self, machines):
        self.machines, self.nodes, self.proxy = machines, machines.nodes, machines.proxy
        self.keys, self.root = [], None

    def unseal(self, node):
        for key in self.keys[:3]:
            node.vault(f"operator unseal {key}")

    def operator(self, command, **more):
        """On the proxy's machine: the client, VAULT_ADDR and VAULT_TOKEN as the guide exports them."""
        exports = f"export VAULT_ADDR=https://vault2.example.com:8200 VAULT_TOKEN={self.root}; "
        return self.proxy.run(exports + command, **more)

    def peers(self, through="https://vault.example.com:8200"):
        done = self.proxy.run(f"VAULT_ADDR={through} VAULT_TOKEN={self.root} vault operator raft list-peers", check=False)
        return {row.split()[0]: tuple(row.split()[1:]) for row in done.stdout.splitlines()[2:] if row.strip()}

    def tale(self):
        logs = [f"--- {name}\n" + node.run("docker logs --tail 40 vault 2>&1", check=False).stdout
                for name, node in self.nodes.items()]
        return f"{self.peers()}\n{self.peers('https://vault2.example.com:8200')}\n" + "\n".join(logs)

    def leader(self):
        def found():
            leading = [name for name, row in self.peers().items() if row[1] == "leader"]
            return leading[0] if len(leading) == 1 else None
        return wait(found, "a leader")

    @contextmanager
    def probed(self):
        """Clients ask for secret/test through the proxy meanwhile; gives a dict that is filled at the end."""
        token = self.proxy.folder / "token"
        token.write_text(self.root)
        command = self.proxy.within(sys.executable, PROBE, f"{URL}/v1/secret/data/test", self.machines.ca, token, AT_ONCE)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        met = {}
        try:
            yield met
        finally:
            process.terminate()
            met.update(json.loads(process.communicate(timeout=120)[0]))
        print(f"\n    {len(met['failed'])} of {len(met['failed']) + met['good']} failed, longest without a good answer "
              f"{met['longest_gap']:.2f} s, slowest {met['slowest']:.2f} s {sorted({f[1] for f in met['failed']})}")


@pytest.fixture(scope="module", params=COMPOSES)
def story(request, tmp_path_factory, image, client, certificates, child_dockerfile):
    """Once with Debian's docker-compose, once with Compose v2 under that name."""
    folder = tmp_path_factory.mktemp("machines")
    images = {image, "coffer-base"} if subprocess.run(["docker", "image", "inspect", "coffer-base"],
                                                       capture_output=True).returncode == 0 else {image}
    with Machines(folder, client, certificates / "rootCA.crt", images) as machines:
        compose = machines.bin / "docker-compose"
        compose.write_text(f"#!/bin/sh\nexec {shutil.which('docker-compose') if request.param == 'docker-compose' else request.param} \"$@\"\n")
        compose.chmod(0o755)
        for name, node in machines.nodes.items():
            shutil.copytree(DOCKER / "per-machine" / name, node.folder, dirs_exist_ok=True)
            shutil.copytree(certificates / name, node.folder / "certs")
            shutil.copy(certificates / "rootCA.crt", node.folder)
            child_dockerfile(node.folder / "Dockerfile")
            key = node.folder / "certs" / "key.pem"
            assert (key.stat().st_mode & 0o777, key.stat().st_uid) == (0o600, 0)
        yield Story(machines)


def test_initialize_the_leader(story):
    """Step 1, on node 2."""
    node = story.nodes["vault2"]
    node.run("docker-compose up -d")
    wait(lambda: node.json("status"), "an answer")
    made = node.run("docker exec vault vault operator init").stdout
    story.keys = re.findall(r"Unseal Key \d: (\S+)", made)
    story.root = re.search(r"Initial Root Token: (\S+)", made).group(1)
    assert len(story.keys) == 5
    story.unseal(node)
    status = node.run("docker exec vault vault status").stdout
    assert re.search(r"Sealed\s+false", status)
    wait(lambda: re.search(r"HA Mode\s+active", node.run("docker exec vault vault status").stdout), "active")


def test_it_runs_without_roots_rights(story):
    """In the guide's own container, whose entrypoint is the server."""
    node = story.nodes["vault2"]
    pid = node.run("docker inspect -f '{{.State.Pid}}' vault").stdout.strip()
    status = open(f"/proc/{pid}/status").read()
    assert re.search(r"^Uid:\s+100\s+100\s+100\s+100$", status, re.M)
    assert {path.stat().st_uid for path in (node.folder / "data").rglob("*")} == {100}


@pytest.mark.parametrize("name", ["vault1", "vault3"])
def test_join_a_follower(story, name):
    """Step 2: join while still sealed, then the same keys."""
    node = story.nodes[name]
    node.run("docker-compose up -d")
    wait(lambda: node.json("status"), "an answer")
    joined = node.run("docker exec vault vault operator raft join https://vault2.example.com:8200").stdout
    assert re.search(r"Joined\s+true", joined)
    story.unseal(node)
    wait(lambda: node.json("status").get("ha_enabled") and not node.json("status")["sealed"], "unsealed")


def test_list_peers(story):
    """Step 3, with a client on another machine."""
    wanted = {
        "vault2": ("vault2.example.com:8201", "leader", "true"),
        "vault1": ("vault1.example.com:8201", "follower", "true"),
        "vault3": ("vault3.example.com:8201", "follower", "true"),
    }
    wait(lambda: story.peers("https://vault2.example.com:8200") == wanted, wanted)


def test_through_haproxy(story):
    """The guide's block as it stands, at the address of vault.example.com."""
    shutil.copy(DOCKER / "haproxy" / "haproxy.cfg", story.proxy.folder)
    story.haproxy_log = open(story.proxy.folder / "haproxy.log", "ab")
    story.haproxy = story.proxy.start("haproxy", "-db", "-f", "haproxy.cfg", output=story.haproxy_log)
    wait(lambda: story.peers(), "an answer through HAProxy")
    story.operator("vault secrets enable -path=secret -version=2 kv && vault kv put secret/test password=s3cr3t")
    story.operator("vault audit enable file file_path=/vault/logs/audit.log")
    assert "s3cr3t" in story.operator("vault kv get -address=https://vault.example.com:8200 secret/test").stdout


def keep_answering(story):
    """The guide's commands at the balancer's address. The client itself tries a request again that met a dead server."""
    story.operator("vault status -address=https://vault.example.com:8200", timeout=60)
    assert "s3cr3t" in story.operator("vault kv get -address=https://vault.example.com:8200 secret/test", timeout=60).stdout


def comes_back(story, name):
    """Up again and unsealed by hand; meanwhile it is asked while it is still sealed, and no request fails."""
    node = story.nodes[name]
    node.run("docker-compose up -d")
    wait(lambda: (node.json("status") or {}).get("sealed"), "back, and sealed")
    wait_checked(story, name)
    with story.probed() as met:
        for _ in range(20):
            keep_answering_reads(story)
    assert met["failed"] == [] and met["good"] > 20
    story.unseal(node)
    wait(lambda: re.search(r"HA Mode\s+standby", node.vault("status", check=False).stdout), "a standby")


def keep_answering_reads(story):
    assert "s3cr3t" in story.operator("vault kv get -address=https://vault.example.com:8200 secret/test").stdout


def wait_checked(story, name):
    """Until HAProxy counts it as up."""
    log = story.proxy.folder / "haproxy.log"

    def up():
        said = re.findall(rf"Server vault_backend/{name} is (UP|DOWN)", log.read_text())
        return not said or said[-1] == "UP"
    wait(up, f"HAProxy takes {name} for up")


def test_leader_failure(story):
    """`docker-compose down` on the leader's machine: the others elect, the one address answers throughout."""
    name = story.leader()
    with story.probed() as met:
        story.nodes[name].run("docker-compose down")
        assert story.leader() != name
        keep_answering(story)
    assert met["longest_gap"] < 5, met
    assert story.nodes[name].run("docker ps -aq").stdout == ""
    comes_back(story, name)


def test_follower_failure(story):
    name = next(name for name in NODES if name != story.leader())
    leader = story.leader()
    with story.probed() as met:
        story.nodes[name].run("docker-compose down")
        keep_answering(story)
    assert met["longest_gap"] < 2, met
    assert story.leader() == leader
    comes_back(story, name)


@pytest.mark.parametrize("how", ["docker kill vault", "docker network disconnect NETWORK vault"])
def test_a_leader_without_a_farewell(story, how):
    """Killed, and cut off from the network."""
    name = story.leader()
    node = story.nodes[name]
    network = node.run("docker inspect -f '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}' vault").stdout.strip()
    with story.probed() as met:
        node.run(how.replace("NETWORK", network))
        wait(lambda: story.leader() != name, "another leader")
        keep_answering(story)
    assert met["longest_gap"] < 10, met
    node.run("docker-compose down")
    comes_back(story, name)


def test_backup_and_restore(story):
    story.operator("vault operator raft snapshot save backup-$(date +%Y%m%d).snap && mv backup-*.snap backup.snap")
    story.operator("vault kv put secret/test password=changed")
    story.operator("vault operator raft snapshot restore -force backup.snap")
    wait(lambda: "s3cr3t" in story.operator("vault kv get secret/test", check=False).stdout, "the old value")


def test_only_the_leader_is_unsealed_after_all_were_down(story):
    for node in story.nodes.values():
        node.run("docker-compose down")
    for node in story.nodes.values():
        node.run("docker-compose up -d")
    first = story.nodes["vault2"]
    wait(lambda: first.json("status"), "an answer")
    story.unseal(first)
    wait(lambda: all(not (node.json("status") or {"sealed": True})["sealed"] for node in story.nodes.values()),
         "the followers open by themselves")
    keep_answering_reads(story)


def test_bare_checks_leave_no_trace_in_the_log(story):
    """HAProxy has opened and closed connections to every node for minutes."""
    for node in story.nodes.values():
        log = node.run("docker logs vault 2>&1").stdout
        assert not re.search(r"handshake|connection (reset|closed)|unexpected eof", log, re.I), log[-3000:]


def test_haproxy_ends(story):
    story.haproxy.terminate()
    story.haproxy.wait(30)
