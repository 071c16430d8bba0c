"""compose.yml as the README has it: on one host, unprivileged throughout, with each Compose that is there."""

import json
import os
import re
import subprocess

import pytest

from conftest import COMPOSES, DOCKER
from machines import sh, wait

SUBNET = "172.30.82"
NODES = [f"coffer-vault{n}" for n in (1, 2, 3)]
PORT, STATUS_PORT = "18200", "18404"


class Host:
    """The cluster of compose.yml; `compose` is the command."""

    def __init__(self, compose, certificates, image):
        self.compose = compose.split()
        self.environment = {**os.environ, "COFFER_CERTS": str(certificates), "COFFER_IMAGE": image, "COFFER_PORT": PORT,
                            "COFFER_STATUS_PORT": STATUS_PORT}

    def run(self, *words):
        return sh(*self.compose, "-p", "coffer-test", "-f", DOCKER / "compose.yml", *words, env=self.environment)

    def vault(self, container, *words, token=None, code=0):
        options = ["-e", f"VAULT_TOKEN={token}"] if token else []
        done = subprocess.run(["docker", "exec", *options, container, "vault", *words], capture_output=True, text=True)
        assert code is None or done.returncode == code, f"{container}: {words}: {done.returncode} {done.stdout}{done.stderr}"
        return done.stdout

    def answers(self, container):
        return "Sealed" in self.vault(container, "status", code=None)

    def tale(self):
        return self.run("logs", "--tail", "40").stdout


@pytest.fixture(scope="module", params=COMPOSES)
def host(request, tmp_path_factory, image):
    folder = tmp_path_factory.mktemp("certs")
    sh(DOCKER / "gen-certs", folder, *(f"vault{n}.example.com={SUBNET}.1{n}" for n in (1, 2, 3)),
       env={**os.environ, "OWNER": "100:1000"})
    folder.chmod(0o755)
    host = Host(request.param, folder, image)
    try:
        host.run("up", "-d")
        yield host
    finally:
        host.run("down", "-v")


def test_the_readmes_commands(host):
    for node in NODES:
        wait(lambda: host.answers(node), f"{node} answers")
    made = host.vault("coffer-vault2", "operator", "init")
    keys = re.findall(r"Unseal Key \d: (\S+)", made)[:3]
    host.token = re.search(r"Initial Root Token: (\S+)", made).group(1)
    for node in ("coffer-vault2", "coffer-vault1", "coffer-vault3"):
        if node != "coffer-vault2":
            joined = host.vault(node, "operator", "raft", "join", "https://vault2.example.com:8200")
            assert re.search(r"Joined\s+true", joined)
        for key in keys:
            host.vault(node, "operator", "unseal", key)

    def peers():
        rows = host.vault("coffer-vault2", "operator", "raft", "list-peers", token=host.token, code=None).splitlines()[2:]
        return sorted(tuple(row.split()) for row in rows)
    wanted = [("vault1", "vault1.example.com:8201", "follower", "true"), ("vault2", "vault2.example.com:8201", "leader", "true"),
              ("vault3", "vault3.example.com:8201", "follower", "true")]
    wait(lambda: peers() == wanted, wanted)
    host.vault("coffer-front", "secrets", "enable", "-path=secret", "-version=2", "kv", token=host.token)
    wait(lambda: "version" in host.vault("coffer-front", "kv", "put", "secret/test", "a=b", token=host.token, code=None), "secret/")
    host.vault("coffer-vault1", "audit", "enable", "file", "file_path=/vault/logs/audit.log", token=host.token)
    host.vault("coffer-vault1", "operator", "raft", "snapshot", "save", "/tmp/backup.snap", token=host.token)


def test_nothing_has_any_right(host):
    for container in [*NODES, "coffer-front"]:
        told = json.loads(sh("docker", "inspect", container).stdout)[0]
        status = open(f"/proc/{told['State']['Pid']}/status").read()
        assert re.search(r"^Uid:\s+100\s+100\s+100\s+100$", status, re.M), container
        for kind in ("Prm", "Eff", "Bnd", "Amb", "Inh"):
            assert re.search(rf"^Cap{kind}:\s+0+$", status, re.M), container
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.M), container
        assert told["HostConfig"]["ReadonlyRootfs"] and not told["HostConfig"]["Privileged"], container


def test_the_hosts_port_is_the_front_proxy(host):
    ca = f"{host.environment['COFFER_CERTS']}/rootCA.crt"
    answer = sh("curl", "-sS", "--cacert", ca, f"https://localhost:{PORT}/v1/sys/health?standbyok=true").stdout
    assert json.loads(answer)["sealed"] is False
    assert "vault_backend" in sh("curl", "-sS", f"http://127.0.0.1:{STATUS_PORT}/status.json").stdout
