"""Three nodes of coffer and three of the reference on the same machine, the same load by turns: requests a second, latency,
memory, start. See README.md."""

import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))

from cluster import Cluster
from harness import built_binary, reference_binary

KEYS = 1000
# About the size of a real secret with its names.
VALUE = {f"field-{n}": "v" * 40 for n in range(8)}
UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

SCRIPT = """
local method, body = "%s", '%s'
local token, keys = "%s", %d
local headers = { ["X-Vault-Token"] = token, ["Content-Type"] = "application/json" }
function init(arguments) math.randomseed(tonumber(arguments[1])) end
function request()
  return wrk.format(method, "/v1/secret/data/key-" .. math.random(0, keys - 1), headers, body)
end
"""


class Subject:
    """A cluster that is measured."""

    def __init__(self, name, binary, folder):
        self.name, self.binary, self.folder = name, binary, folder
        folder.mkdir()
        self.cluster = Cluster(binary, folder)
        for node in self.cluster.nodes:
            node.data.mkdir()

    def up(self):
        self.cluster.up()
        leader = self.leader()
        leader.good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        self.cluster.wait_for(lambda: self.put(0), "the mount takes secrets")
        for number in range(KEYS):
            assert self.put(number)
        self.scripts = {}
        for method, body in (("GET", ""), ("POST", json.dumps({"data": VALUE}))):
            self.scripts[method] = self.folder / f"{method}.lua"
            self.scripts[method].write_text(SCRIPT % (method, body, leader.root, KEYS))

    def leader(self):
        return self.cluster.wait_leader()

    def standby(self):
        return self.cluster.followers()[0]

    def put(self, number):
        return self.leader_now().request("POST", f"/v1/secret/data/key-{number}", {"data": VALUE}).status == 200

    def leader_now(self):
        if not getattr(self, "known", None):
            self.known = self.leader()
        return self.known

    def memory(self):
        """MiB resident of each node."""
        def of(pid):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024
        return [of(node.pid) for node in self.cluster.nodes]

    def wrk(self, method, node, connections, seconds, seed):
        threads = min(2, connections)
        command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s",
                   "-s", self.scripts[method], f"{node.address}/", "--", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
        found = [re.search(pattern, done.stdout) for pattern in
                 (r"Requests/sec:\s+([\d.]+)", r"50%\s+([\d.]+)(us|ms|s)", r"99%\s+([\d.]+)(us|ms|s)")]
        bad = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", done.stdout)
        assert all(found) and not bad, done.stdout + done.stderr
        rate, median, most = found
        return float(rate[1]), float(median[1]) * UNITS[median[2]], float(most[1]) * UNITS[most[2]]


def start_times(binary, folder, times=5):
    """From the process's start to its first answer, in ms; not initialised."""
    took = []
    for number in range(times):
        place = folder / f"start-{number}"
        place.mkdir()
        with Cluster(binary, place, size=1) as cluster:
            cluster[1].data.mkdir()
            begun = time.monotonic()
            cluster[1].start()
            took.append(1000 * (time.monotonic() - begun))
    return took


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="of each case and server, by turns")
    options.add_argument("--seconds", type=int, default=8, help="length of a round")
    options.add_argument("--only", default="", help="a part of the titles of the cases to run")
    options.add_argument("--alone", action="store_true", help="coffer alone, without the reference")
    given = options.parse_args()
    if not shutil.which("wrk"):
        sys.exit("error: wrk is missing: install Debian's package wrk")
    binaries = {"coffer": built_binary()}
    if not given.alone:
        binaries["bao"] = reference_binary()
    with tempfile.TemporaryDirectory(prefix="coffer-bench-") as name:
        folder = pathlib.Path(name)
        subjects = [Subject(name, binary, folder / name) for name, binary in binaries.items()]
        try:
            run(subjects, folder, given)
        finally:
            for subject in subjects:
                subject.cluster.stop()


def run(subjects, folder, given):
    for subject in subjects:
        size = pathlib.Path(subject.binary).stat().st_size / (1 << 20)
        started = statistics.median(start_times(subject.binary, subject.folder))
        subject.up()
        print(f"{subject.name}: binary {size:.1f} MiB, start to answering {started:.0f} ms, "
              f"resident after start {', '.join(f'{mib:.0f}' for mib in subject.memory())} MiB", flush=True)
    cases = [
        ("reads on the leader, 64 clients", "GET", Subject.leader, 64),
        ("reads through a standby, 64 clients", "GET", Subject.standby, 64),
        ("reads on the leader, 1 client", "GET", Subject.leader, 1),
        ("writes on the leader, 64 clients", "POST", Subject.leader, 64),
        ("writes through a standby, 64 clients", "POST", Subject.standby, 64),
        ("writes on the leader, 1 client", "POST", Subject.leader, 1),
    ]
    for title, method, at, connections in cases:
        if given.only not in title:
            continue
        rows = {subject.name: [] for subject in subjects}
        for turn in range(given.rounds):
            for subject in subjects if turn % 2 == 0 else reversed(subjects):
                rows[subject.name].append(subject.wrk(method, at(subject), connections, given.seconds, turn))
        for name, got in rows.items():
            rate, median, most = (statistics.median(values) for values in zip(*got))
            spread = f"{min(row[0] for row in got):.0f} .. {max(row[0] for row in got):.0f}"
            print(f"{title:40} {name:8} {rate:9.0f}/s [{spread}]   median {median:.2f} ms   99% {most:.2f} ms", flush=True)
        if len(rows) == 2:
            ours, theirs = (statistics.median(row[0] for row in got) for got in rows.values())
            print(f"{'':40} {ours / theirs:.1f} times", flush=True)
    for subject in subjects:
        print(f"{subject.name}: resident after the load {', '.join(f'{mib:.0f}' for mib in subject.memory())} MiB")


if __name__ == "__main__":
    main()
