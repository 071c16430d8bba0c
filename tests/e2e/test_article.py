"""The article's commands, to the letter, on three machines and a balancer's: article.lines says of every line what becomes
of it. Docker is stood in for by namespaces (docker/test does the same with Docker itself); all else is real. Once with our
client under the name `vault`, once with the reference's."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import time

import pytest

from article import Lines, docker
from harness import DEADLINE, ROOT, reference_binary
from namespaces import NAMES, NODES, PROXY, Network, wait

ARTICLE = Lines()
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


def test_the_list_holds_every_line_of_the_article():
    """Against the text itself, where COFFER_ARTICLE names it."""
    numbers = sorted([*ARTICLE.at, *(n for first, last, _ in ARTICLE.prose for n in range(first, last + 1))])
    assert numbers == list(range(1, len(numbers) + 1)), "a number is left out, or stands twice"
    path = os.environ.get("COFFER_ARTICLE")
    if path:
        assert ARTICLE.faults(pathlib.Path(path).read_text()) == []


def test_a_line_that_changes_is_seen():
    listed = Lines("1-1 | prose | sha256 " + "0" * 16 + "\n2 | run x | vault status\n3 | not runnable: why | curl x\n")
    faults = listed.faults("Words.\nvault status -tls-skip-verify\ncurl y\nvault seal\n")
    assert len(faults) == 3, faults
    assert "lines 1 to 1" in faults[1] and "line 3 is 'curl y'" in faults[0] and "line 4 stands nowhere" in faults[2]


def test_the_folders_of_docker_say_the_same():
    """What the article's compose, image, configuration and HAProxy files say stands in docker/, line by line."""
    folder = ROOT / "docker"
    own = {"docker-compose.yml": folder / "per-machine/vault1/docker-compose.yml", "haproxy.cfg": folder / "haproxy/haproxy.cfg",
           "config.hcl": folder / "per-machine/vault1/config/config.hcl"}
    for name, path in own.items():
        there = [line.strip() for line in path.read_text().splitlines()]
        missing = [line for line in ARTICLE.files[name].splitlines() if line not in there]
        assert not missing, f"{path}: {missing}"
    image = (folder / "per-machine/vault1/Dockerfile").read_text()
    dockerfile = [line for line, reason in ARTICLE.idle.values() if "Docker" in reason]
    assert [line for line in dockerfile if line not in image] == ["FROM hashicorp/vault:latest"]


class Story:
    """The machines, and what the operator has written down; `step` types lines of the list."""

    def __init__(self, network, binary):
        self.network, self.binary = network, binary
        self.keys, self.values, self.exports, self.typed, self.trace = [], {}, "", set(), []

    def step(self, name, on="proxy", which=None, check=True, **more):
        """The lines of a step, on a machine; `which` chooses one of them."""
        lines = ARTICLE.run[name] if which is None else [ARTICLE.run[name][which]]
        numbers = ARTICLE.numbers[name] if which is None else [ARTICLE.numbers[name][which]]
        script = "\n".join(lines)
        for mark, value in self.values.items():
            script = script.replace(mark, value)
        assert not re.search(r"<(key\d|root_token|token)>", script), script
        self.typed.update(numbers)
        done = self.network[on].run(self.exports + script if on == "proxy" else script, check=False, **more)
        self.trace.append(f"{on}$ {script}\n{done.stdout}")
        assert done.returncode == 0 or not check, self.tale()
        return done

    def operator(self, script, **more):
        return self.network["proxy"].run(self.exports + script, **more)

    def peers(self, through="vault.example.com"):
        done = self.operator(f"vault operator raft list-peers -address=https://{through}:8200", check=False)
        # Warnings, such as of an even number of voters, stand below it.
        return {name: tuple(row.split()) for name, row in re.findall(r"^(vault\d) +(\S+ +\S+ +\S+)$", done.stdout, re.M)}

    def status(self, name):
        done = self.network[name].run("docker exec vault env VAULT_FORMAT=json BAO_FORMAT=json vault status", check=False)
        return json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def runs(self, name):
        wait(lambda: self.status(name), f"{name} answers")

    def comes_back(self, name):
        """As a follower did at first: started, and unsealed by hand."""
        self.step("start-follower", on=name)
        self.runs(name)
        self.step("unseal-follower", on=name)
        wait(lambda: not self.status(name)["sealed"] and self.peers().get(name), f"{name} is back")

    def tale(self):
        logs = [f"--- {name}\n" + machine.run("tail -n 15 container.log", check=False).stdout
                for name, machine in self.network.machines.items() if name in NODES]
        return "\n".join(self.trace[-3:] + logs)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """The lines about certificates, as they stand."""
    folder = tmp_path_factory.mktemp("openssl")
    def typed(lines):
        done = subprocess.run(["bash", "-ec", lines], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    typed("\n".join(ARTICLE.run["ca"]))
    script = folder / "gen-cert.sh"
    script.write_text(ARTICLE.files["gen-cert.sh"])
    script.chmod(0o755)
    typed("\n".join(ARTICLE.run["certificates"]))
    return folder


@pytest.fixture(scope="module", params=["coffer", "bao"])
def story(request, binary, certificates, tmp_path_factory):
    client = pathlib.Path(binary if request.param == "coffer" else reference_binary()).resolve()

    def tools(machine):
        if machine.name not in NODES:
            return {"vault": client}
        swapped = ARTICLE.files["docker-compose.yml"].replace("vault1.", f"{machine.name}.")
        return {"vault": client, **docker(swapped, pathlib.Path(binary).resolve())}

    with Network(tmp_path_factory.mktemp(request.param), tools) as network:
        for name, machine in network.machines.items():
            machine.trust(certificates / "rootCA.crt")
            if name not in NODES:
                continue
            for folder in ("config", "certs"):
                (machine.home / folder).mkdir()
            (machine.home / "config/config.hcl").write_text(configuration(name))
            # Named as the configuration reads them.
            shutil.copy(certificates / f"{name}.example.com.pem", machine.home / f"certs/{name}.pem")
            shutil.copy(certificates / f"{name}.example.com-key.pem", machine.home / "certs/key.pem")
        yield Story(network, binary)


def configuration(name):
    """The article's, for the node of that name: it and vault1 change places."""
    places = {"vault1": name, name: "vault1"}
    return re.sub(r"vault\d", lambda found: places.get(found[0], found[0]), ARTICLE.files["config.hcl"])


# What follows is one story, in its order.


def test_certificates_have_both_usages(certificates):
    for name in NODES:
        shown = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", f"{name}.example.com.pem"], cwd=certificates,
                               check=True, capture_output=True, text=True).stdout
        assert "TLS Web Server Authentication, TLS Web Client Authentication" in shown
        assert "DNS:vault.example.com" in shown and f"IP Address:{NODES[name]}" in shown


def test_initialize_the_leader(story):
    story.step("initialise", on="vault2", which=0)
    story.runs("vault2")
    made = story.step("initialise", on="vault2", which=1).stdout
    story.keys = re.findall(r"Unseal Key \d: (\S+)", made)
    assert len(story.keys) == 5, made
    root = re.search(r"Initial Root Token: (\S+)", made)[1]
    story.values = {f"<key{n}>": key for n, key in enumerate(story.keys, 1)} | {"<root_token>": root, "<token>": root}
    shown = story.step("unseal-leader", on="vault2").stdout
    assert re.findall(r"Unseal Progress\s+(\d)/3", shown) == ["1", "2"] and re.search(r"HA Enabled\s+true", shown)
    wait(lambda: re.search(r"HA Mode\s+active", story.network["vault2"].run("docker exec vault vault status").stdout), "it leads")


@pytest.mark.parametrize("name", ["vault1", "vault3"])
def test_join_a_follower(story, name):
    story.step("start-follower", on=name)
    story.runs(name)
    assert re.search(r"Joined\s+true", story.step("join", on=name).stdout)
    assert story.status(name)["sealed"], "joined while it is sealed"
    story.step("unseal-follower", on=name)
    wait(lambda: not story.status(name)["sealed"], f"{name} is open")


def test_list_peers(story):
    story.step("exports")
    story.exports = "\n".join(ARTICLE.run["exports"]).replace("<root_token>", story.values["<root_token>"]) + "\n"
    wanted = {(f"{name}.example.com:8201", "true") for name in NODES}
    wait(lambda: {(row[0], row[2]) for row in story.peers("vault2.example.com").values()} == wanted, "all vote")
    shown = story.step("peers").stdout.splitlines()
    assert shown[0].split() == ["Node", "Address", "State", "Voter"] and len(shown) == 5


def test_one_address_for_all(story):
    """The article's HAProxy block; our front proxy with the same checks where HAProxy is not installed."""
    machine = story.network["proxy"]
    file = machine.home / "haproxy.cfg"
    own = (ROOT / "docker/haproxy/haproxy.cfg").read_text().split("frontend vault_frontend")[0]
    file.write_text(own + ARTICLE.files["haproxy.cfg"])
    words = [HAPROXY, "-db", "-f", file] if HAPROXY else [
        story.binary, "front", "-listen=:8200", *(f"-server={address}:8200" for address in NODES.values())]
    machine.start(*words, output=open(machine.home / "proxy.log", "ab"))
    wait(lambda: len(story.peers()) == 3, f"{PROXY} answers as vault.example.com")
    # The article reads it, and does not say where from.
    story.operator("vault secrets enable -path=secret -version=2 kv")
    wait(lambda: story.operator("vault kv put secret/test password=s3cr3t", check=False).returncode == 0, "secret/test")


def test_the_leader_fails(story):
    """It is on vault2 in the article, and here unless a slow machine has made another lead meanwhile."""
    leads = re.search(r"^(vault\d)\s+\S+\s+leader", story.step("current-leader").stdout, re.M)[1]
    story.step("stop-leader", on=leads)
    # The operator goes to another node.
    other = next(name for name in NODES if name != leads)
    before, story.exports = story.exports, story.exports.replace("https://vault2.", f"https://{other}.")
    watched(story, rf"(?!{leads})vault\d\s+\S+\s+leader", rf"{leads}\s+\S+\s+follower")
    assert re.search(r"Sealed\s+false", story.step("status-through-proxy").stdout)
    story.comes_back(leads)
    story.exports = before


def watched(story, *wanted):
    """What `watch` draws on a terminal until it shows all that is wanted."""
    (line,) = ARTICLE.run["watch"]
    story.typed.update(ARTICLE.numbers["watch"])
    machine = story.network["proxy"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(machine.words("bash", "-c", f"stty cols 160 rows 50\n{story.exports}{line}"), stdin=theirs,
                               stdout=theirs, stderr=theirs, env=machine.environment(), start_new_session=True)
    os.close(theirs)
    shown, deadline = "", time.monotonic() + DEADLINE
    try:
        while True:
            if select.select([ours], [], [], 0.5)[0]:
                # Moves of the cursor stand where blanks were.
                shown += re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\S\S", "  ", os.read(ours, 65536).decode(errors="replace"))
            if all(re.search(one, shown) for one in wanted):
                return shown
            assert time.monotonic() < deadline, shown[-2000:]
    finally:
        process.terminate()
        process.wait(DEADLINE)
        os.close(ours)


def test_a_follower_fails(story):
    wait(lambda: story.peers("vault2.example.com"), "vault2 answers")
    down = next(name for name in ("vault3", "vault1") if story.peers()[name][1] == "follower")
    story.step("stop-follower", on=down)
    assert "s3cr3t" in story.step("read-with-two").stdout
    story.comes_back(down)


def test_backup_and_restore(story):
    story.step("save")
    (saved,) = story.network["proxy"].home.glob("backup-2*.snap")
    story.operator("vault kv put secret/test password=changed")
    # The article restores a file of another name.
    saved.rename(saved.with_name("backup.snap"))
    story.step("restore")
    wait(lambda: "s3cr3t" in story.operator("vault kv get secret/test", check=False).stdout, "what was saved")


def test_the_daily_backup(story):
    """Run as cron does: with its PATH, from the root, without a terminal or variables."""
    machine = story.network["proxy"]
    story.operator("mkdir -p /backup/vault /etc/cron.daily && touch -d '40 days ago' /backup/vault/vault-20200101.snap")
    story.step("cron")
    cron = "cd / && env -i HOME=/root LOGNAME=root SHELL=/bin/sh PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin "
    machine.run(cron + "/bin/sh -c /etc/cron.daily/vault-backup")
    (kept,) = machine.run("ls /backup/vault").stdout.split()
    assert re.fullmatch(r"vault-\d{8}\.snap", kept), "the new one, and the old one is gone"
    machine.run(f"{story.binary} operator raft snapshot inspect /backup/vault/{kept}")


def test_metrics(story):
    """As it stands, without a token."""
    shown = story.step("metrics").stdout
    values = dict(re.findall(r"^(vault_\w+)(?:\{.*\})? (\S+)$", shown, re.M))
    assert values.get("vault_core_unsealed") == "1" and values.get("vault_raft_peers") == "3", shown
    assert {values.get("vault_core_active"), values.get("vault_raft_leader")} <= {"0", "1"}, shown


def test_the_security_chapter(story):
    story.operator("printf 'path \"secret/*\" {\\n capabilities = [\"create\", \"read\", \"update\", \"list\"]\\n}\\n' | vault policy write admin -")
    shown = story.step("admin-token").stdout
    token = re.search(r"^token\s+(\S+)$", shown, re.M)[1]
    assert re.search(r"^token_duration\s+768h$", shown, re.M) and re.search(r'^token_policies\s+\["admin" "default"\]$', shown, re.M)
    story.step("audit")
    story.operator(f"VAULT_TOKEN={token} vault kv get secret/test")
    def logged(name):
        return story.network[name].run("docker exec vault cat /vault/logs/audit.log", check=False).stdout
    assert any('"path":"secret/data/test"' in logged(name) and "s3cr3t" not in logged(name) for name in NODES)
    assert story.operator(f"VAULT_TOKEN={token} vault audit list", check=False).returncode == 2, "no root's rights"


def test_what_is_not_runnable_says_why(story):
    """Keys in a cloud are a thing to come: the command must not seem to work."""
    ((command, reason),) = [row for row in ARTICLE.idle.values() if row[0].startswith("vault ")]
    done = story.network["vault1"].run(f"docker exec vault {command} {story.keys[0]}", check=False)
    assert done.returncode != 0 and "cloud KMS" in reason, done.stdout


def test_every_line_was_typed(story):
    """The certificates' lines are typed once for both clients."""
    wanted = {n for step, numbers in ARTICLE.numbers.items() if step not in ("ca", "certificates") for n in numbers}
    assert story.typed == wanted, wanted ^ story.typed
