"""`coffer front` and HAProxy on the same traffic in the same run, by turns: requests a second, latency added, processor
time and memory. See README.md."""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))

from harness import Certificates, Server, built_binary, free_port

TICK = os.sysconf("SC_CLK_TCK")
# The same for both: what a check asks, and how often.
CHECKS = {"tcp": "check inter 1s fall 3 rise 2", "none": ""}


class HaProxy:
    name = "HAProxy"

    def __init__(self, folder, target, check):
        self.port, self.config = free_port(), folder / f"haproxy-{check}.cfg"
        self.config.write_text(f"""
global
    maxconn 8000
defaults
    mode tcp
    timeout connect 3s
    timeout client 1m
    timeout server 1m
frontend f
    bind 127.0.0.1:{self.port}
    default_backend b
backend b
    balance roundrobin
    {"option tcp-check" if check == "tcp" else ""}
    {"tcp-check connect" if check == "tcp" else ""}
    {"".join(f'''
    server node{n} {address} {CHECKS[check]}''' for n, address in enumerate(target))}
""")
        self.process = subprocess.Popen(["haproxy", "-db", "-q", "-f", self.config])


class Front:
    name = "front"

    def __init__(self, folder, target, check, binary):
        self.port, self.config = free_port(), folder / f"front-{check}.hcl"
        block = 'check { type = "tcp" inter = "1s" }' if check == "tcp" else ""
        servers = "\n".join(f'server "node{n}" {{ address = "{address}" }}' for n, address in enumerate(target))
        self.config.write_text(f"""
frontend "f" {{
  bind = "127.0.0.1:{self.port}"
  backend = "b"
}}
backend "b" {{
  {block}
  {servers}
}}
log_level = "warn"
""")
        self.process = subprocess.Popen([binary, "front", f"-config={self.config}"], stdout=subprocess.DEVNULL)


class Direct:
    """No proxy at all."""
    name, process = "direct", None

    def __init__(self, target):
        self.port = int(target[0].rsplit(":", 1)[1])


def processor_seconds(process):
    """Of the process and all its threads, so far."""
    if process is None:
        return 0.0
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def wrk(port, path, seconds, connections, threads, fresh, tls=True):
    """One round of requests; gives their number a second and the median latency in ms."""
    arguments = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s"]
    if fresh:
        arguments += ["-H", "Connection: close"]
    done = subprocess.run([*arguments, f"http{'s' if tls else ''}://127.0.0.1:{port}{path}"], capture_output=True, text=True,
                          timeout=seconds + 60)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    median = re.search(r"50%\s+([\d.]+)(us|ms|s)", done.stdout)
    assert rate and median, done.stdout + done.stderr
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (connect [1-9]|.*timeout [1-9])", done.stdout)
    assert not errors, done.stdout
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[median.group(2)]
    return float(rate.group(1)), float(median.group(1)) * unit


def measured(proxy, round_):
    before = processor_seconds(proxy.process)
    rate, median = round_(proxy)
    used = processor_seconds(proxy.process) - before
    return {"rate": rate, "median_ms": median, "us_per_request": 1e6 * used / (rate * round_.seconds)}


class Round:
    def __init__(self, title, seconds, **more):
        self.title, self.seconds, self.more = title, seconds, more

    def __call__(self, proxy):
        return wrk(proxy.port, seconds=self.seconds, **self.more)


def alternate(ours, theirs, round_, pairs):
    """A B B A A B B A ...: neither is always first; each pair stands side by side in time."""
    rows = []
    for at in range(pairs):
        order = (ours, theirs) if at % 2 == 0 else (theirs, ours)
        got = {proxy.name: measured(proxy, round_) for proxy in order}
        rows.append((got[ours.name], got[theirs.name]))
    return rows


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3


def summary(rows, key):
    ratios = [a[key] / b[key] if b[key] else float("nan") for a, b in rows]
    low, middle, high = quartiles(ratios)
    return {"ours": statistics.median(a[key] for a, _ in rows), "theirs": statistics.median(b[key] for _, b in rows),
            "ratio": middle, "quarter": low, "three_quarters": high, "least": min(ratios), "most": max(ratios)}


def told(title, rows):
    result = {key: summary(rows, key) for key in ("rate", "median_ms", "us_per_request")}
    rate, latency, cpu = result["rate"], result["median_ms"], result["us_per_request"]
    print(f"{title:44} {rate['ours']:9.0f} {rate['theirs']:9.0f}   {rate['ratio']:.3f} "
          f"[{rate['quarter']:.3f} .. {rate['three_quarters']:.3f}]   {latency['ours']:7.2f} {latency['theirs']:7.2f}   "
          f"{cpu['ours']:6.1f} {cpu['theirs']:6.1f}", flush=True)
    return result


@contextlib.contextmanager
def started(*proxies):
    try:
        for proxy in proxies:
            deadline = time.monotonic() + 20
            while True:
                try:
                    wrk(proxy.port, "/v1/sys/health", 1, 2, 1, False, proxy.tls)
                    break
                except AssertionError:
                    assert time.monotonic() < deadline, f"{proxy.name} does not answer"
        yield proxies
    finally:
        for proxy in proxies:
            if proxy.process:
                proxy.process.terminate()
                proxy.process.wait(20)


def plain_backend(folder):
    """A backend that costs next to nothing, so that the proxies' own cost is seen: HAProxy that answers by itself."""
    port = free_port()
    config = folder / "backend.cfg"
    config.write_text(f"""
global
    maxconn 8000
defaults
    mode http
    timeout client 1m
    timeout http-keep-alive 1m
frontend f
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain string "ok"
""")
    return port, subprocess.Popen(["haproxy", "-db", "-q", "-f", config])


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=6, help="rounds of each, by turns")
    options.add_argument("--seconds", type=int, default=2, help="length of a round")
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--node", default=None, help="the binary of the node behind; the one under test if not given")
    options.add_argument("--only", default="", help="a part of the titles of the cases to run")
    options.add_argument("--json", type=pathlib.Path, help="where to write the figures")
    given = options.parse_args()
    for tool in ("haproxy", "wrk"):
        if not shutil.which(tool):
            sys.exit(f"error: {tool} is missing: install Debian's package {tool}")
    binary = built_binary()
    results = {}
    with tempfile.TemporaryDirectory(prefix="coffer-front-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "node").mkdir(), (folder / "ca").mkdir()
        node = Server(given.node or binary, folder / "node", Certificates(folder / "ca"))
        port, plain = plain_backend(folder)
        try:
            node.start()
            node.initialise()
            node.unseal()
            print(f"{'':44} {'front':>9} {'HAProxy':>9}   {'ratio of requests a second':28} {'median ms':>12}   {'us of CPU a request':>16}")
            for check in CHECKS:
                cases = [("TLS to a node", f"127.0.0.1:{node.port}", True), ("plain TCP", f"127.0.0.1:{port}", False)]
                for what, address, tls in cases:
                    target = [address] * 3
                    ours, theirs = Front(folder, target, check, binary), HaProxy(folder, target, check)
                    ours.tls = theirs.tls = tls
                    with started(ours, theirs):
                        for mode, connections, threads, fresh in [
                            ("keep-alive", given.connections, 2, False),
                            ("a connection a request", given.connections, 2, True),
                            ("one client", 1, 1, False),
                        ]:
                            title = f"{what}, {mode}, checks: {check}"
                            if given.only not in title:
                                continue
                            round_ = Round(title, given.seconds, path="/v1/sys/health", connections=connections,
                                           threads=threads, fresh=fresh, tls=tls)
                            results[title] = told(title, alternate(ours, theirs, round_, given.pairs))
                            if mode == "one client":
                                direct = Direct(target)
                                _, base = wrk(direct.port, "/v1/sys/health", given.seconds, 1, 1, False, tls)
                                results[title]["direct_median_ms"] = base
                                print(f"{'':44} median without a proxy: {base:.3f} ms", flush=True)
        finally:
            node.stop()
            plain.terminate()
            plain.wait(20)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
