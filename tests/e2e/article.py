"""The list of the article's lines (article.lines), and a stand-in for Docker that takes its compose file at its word."""

import hashlib
import pathlib
import re
import shlex

LIST = pathlib.Path(__file__).with_name("article.lines")
# What a line of the text has that is typed somewhere.
COMMAND = re.compile(r"(^(export|openssl|curl|watch|cat|chmod|find|rm|\./\S+|docker|docker-compose|apk|apt-get|pip) )|"
                     r"\bvault (server|status|operator|kv|token|audit|policy|secrets|auth|login|read|write|list|delete) ?\b")


class Lines:
    """`run`: {step: its lines}; `files`: {name: its text}; `idle`: {number: (command, reason)}; `prose`: [(first, last, sum)]."""

    def __init__(self, text=None):
        self.run, self.files, self.idle, self.prose, self.numbers, self.at = {}, {}, {}, [], {}, {}
        for row in (text or LIST.read_text()).splitlines():
            if not row or row.startswith("#"):
                continue
            number, what, line = row.strip().split(" | ", 2)
            kind, _, name = what.partition(" ")
            if kind == "prose":
                first, last = map(int, number.split("-"))
                self.prose.append((first, last, line.removeprefix("sha256 ")))
                continue
            assert int(number) not in self.at, f"line {number} stands twice in the list"
            self.at[int(number)] = line
            if kind == "run":
                self.run.setdefault(name, []).append(line)
                self.numbers.setdefault(name, []).append(int(number))
            elif kind == "file":
                self.files[name] = self.files.get(name, "") + line + "\n"
            else:
                reason = what.removeprefix("not runnable: ")
                assert reason != what and reason, f"line {number} is neither run nor not runnable for a reason: {what}"
                self.idle[int(number)] = line, reason

    def faults(self, text):
        """In what the list and the article's text differ."""
        lines = text.rstrip("\n").split("\n")
        found, seen = [], set(self.at)
        for number, listed in self.at.items():
            own = lines[number - 1] if number <= len(lines) else ""
            # A command may stand within a sentence; the lines of files and scripts are whole.
            if listed != own and not (COMMAND.search(listed) and listed in own):
                found.append(f"line {number} is {own!r}, in the list {listed!r}")
        for first, last, wanted in self.prose:
            of = lines[first - 1:last]
            seen.update(range(first, last + 1))
            if hashlib.sha256("\n".join(of).encode()).hexdigest()[:16] != wanted:
                found.append(f"the lines {first} to {last} have changed")
            for number, line in enumerate(of, first):
                if not line.startswith("#") and COMMAND.search(line):
                    found.append(f"line {number} is a command, and stands nowhere in the list: {line!r}")
        for number, line in enumerate(lines, 1):
            if number not in seen:
                found.append(f"line {number} stands nowhere in the list: {line!r}")
        return found


COMPOSE = r"""#!/bin/bash
# Stands in for docker-compose: the container is a mount namespace, with what docker-compose.yml says.
set -e
pid=/run-vault.pid
case "$*" in
    "up -d")
        setsid unshare -m "$0" container </dev/null >>container.log 2>&1 &
        echo $! >$pid ;;
    container)
        mkdir -p /vault/logs @FOLDERS@
        @MOUNTS@
        exec env @VARIABLES@ @ENTRYPOINT@ ;;
    down)
        kill -TERM "$(cat $pid)"
        while kill -0 "$(cat $pid)" 2>/dev/null; do read -rt 0.02 <> <(:) || true; done
        rm $pid ;;
    *) echo "not played here: $*" >&2; exit 1 ;;
esac
"""
EXEC = r"""#!/bin/bash
# Stands in for `docker exec vault COMMAND`.
[ "$1 $2" = "exec vault" ] || { echo "not played here: $*" >&2; exit 1; }
shift 2
exec nsenter -t "$(cat /run-vault.pid)" -m env @VARIABLES@ "$@"
"""


def docker(compose, server):
    """{"docker-compose": ..., "docker": ...}: scripts that do what that compose file says, with that server binary."""
    of = lambda pattern: re.findall(pattern, compose, re.M)
    volumes = of(r"^\s*- \./(\S+?):(/\S+?):(r[ow])$")
    assert len(volumes) == 3, compose
    variables = " ".join(shlex.quote(f"{name}={value}") for name, value in of(r'^\s*(VAULT_\w+): "(.*)"$'))
    (words,) = of(r"^\s*entrypoint: \[(.*)\]$")
    words = re.findall(r'"(.*?)"', words)
    assert words[0] == "vault", words
    # As in the image, where it is the first on PATH; the client of a test may be another.
    words[0] = str(server)
    mounts = [f"mkdir -p {shlex.quote(here)} && mount --bind {shlex.quote(here)} {there}"
              + (f" && mount -o remount,bind,ro {there}" if mode == "ro" else "") for here, there, mode in volumes]
    up = COMPOSE.replace("@FOLDERS@", " ".join(there for _, there, _ in volumes))
    up = up.replace("@MOUNTS@", "\n        ".join(mounts)).replace("@ENTRYPOINT@", shlex.join(words))
    return {name: script.replace("@VARIABLES@", variables) for name, script in {"docker-compose": up, "docker": EXEC}.items()}
