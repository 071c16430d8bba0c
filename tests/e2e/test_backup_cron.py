"""The guide's daily backup, to the letter and as cron runs it: from the root, with cron's own PATH, without a variable or a
terminal, on a machine of its own with `vault` in /usr/bin, the CA in the system store, vault.example.com in /etc/hosts."""

import datetime
import os
import pathlib
import re
import subprocess
import time

import pytest

from article import Lines
from cluster import Cluster
from harness import DEADLINE, Cli

# What Debian's cron gives where no crontab sets another.
CRONS = ["env", "-i", "HOME=/root", "LOGNAME=root", "SHELL=/bin/sh", "PATH=/usr/bin:/bin"]
# Runs the words after $3 on a root of its own: $1 is that machine's folder, $2 what /usr/bin/vault is.
MACHINE = """set -e
here=$1 vault=$2; shift 2
new=$here/root
mount -t tmpfs -o mode=0755 tmpfs "$new"
mkdir "$new/usr" "$new/usr/bin" "$new/.bin" "$new/backup" "$new/root"
for path in /* /usr/*; do
    case $path in /usr | /usr/bin | /etc | /root | /backup) continue ;; esac
    if [ -L "$path" ]; then cp -P "$path" "$new$path"
    elif [ -d "$path" ]; then mkdir -p "$new$path"; mount --rbind "$path" "$new$path"
    fi
done
mount --bind /usr/bin "$new/.bin"
for name in $(ls /usr/bin); do [ "$name" = vault ] || echo "$new/usr/bin/$name"; done |
    while read -r link; do echo "/.bin/${link##*/}"; done | (cd "$new/usr/bin" && xargs ln -s -t .)
touch "$new/.vault" && mount --bind "$vault" "$new/.vault" && ln -s /.vault "$new/usr/bin/vault"
cp -a /etc "$new/etc" 2>/dev/null || true
cp "$here/hosts" "$new/etc/hosts"
echo "hosts: files" > "$new/etc/nsswitch.conf"
mkdir -p "$new/etc/ssl/certs"
cat "$here/ca.crt" >> "$new/etc/ssl/certs/ca-certificates.crt"
mount --bind "$here/backup" "$new/backup"
rm -rf "$new/etc/cron.daily" && mkdir "$new/etc/cron.daily"
exec chroot "$new" "$@"
"""


class Machine:
    """Where the backups are made: its /backup stays."""

    def __init__(self, folder, cluster):
        self.folder, self.cluster = folder, cluster
        self.backups = folder / "backup" / "vault"
        self.backups.mkdir(parents=True)
        (folder / "root").mkdir()
        (folder / "ca.crt").write_bytes(cluster.authority.ca.read_bytes())
        (folder / "hosts").write_text(f"127.0.0.1 localhost\n{cluster[1].host} vault.example.com\n")
        mine = subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0
        self.enter = ["unshare", "-m"] if mine else ["unshare", "-Urm"]

    def daily(self, installation, check=True):
        """The script is put there by the guide's lines, and run as cron does."""
        cron = " ".join(CRONS)
        script = f"{installation}\ncd / && exec {cron} /bin/sh -c 'run-parts --report /etc/cron.daily'"
        done = subprocess.run([*self.enter, "sh", "-c", MACHINE, "sh", self.folder, pathlib.Path(self.cluster.binary).resolve(), "bash", "-c", script],
                              capture_output=True, text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
        assert not check or done.returncode == 0, f"{done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def names(self):
        return sorted(path.name for path in self.backups.iterdir())

    def today(self):
        """The name that the script gives."""
        return f"vault-{datetime.datetime.now():%Y%m%d}.snap"


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("cron"), size=1) as cluster:
        yield cluster.up()


@pytest.fixture
def machine(cluster, tmp_path):
    return Machine(tmp_path, cluster)


def guides(token):
    """The guide's lines, with a token where it has <token>."""
    text = "\n".join(Lines().run["cron"])
    assert text.startswith("cat > /etc/cron.daily/vault-backup") and text.count("<token>") == 1
    return text.replace("<token>", token)


def backup_token(cluster):
    """As monitoring/README.md makes it: it may save, and nothing else."""
    readme = (pathlib.Path(__file__).resolve().parents[2] / "monitoring" / "README.md").read_text()
    policy = re.search(r'path "sys/storage/raft/snapshot" \{[^}]+\}', readme)[0]
    cluster[1].good("PUT", "/v1/sys/policies/acl/backup", {"policy": policy})
    body = {"policies": ["backup"], "period": "768h"}
    return cluster[1].good("POST", "/v1/auth/token/create-orphan", body)["auth"]["client_token"]


def test_the_guides_script_saves_and_clears_away(cluster, machine):
    node = cluster[1]
    node.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    node.good("POST", "/v1/kv/x", {"a": "saved"})
    ages = {"vault-20200101.snap": 40, "vault-20200102.snap": 29, "other-20200101.snap": 40}
    for name, days in ages.items():
        (machine.backups / name).write_text("old")
        os.utime(machine.backups / name, (time.time() - days * 86400,) * 2)
    before = machine.today()
    done = machine.daily(guides(backup_token(cluster)))
    assert done.stderr == ""
    # At midnight it may be either.
    today = machine.today() if machine.today() in machine.names() else before
    assert machine.names() == ["other-20200101.snap", "vault-20200102.snap", today]
    cli = Cli(cluster.binary, node)
    cli.run("operator", "raft", "snapshot", "inspect", machine.backups / today)
    assert (machine.backups / today).stat().st_mode & 0o077 == 0
    node.good("POST", "/v1/kv/x", {"a": "changed"})
    cli.run("operator", "raft", "snapshot", "restore", "-force", machine.backups / today)
    cluster.wait_for(lambda: node.good("GET", "/v1/kv/x")["data"] == {"a": "saved"}, "what was saved")


def test_a_backup_that_fails_leaves_no_file_and_says_so(cluster, machine):
    node = cluster[1]
    token = backup_token(cluster)
    refused = machine.daily(guides("hvs.none"), check=False)
    node.good("POST", "/v1/sys/seal")
    sealed = machine.daily(guides(token), check=False)
    node.unseal()
    node.terminate()
    down = machine.daily(guides(token), check=False)
    node.start()
    node.unseal()
    for done, why in ((refused, "permission denied"), (sealed, "sealed"), (down, "refused")):
        assert why in (done.stdout + done.stderr).lower(), done
    assert machine.names() == []
    # The day's good one is kept when a later one fails.
    machine.daily(guides(token))
    good = {name: (machine.backups / name).read_bytes() for name in machine.names()}
    assert len(good) == 1
    machine.daily(guides("hvs.none"), check=False)
    assert {name: (machine.backups / name).read_bytes() for name in machine.names()} == good


def test_without_vault_where_cron_looks_nothing_is_saved(cluster, machine):
    """Which is what happens with the binary in /usr/local/bin alone."""
    done = machine.daily("rm /usr/bin/vault\n" + guides(backup_token(cluster)), check=False)
    assert "vault: command not found" in done.stdout + done.stderr
    assert machine.names() == []
