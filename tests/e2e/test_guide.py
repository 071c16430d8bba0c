"""docs/guide.md, every command of it, in its order, on three machines and a proxy's: so that it cannot drift from the product.

A fenced block says in its first line what it is for: `sh MACHINES` is typed there (`all`, `nodes`, or names), `hcl MACHINES FILE`
is a file's content. Comments tell what a reader does with their eyes: `wait: MACHINE COMMAND | PATTERN`, `expect: PATTERN` of
the block before, `keys`: shares are written down, `unseal: NODE`, `leader: NODE` and `lost: NODES` set a scene.

Stood in for: systemctl (runs the ExecStart of systemd/*.service), scp, and useradd and chown, as a user namespace has one user."""

import pathlib
import re

import pytest

from harness import ROOT
from namespaces import NODES, Network, wait

GUIDE = ROOT / "docs" / "guide.md"
PIECE = re.compile(r"^```(\w+) *([^\n]*)\n(.*?)^```$|^<!-- (\w+)(?:: ([^\n]*))? -->$", re.M | re.S)
# What can't be said beforehand stands in capitals.
BLANKS = re.compile(r"\b(KEY\d|TOKEN|NONCE|OTP|ENCODED)\b")

SYSTEMCTL = r"""#!/bin/bash
# Stands in for systemd: one process for each unit.
unit=${!#}
pid=/run-$unit.pid
running() { [ -e $pid ] && kill -0 "$(cat $pid)" 2>/dev/null; }
stop() { running && kill -TERM "$(cat $pid)"; while running; do read -rt 0.02 <> <(:) || true; done; rm -f $pid; }
start() {
    running && return
    mkdir -p /var/lib/coffer
    setsid $(sed -n 's/^ExecStart=//p' "@UNITS@/$unit.service") </dev/null >>"$HOME/$unit.log" 2>&1 &
    echo $! >$pid
}
case "$1" in
    daemon-reload) ;;
    enable | start) start ;;
    stop) stop ;;
    restart) stop; start ;;
    reload) kill -HUP "$(cat $pid)" ;;
    kill) kill "-$3" "$(cat $pid)"; while running; do read -rt 0.02 <> <(:) || true; done ;;
    *) echo "not played here: $*" >&2; exit 1 ;;
esac
"""
SCP = r"""#!/bin/bash
set -e
to=${!#} host=${to%%.*}
for file in "${@:1:$#-1}"; do
    nsenter -t "$(cat "@PIDS@/${host#root@}.pid")" -m tee "${to#*:}$(basename "$file")" <"$file" >/dev/null
done
"""
NOTHING = "#!/bin/sh\nexit 0\n"


def pieces():
    """(line, kind, what for, text): fenced blocks and the comments between them."""
    text = GUIDE.read_text()
    for found in PIECE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found[1]:
            yield line, found[1], found[2], found[3]
        else:
            yield line, found[4], found[5] or "", ""


class Reader:
    """Does what the guide says."""

    def __init__(self, network):
        self.network, self.values, self.shares, self.last = network, {}, [], ""

    def do(self, kind, what, text):
        if kind in ("hcl", "json"):
            machines, file = what.split()
            for name in self.named(machines):
                machine = self.network[name]
                machine.write(file if file.startswith("/") else str(machine.home / file), self.as_on(name, text))
        elif kind == "sh":
            self.last = "".join(self.type(name, text) for name in self.named(what))
        elif kind == "expect":
            assert re.search(what, self.last), f"{what} is not in\n{self.last}"
        elif kind == "wait":
            command, pattern = what.split(" | ", 1)
            name, command = command.split(" ", 1)
            wait(lambda: re.search(pattern, self.shell(name, command, check=False)), f"{pattern} in {command}")
        elif kind == "keys":
            self.shares = re.findall(r"Key \d: (\S+)", self.last)
            assert len(self.shares) == 5, self.last
            self.values.update({f"KEY{n}": share for n, share in enumerate(self.shares, 1)})
            if token := re.search(r"Initial Root Token: (\S+)", self.last):
                self.values["TOKEN"] = token[1]
        elif kind == "unseal":
            wait(lambda: re.search(r"Sealed +true", self.shell(what, "vault status", check=False)), f"{what} answers")
            self.type(what, "vault operator unseal KEY1\nvault operator unseal KEY2\nvault operator unseal KEY3\n")
            wait(lambda: re.search(r"HA Mode +(active|standby)", self.shell(what, "vault status", check=False)), f"{what} serves")
        elif kind == "leader":
            def leads():
                shown = self.shell("proxy", "vault operator raft list-peers", check=False)
                if re.search(rf"{what} +\S+ +leader", shown):
                    return True
                self.shell("proxy", "vault operator step-down", check=False)
            wait(leads, f"{what} leads")
        elif kind == "lost":
            for name in what.split():
                self.shell(name, "systemctl kill -s KILL coffer")
        else:
            raise AssertionError(f"what is {kind}?")

    def named(self, what):
        return {"all": [*NODES, "proxy"], "nodes": list(NODES)}.get(what) or what.split()

    def as_on(self, name, text):
        """On the others vault1 and the other node's name change places."""
        places = {"vault1": name, name: "vault1"}
        return text if name == "proxy" else re.sub(r"vault\d", lambda found: places.get(found[0], found[0]), text)

    def type(self, name, text):
        """Line by line where a line needs what another showed."""
        parts = text.splitlines() if re.search(r"NONCE|OTP|ENCODED|KEY1", text) else [text]
        shown = ""
        for part in parts:
            filled = BLANKS.sub(lambda found: self.values.get(found[0], found[0]), part)
            assert not BLANKS.search(filled) or "TOKEN=" in part, f"nobody has said what is meant: {filled}"
            seen = self.shell(name, filled)
            print(f"{name}$ {filled}\n{seen}")
            shown += seen
            for blank, pattern in {"NONCE": r"^Nonce +(\S+)", "ENCODED": r"^(?:Encoded|Root) Token +(\S+)"}.items():
                if found := re.search(pattern, seen, re.M):
                    self.values[blank] = found[1]
            if "-generate-otp" in part:
                self.values["OTP"] = seen.strip()
        return shown

    def shell(self, name, script, check=True):
        """Variables stay from one block to the next, as in one terminal."""
        kept = "[ -e .exports ] && . ./.exports\n"
        return self.network[name].run(f"{kept}set -e\n{script}\nexport -p > .exports", check=check).stdout


@pytest.fixture(scope="module")
def reader(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("guide")

    def tools(_):
        return {"systemctl": SYSTEMCTL.replace("@UNITS@", str(ROOT / "systemd")), "scp": SCP.replace("@PIDS@", str(folder)),
                "useradd": NOTHING, "chown": NOTHING}

    with Network(folder, tools) as network:
        for name, machine in network.machines.items():
            (folder / f"{name}.pid").write_text(str(machine.holder.pid))
            machine.run(f"ln -s {pathlib.Path(binary).resolve()} coffer; ln -s {ROOT}/docker docker")
            # `hostname` is the kernel's, which a network namespace shares.
            machine.write("/usr/local/bin/hostname", f"#!/bin/sh\necho {name}.example.com\n")
            machine.run("chmod +x /usr/local/bin/hostname; mkdir -p /etc/cron.daily")
        yield Reader(network)


def test_every_block_says_where():
    blocks = [(line, kind, what) for line, kind, what, _ in pieces() if kind in ("sh", "hcl", "json")]
    assert len(blocks) > 40
    assert not [(line, kind) for line, kind, what in blocks if not what]
    assert GUIDE.read_text().count("```") == 2 * len(blocks), "a block of another kind is not run"


def test_the_guide_from_its_first_line_to_its_last(reader):
    for line, kind, what, text in pieces():
        try:
            reader.do(kind, what, text)
        except AssertionError as error:
            logs = "".join(f"--- {name}\n" + machine.run("tail -n 12 coffer*.log", check=False).stdout
                           for name, machine in reader.network.machines.items())
            raise AssertionError(f"docs/guide.md:{line}: {error}\n{logs}") from None
