"""A small file system of a node's own, to be filled."""

import pathlib
import subprocess


class SmallDisk:
    """A tmpfs of so many MiB in a mount namespace that outlives the node's process."""

    def __init__(self, folder, mebibytes):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        mount = f'mount -t tmpfs -o size={mebibytes}m,mode=0700 tmpfs "$1" && echo mounted && exec sleep infinity'
        for way in (["unshare", "-m"], ["unshare", "-Urm"]):
            self.holder = subprocess.Popen([*way, "sh", "-c", mount, "sh", str(self.folder)], stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, text=True)
            self.own_users = "-Urm" in way
            if self.holder.stdout.readline().strip() == "mounted":
                return
            self.holder.wait()
        raise AssertionError(f"no file system can be mounted here: {self.holder.stderr.read()}")

    @property
    def prefix(self):
        """Put before a command, it runs where the file system is seen."""
        users = ["-U", "--preserve-credentials"] if self.own_users else []
        return ["nsenter", "-t", str(self.holder.pid), "-m", *users]

    def run(self, *command):
        return subprocess.run([*self.prefix, *command], capture_output=True, text=True)

    def free(self):
        """Bytes."""
        return int(self.run("stat", "-f", "-c", "%a", str(self.folder)).stdout) * 4096

    def fill(self, leave=0):
        """Takes all room but so many bytes."""
        size = max(self.free() - leave, 0)
        self.run("dd", "if=/dev/zero", f"of={self.folder}/ballast", "bs=4096", f"count={size // 4096}")

    def relieve(self):
        self.run("rm", "-f", f"{self.folder}/ballast")

    def close(self):
        self.holder.kill()
        self.holder.wait()
