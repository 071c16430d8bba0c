"""The image: what is in it, whom it runs as, what it needs, how it tells its health."""

import json
import re
import shutil
import time
import uuid

import pytest

from machines import sh, wait

CONFIG = """
storage "raft" {
  path    = "/vault/data"
  node_id = "vault1"
}
listener "tcp" {
  address       = "0.0.0.0:8200"
  tls_cert_file = "/certs/vault1.pem"
  tls_key_file  = "/certs/key.pem"
}
api_addr     = "https://vault1.example.com:8200"
cluster_addr = "https://vault1.example.com:8201"
"""


class Container:
    """A container on folders of root's, as the guide mounts them."""

    def __init__(self, image, folder, certificates):
        self.image, self.folder = image, folder
        self.name = f"coffer-test-{uuid.uuid4().hex[:8]}"
        for name in ("config", "data"):
            (folder / name).mkdir()
        shutil.copytree(certificates / "vault1", folder / "certs")
        self.set_config(CONFIG)

    def set_config(self, text):
        file = self.folder / "config" / "config.hcl"
        file.write_text(text)
        file.chmod(0o600)

    def start(self, *options, caps=("--cap-add", "IPC_LOCK"), logs=False):
        mounts = ["-v", f"{self.folder}/config:/vault/config:ro", "-v", f"{self.folder}/data:/vault/data:rw",
                  "-v", f"{self.folder}/certs:/certs:ro"]
        sh("docker", "run", "-d", "--name", self.name, "--add-host", "vault1.example.com:127.0.0.1", *caps,
           "-e", "VAULT_ADDR=https://vault1.example.com:8200", "-e", "VAULT_CACERT=/certs/rootCA.crt", *mounts, *options,
           "--entrypoint", "vault", self.image, "server", "-config=/vault/config/config.hcl")
        wait(lambda: self.status(check=False) is not None, f"an answer\n{self.log()}")

    def vault(self, *words, check=True):
        done = sh("docker", "exec", self.name, "sh", "-c", 'vault "$@" 2>&1; echo "code $?"', "-", *words)
        text, code = done.stdout.rsplit("code ", 1)
        assert not check or code.strip() == "0", text
        return text

    def status(self, check=True):
        text = self.vault("status", "-format=json", check=False)
        return json.loads(text) if text.startswith("{") else None

    def log(self):
        return subprocess_output("docker", "logs", self.name)

    def process(self):
        """The lines of the server's own status file: its user, its rights, its locked memory."""
        pid = json.loads(sh("docker", "inspect", self.name).stdout)[0]["State"]["Pid"]
        return dict(line.split(":\t", 1) for line in open(f"/proc/{pid}/status").read().splitlines() if ":\t" in line)

    def remove(self):
        sh("docker", "rm", "-f", "-v", self.name)


def subprocess_output(*command):
    done = sh(*command)
    return done.stdout + done.stderr


@pytest.fixture
def container(image, tmp_path, certificates):
    made = Container(image, tmp_path, certificates)
    yield made
    made.remove()


def in_image(image, script):
    return sh("docker", "run", "--rm", "--entrypoint", "sh", image, "-c", script).stdout


def test_names_and_folders(image):
    assert in_image(image, "vault version") == in_image(image, "coffer version")
    folders = in_image(image, "stat -c '%n %U' /vault/config /vault/data /vault/logs /vault/file")
    assert folders.split() == [w for n in ("config", "data", "logs", "file") for w in (f"/vault/{n}", "vault")]


def test_it_is_small(image):
    """The binary is what the image adds to its base."""
    layers = json.loads("[" + ",".join(sh("docker", "history", "--format", "{{json .}}", "--no-trunc", "--human=false",
                                          image).stdout.splitlines()) + "]")
    added = sum(int(layer["Size"]) for layer in layers if "COPY" in layer["CreatedBy"])
    assert added < 40e6, added


def test_started_as_root_it_becomes_another_user_and_locks_memory(container):
    """Folders and keys are root's, the keys for root alone; IPC_LOCK is the one right that the guide adds."""
    container.start()
    process = container.process()
    assert set(process["Uid"].split()) == {"100"} and set(process["Gid"].split()) == {"1000"}
    assert process["Groups"].strip() == "" and process["NoNewPrivs"] == "1"
    assert int(process["VmLck"].split()[0]) > 0, "memory is locked"
    # IPC_LOCK and NET_BIND_SERVICE: no right to others' files is in force.
    assert int(process["CapEff"], 16) == 1 << 14 | 1 << 10
    owners = {path.stat().st_uid for path in [container.folder / "data", *(container.folder / "data").rglob("*")]}
    assert owners == {100}
    assert "running as another user" in container.log()
    assert (container.folder / "certs" / "key.pem").stat().st_uid == 0, "what is only read stays whose it was"


def test_without_the_right_to_lock_it_says_so_and_runs(container):
    container.start(caps=("--cap-drop", "IPC_LOCK"))
    assert "memory is not locked" in container.log()


def test_health(container):
    def health():
        return json.loads(sh("docker", "inspect", container.name).stdout)[0]["State"]["Health"]["Status"]

    container.start("--health-interval", "1s", "--health-start-period", "0s", "--health-retries", "1")
    wait(lambda: health() == "unhealthy", "a sealed server is not healthy")
    made = json.loads(container.vault("operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"))
    container.vault("operator", "unseal", made["unseal_keys_b64"][0])
    wait(lambda: health() == "healthy", "an unsealed server is healthy")


def test_renewed_certificates_are_read_though_they_are_roots(container, certificates, tmp_path):
    """After it has become another user: a renewed certificate, by SIGHUP and by itself; the configuration by SIGHUP."""
    container.start()
    before = serial(container)
    other = tmp_path / "renewed"
    shutil.copytree(certificates, other)
    renew(container, other)
    sh("docker", "kill", "-s", "HUP", container.name)
    wait(lambda: serial(container) != before, f"the certificate, by SIGHUP\n{container.log()}")
    before = serial(container)
    renew(container, other)
    wait(lambda: serial(container) != before, f"the certificate, by itself\n{container.log()}")
    container.set_config(CONFIG + 'log_level = "debug"\n')
    sh("docker", "kill", "-s", "HUP", container.name)
    wait(lambda: "log level changed" in container.log(), container.log())
    assert "cannot be read" not in container.log()


def renew(container, folder):
    """A certificate with a new key, over the one that is mounted."""
    from conftest import DOCKER
    sh(DOCKER / "gen-certs", folder, "vault1.example.com=192.168.1.10")
    for name in ("vault1.pem", "key.pem"):
        new = container.folder / "certs" / f"{name}.new"
        shutil.copy(folder / "vault1" / name, new)
        new.chmod(0o600)
        new.rename(container.folder / "certs" / name)


def serial(container):
    shown = sh("sh", "-c", f"openssl s_client -connect {address(container)}:8200 </dev/null 2>/dev/null | openssl x509 -noout -serial")
    return shown.stdout.strip()


def address(container):
    networks = json.loads(sh("docker", "inspect", container.name).stdout)[0]["NetworkSettings"]["Networks"]
    return next(iter(networks.values()))["IPAddress"]


def test_a_mounted_ca(container, certificates):
    """Without an image of one's own: CA, client certificate and key are mounted, for root alone, and named in retry_join.
    They are read when the node tries to join, long after it became another user."""
    container.set_config(CONFIG.replace('node_id = "vault1"', '''node_id = "vault1"
  retry_join {
    leader_api_addr         = "https://localhost:9"
    leader_ca_cert_file     = "/certs/rootCA.crt"
    leader_client_cert_file = "/certs/vault1.pem"
    leader_client_key_file  = "/certs/key.pem"
  }'''))
    for name in ("rootCA.crt", "vault1.pem", "key.pem"):
        (container.folder / "certs" / name).chmod(0o600)
    container.start()
    wait(lambda: "no cluster to join yet" in container.log(), container.log())
    assert "refused" in container.log() and "cannot be read" not in container.log()
    made = json.loads(container.vault("operator", "init", "-key-shares=1", "-key-threshold=1", "-format=json"))
    container.vault("operator", "unseal", made["unseal_keys_b64"][0])


def test_the_ca_in_an_image_of_ones_own(image, tmp_path, certificates, child_dockerfile):
    """The guide's Dockerfile: only its FROM changed, and the line for packages where the base is Debian's."""
    (tmp_path / "Dockerfile").write_text("""FROM hashicorp/vault:latest
COPY rootCA.crt /usr/local/share/ca-certificates/rootCA.crt
RUN apk add --no-cache ca-certificates && \\
    update-ca-certificates
""")
    child_dockerfile(tmp_path / "Dockerfile")
    shutil.copy(certificates / "rootCA.crt", tmp_path)
    made = f"coffer-child-{uuid.uuid4().hex[:8]}"
    sh("docker", "build", "-t", made, tmp_path)
    try:
        bundle = in_image(made, "cat /etc/ssl/certs/ca-certificates.crt").replace("\n", "")
        assert "".join((certificates / "rootCA.crt").read_text().split("-----")[2].split()) in bundle
    finally:
        sh("docker", "rmi", made)
