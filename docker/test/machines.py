"""The guide's three machines on one: each a network namespace with its own address, its own Docker and its own folder.

                         router, which also answers for the names
         192.168.1.1 ┌──────────────┴───────────────┐ 10.0.1.1
                  vault1                vault2   vault3   proxy
              192.168.1.10           10.0.1.20  10.0.1.30  10.0.1.5 (vault.example.com)

The addresses are the guide's own, so that its files and commands run here as they stand. Needs root.
"""

import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
NODES = {"vault1": "192.168.1.10", "vault2": "10.0.1.20", "vault3": "10.0.1.30"}
PROXY = "10.0.1.5"
NAMES = {f"{name}.example.com": address for name, address in NODES.items()} | {"vault.example.com": PROXY}
DEADLINE = 60


def sh(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **more)


class Machine:
    """One network namespace with a resolver of its own; `docker` where it has one."""

    def __init__(self, net, name, address, gateway):
        self.net, self.name, self.address, self.gateway = net, name, address, gateway
        self.namespace = f"{net.prefix}-{name}"
        self.folder = net.folder / name
        self.folder.mkdir()
        self.resolver = self.folder / "resolv.conf"
        self.resolver.write_text(f"nameserver {gateway}\n")
        self.docker, self.variables = None, {}
        sh("ip", "netns", "add", self.namespace)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        sh("ip", "-n", self.namespace, *words)

    def within(self, *command):
        """The words that run a command on this machine."""
        # `ip netns exec` would hide the control groups that Docker needs.
        script = f"mount --bind {shlex.quote(str(self.resolver))} /etc/resolv.conf && exec \"$@\""
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "unshare", "-m", "sh", "-c", script, "-", *map(str, command)]

    def environment(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_", "COFFER_", "DOCKER_HOST"))}
        if self.docker:
            clean["DOCKER_HOST"] = f"unix://{self.folder}/docker.sock"
        # The machine's own system store has the CA, its PATH the client.
        return {**clean, "SSL_CERT_FILE": str(self.net.ca), "PATH": f"{self.net.bin}:{clean['PATH']}",
                "HOME": str(self.folder), **self.variables}

    def run(self, command, check=True, timeout=300):
        """A line as it is typed into this machine's shell, in its folder."""
        done = subprocess.run(self.within("bash", "-c", command), cwd=self.folder, env=self.environment(),
                              capture_output=True, text=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"{self.name}$ {command}\n{done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def start(self, *command, output=subprocess.DEVNULL):
        """A process that goes on."""
        return subprocess.Popen(self.within(*command), cwd=self.folder, env=self.environment(), stdout=output,
                                stderr=subprocess.STDOUT, start_new_session=True)

    def start_docker(self):
        runtime = self.net.folder / f"{self.name}-docker"
        runtime.mkdir()
        log = open(runtime / "log", "ab")
        self.docker = self.start("dockerd", "--data-root", runtime / "data", "--exec-root", runtime / "run", "--pidfile",
                                 runtime / "pid", "-H", f"unix://{self.folder}/docker.sock", output=log)
        wait(lambda: self.run("docker info", check=False).returncode == 0, f"Docker on {self.name}")

    def stop_docker(self):
        if not self.docker:
            return
        containers = self.run("docker ps -aq", check=False).stdout.split()
        if containers:
            self.run("docker rm -f " + " ".join(containers), check=False)
        pid = self.net.folder / f"{self.name}-docker" / "pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGTERM)
        self.docker.wait(DEADLINE)

    def vault(self, command, **more):
        """`docker exec vault vault ...`"""
        return self.run(f"docker exec vault vault {command}", **more)

    def json(self, command, token=""):
        return json.loads(self.run(f"docker exec -e VAULT_FORMAT=json {token and f'-e VAULT_TOKEN={token}'} vault "
                                   f"vault {command}", check=False).stdout or "null")


class Machines:
    """`with Machines(...)`: the network, the names, a Docker on each node's machine with the images in it."""

    def __init__(self, folder, client, ca, images):
        self.folder, self.ca, self.images = pathlib.Path(folder), ca, images
        self.prefix = f"cf{os.getpid() % 100000}"
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.bin / "vault").symlink_to(client)
        self.nodes, self.names = {}, None

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        self.router = Machine(self, "router", None, "127.0.0.1")
        self.router.run("sysctl -q net.ipv4.ip_forward=1 && ip link add cloud type bridge && ip link set cloud up && "
                        "ip addr add 10.0.1.1/24 dev cloud")
        self.nodes = {name: Machine(self, name, address, address.rsplit(".", 1)[0] + ".1") for name, address in NODES.items()}
        self.proxy = Machine(self, "proxy", PROXY, "10.0.1.1")
        for machine in [*self.nodes.values(), self.proxy]:
            machine.ip("link", "add", "eth0", "type", "veth", "peer", machine.name, "netns", self.router.namespace)
            machine.ip("addr", "add", f"{machine.address}/24", "dev", "eth0")
            machine.ip("link", "set", "eth0", "up")
            machine.ip("route", "add", "default", "via", machine.gateway)
            if machine.gateway == "10.0.1.1":
                self.router.ip("link", "set", machine.name, "master", "cloud")
            else:
                self.router.ip("addr", "add", f"{machine.gateway}/24", "dev", machine.name)
            self.router.ip("link", "set", machine.name, "up")
        self.names = self.router.start(sys.executable, HERE / "names.py", json.dumps(NAMES))
        archive = self.folder / "images.tar"
        sh("docker", "save", "-o", archive, *self.images)
        for machine in self.nodes.values():
            machine.start_docker()
            machine.run(f"docker load -q -i {archive}")
        archive.unlink()

    def __exit__(self, *_):
        for machine in self.nodes.values():
            machine.stop_docker()
        if self.names:
            self.names.terminate()
            self.names.wait()
        for machine in [*self.nodes.values(), getattr(self, "proxy", None), getattr(self, "router", None)]:
            if machine:
                subprocess.run(["ip", "netns", "del", machine.namespace], check=False)
        for name in self.nodes:
            shutil.rmtree(self.folder / f"{name}-docker", ignore_errors=True)


def wait(predicate, what, timeout=DEADLINE):
    """Other processes tell of their state only when asked."""
    deadline = time.monotonic() + timeout
    while not (got := predicate()):
        assert time.monotonic() < deadline, f"waited {timeout} s in vain for: {what}"
        time.sleep(0.1)
    return got
