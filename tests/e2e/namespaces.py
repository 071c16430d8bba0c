"""Machines for the guides' commands: each a network namespace with an address of its own and a mount namespace with its
own /etc, /usr/local/bin, /var/lib and the like, so that commands run there to the letter. Needs iproute2 and util-linux,
and no more rights than a user namespace gives.

                     bridge
       ┌──────────┬────┴─────┬───────────┐
    vault1     vault2     vault3       proxy
192.168.1.10 10.0.1.20  10.0.1.30   10.0.1.5 (vault.example.com)
"""

import pathlib
import shlex
import subprocess
import time

from harness import DEADLINE

NODES = {"vault1": "192.168.1.10", "vault2": "10.0.1.20", "vault3": "10.0.1.30"}
PROXY = "10.0.1.5"
NAMES = {f"{name}.example.com": address for name, address in NODES.items()} | {"vault.example.com": PROXY}

# A root of its own: links as they are, folders bound, except for those that are the machine's own.
NEW_ROOT = r"""
set -e
new=$1
mount -t tmpfs -o mode=0755 tmpfs "$new"
for path in /* ; do
    name=${path#/}
    if [ -L "$path" ]; then cp -P "$path" "$new/$name"
    elif [ "$name" = etc ]; then mkdir "$new/etc"; cp -a /etc/. "$new/etc/" 2>/dev/null || true
    elif [ "$name" = var ] || [ "$name" = vault ]; then mkdir "$new/$name"
    elif [ -d "$path" ]; then mkdir "$new/$name"; mount --rbind "$path" "$new/$name"
    fi
done
mkdir -p "$new/var/lib" "$new/var/log" "$new/var/tmp" "$new/backup" "$new/.old"
mount -t tmpfs tmpfs "$new/usr/local/bin"
ip link set lo up
cd "$new"
pivot_root . .old
umount -l /.old
rmdir /.old
echo ready
exec cat
"""


class Holder:
    """A process that keeps namespaces until its standard input is closed."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.good = self.process.stdout.readline().strip() == "ready"

    @property
    def pid(self):
        return self.process.pid

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Network:
    """`with Network(folder, tools)`: the four machines. `tools`, a function of a machine, says what lies in its
    /usr/local/bin as {name: path or text}."""

    def __init__(self, folder, tools):
        self.folder, self.tools = pathlib.Path(folder), tools
        self.machines = {}

    def __enter__(self):
        script = "ip link add machines type bridge && ip link set machines up && echo ready && exec cat"
        for way in (["unshare", "-nm"], ["unshare", "-Urnm"]):
            self.bridge = Holder([*way, "sh", "-c", script])
            if self.bridge.good:
                break
            self.bridge.process.wait()
        assert self.bridge.good, f"no network namespaces here: {self.bridge.process.stderr.read()}"
        users = ["-U", "--preserve-credentials"] if "-Urnm" in way else []
        self.enter = ["nsenter", *users, "-t"]
        for name, address in (NODES | {"proxy": PROXY}).items():
            self.machines[name] = Machine(self, name, address)
        return self

    def __getitem__(self, name):
        return self.machines[name]

    def inside(self, pid, *words):
        return [*self.enter, str(pid), "-n", "-m", *words]

    def __exit__(self, *_):
        for machine in self.machines.values():
            machine.end()
        self.bridge.end()


class Machine:
    def __init__(self, network, name, address):
        self.network, self.name, self.address = network, name, address
        # Its operator's folder, which both sides see.
        self.home = network.folder / name
        self.home.mkdir(parents=True)
        root = network.folder / f"{name}.root"
        root.mkdir()
        self.variables, self.services = {}, []
        inside = network.inside(network.bridge.pid)
        self.holder = Holder([*inside, "unshare", "-nm", "sh", "-c", NEW_ROOT, "sh", str(root)])
        assert self.holder.good, self.holder.process.stderr.read()
        self.path = pathlib.Path(f"/proc/{self.holder.pid}/root")
        wire = f"ip link add {name} type veth peer name eth0 netns {self.holder.pid} && ip link set {name} master machines up"
        subprocess.run([*inside, "sh", "-c", wire], check=True, capture_output=True, text=True)
        # One wire for all, whatever the addresses.
        self.run(f"ip addr add {address}/32 dev eth0 && ip link set eth0 up && ip route add default dev eth0")
        hosts = "127.0.0.1 localhost\n" + "".join(f"{at} {host}\n" for host, at in NAMES.items())
        self.write("/etc/hosts", hosts)
        self.write("/etc/resolv.conf", "")
        self.write("/etc/nsswitch.conf", "hosts: files\npasswd: files\ngroup: files\n")
        for tool, what in network.tools(self).items():
            if isinstance(what, str):
                self.write(f"/usr/local/bin/{tool}", what)
                self.run(f"chmod +x /usr/local/bin/{tool}")
            else:
                self.run(f"ln -s {shlex.quote(str(what))} /usr/local/bin/{tool}")

    def words(self, *words):
        """The words that run a command on this machine."""
        return self.network.inside(self.holder.pid, f"--wdns={self.home}", *map(str, words))

    def environment(self):
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home),
                "TERM": "xterm", "LANG": "C.UTF-8", **self.variables}

    def run(self, script, check=True, timeout=60, stdin="", env=None):
        """Lines as they are typed into this machine's shell, in its operator's folder."""
        done = subprocess.run(self.words("bash", "-c", script), env={**self.environment(), **(env or {})}, text=True,
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        if check:
            assert done.returncode == 0, f"{self.name}$ {script}\n{done.returncode}\n{done.stdout}"
        return done

    def start(self, *words, output):
        """A process that goes on until the end of the test."""
        process = subprocess.Popen(self.words(*words), env=self.environment(), stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        self.services.append(process)
        return process

    def write(self, path, text):
        subprocess.run(self.words("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1"', "sh", path), input=text, text=True,
                       check=True, env=self.environment())

    def read(self, path):
        return self.run(f"cat {shlex.quote(path)}").stdout

    def trust(self, certificate):
        """Into the system's store, as update-ca-certificates does it."""
        self.run(f"mkdir -p /etc/ssl/certs && cat {shlex.quote(str(certificate))} >> /etc/ssl/certs/ca-certificates.crt")

    def end(self):
        for process in self.services:
            if process.poll() is None:
                process.terminate()
                process.wait(DEADLINE)
        # What stand-ins for service managers have started.
        self.run('for file in /run-*.pid; do [ -e "$file" ] && kill -KILL "$(cat "$file")"; done 2>/dev/null', check=False)
        self.holder.end()


# A node that lost its data takes a new number, fetches everything and proves itself for ten seconds before it votes; on a
# busy machine that takes its time.
PATIENCE = 90


def wait(predicate, what, timeout=PATIENCE):
    """Other processes tell of their state only when asked."""
    deadline = time.monotonic() + timeout
    while not (got := predicate()):
        assert time.monotonic() < deadline, f"waited {timeout} s in vain for: {what}"
        time.sleep(0.1)
    return got
