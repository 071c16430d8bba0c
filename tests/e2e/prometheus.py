"""A real Prometheus on the configuration and rules of monitoring/, in short time: their durations alone are changed."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

from harness import DEADLINE, ROOT, free_port

FOLDER = ROOT / "monitoring"
NODES = ("vault1.example.com:8200", "vault2.example.com:8200", "vault3.example.com:8200")
FRONT = "127.0.0.1:8404"
CA, TOKEN = "/etc/prometheus/rootCA.crt", "/etc/prometheus/coffer-token"
STEP = "250ms"
# For each `for:` of the rules, and for each range that they look back over.
PENDING, BACK = "1s", "15s"
# A machine with too much else to do brings these about by itself, for a moment: the durations of the rules are for that.
BY_LOAD = {"CofferNodeDown", "CofferNoLeader", "CofferNoActiveNode", "CofferMemberUnhealthy", "CofferQuorumMarginLost",
           "CofferElections", "CofferFrontServerDown", "CofferConnectionsRefused"}


def tool(name):
    """`tests/run` gets it from Debian's package `prometheus`."""
    found = shutil.which(name)
    assert found, f"{name} is missing: run tests/run, or install Debian's package prometheus"
    return found


def replace(text, old, new):
    assert old in text, f"{old} is not in the configuration"
    return text.replace(old, str(new))


def quick_rules():
    text = (FOLDER / "alerts.yml").read_text()
    text = re.sub(r"(?m)^( +for: )\w+$", rf"\g<1>{PENDING}", text)
    text = re.sub(r"\[\d+m\]", f"[{BACK}]", text)
    # What an old backup is.
    return replace(text, "> 2 * 86400", "> 2")


class Prometheus:
    """Scrapes a cluster and the front proxy before it; `alerts()` are those that fire."""

    def __init__(self, folder, cluster, front):
        self.folder = folder
        folder.mkdir()
        self.token = folder / "token"
        self.token.write_text(cluster.root)
        config = (FOLDER / "prometheus.yml").read_text()
        for there, node in zip(NODES, cluster.nodes, strict=True):
            config = replace(config, there, f"{node.host}:{node.port}")
        for there, here in ((FRONT, front), (CA, cluster.authority.ca), (TOKEN, self.token), ("15s", STEP)):
            config = replace(config, there, here)
        self.config = folder / "prometheus.yml"
        self.config.write_text(config)
        (folder / "alerts.yml").write_text(quick_rules())
        self.url = f"http://127.0.0.1:{free_port()}"
        self.seen, self.begun = set(), 0

    def __enter__(self):
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={self.config}", f"--storage.tsdb.path={self.folder / 'data'}",
             f"--web.listen-address={self.url.removeprefix('http://')}", "--log.level=warn",
             # Debian's package shows pages from /usr/share, which none of the tests looks at.
             f"--web.console.templates={self.folder}", f"--web.console.libraries={self.folder}"],
            stdout=self.log, stderr=subprocess.STDOUT, cwd=self.folder)
        self.wait_for("its own answer", self.ready)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=DEADLINE) as answer:
                return answer.status == 200
        except OSError:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            return False

    def get(self, path, **query):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """The samples: labels and value."""
        result = self.get("query", query=expression)["result"]
        return [(sample["metric"], float(sample["value"][1])) for sample in result]

    def alerts(self):
        """What fires now: (name, what its labels say of where)."""
        firing = set()
        for alert in self.get("alerts")["alerts"]:
            if alert["state"] == "firing":
                labels = alert["labels"]
                firing.add((labels["alertname"], labels.get("node_id") or labels.get("server") or labels.get("instance", "")))
        self.seen |= {name for name, _ in firing}
        return firing

    def wait_for(self, what, condition, timeout=DEADLINE):
        deadline = time.monotonic() + timeout
        while not (found := condition()):
            assert time.monotonic() < deadline, f"waited {timeout} s in vain for {what}"
            # It tells of its state only when asked.
            time.sleep(0.1)
        return found

    def fires(self, *alerts):
        """Waits for all of them; each a name, or a name and where."""
        wanted = {alert if isinstance(alert, tuple) else (alert, None) for alert in alerts}
        deadline = time.monotonic() + DEADLINE
        while True:
            firing = self.alerts()
            missing = [(name, where) for name, where in wanted
                       if not any(name == one and where in (None, at) for one, at in firing)]
            if not missing:
                return firing
            assert time.monotonic() < deadline, f"does not fire: {missing}; what does: {sorted(firing)}"
            time.sleep(0.1)

    def not_yet(self, *names):
        """That these have not fired at any time since `begun`; those of BY_LOAD, that they do not now."""
        self.ends(*BY_LOAD & set(names))
        back = int(time.time() - self.begun) + 1
        result = self.query(f'max by (alertname) (max_over_time(ALERTS{{alertstate="firing"}}[{back}s]))')
        fired = ({labels["alertname"] for labels, _ in result} | self.seen) - BY_LOAD
        assert not fired & set(names), f"fired without their fault: {fired & set(names)}"

    def ends(self, *names):
        if names:
            self.wait_for(f"the end of {names}", lambda: not {name for name, _ in self.alerts()} & set(names))
