"""A cluster of three for tests that know one address: that of a standby, or of the front proxy before all nodes.

As a command, for tests in other languages: `cluster_through.py standby|front` prints one line of JSON (address, ca, keys,
root, folder) when the cluster serves, and ends it when its input ends.
"""

import json
import pathlib
import sys
import tempfile

from cluster import Cluster
from front import Front
from harness import built_binary


class Through(Cluster):
    """The address as a server, as far as clients can tell."""

    def __init__(self, binary, folder, way):
        super().__init__(binary, folder, shares=5, threshold=3)
        self.way, self.front = way, Front(binary, folder) if way == "front" else None

    def certificate(self, name, host, **more):
        # The proxy passes TLS through: the nodes answer to its address.
        names = [f"{name}.example.com", "vault.example.com"]
        return self.authority.issue(self.folder / name, names[0], [host, "127.0.0.1"], names[1:], **more)

    def up(self):
        super().up()
        self.certificates = self.nodes[0].certificates
        if self.front:
            servers = "".join(f'server "{node.name}" {{ address = "{node.host}:{node.port}" }}\n' for node in self.nodes)
            self.front.write(f'balance = "roundrobin"\n{servers}')
            self.front.start()
            for node in self.nodes:
                self.front.wait_state(node.name, "up")
            self.address = f"https://127.0.0.1:{self.front.port}"
        else:
            self.asked = self.followers()[0]
            self.address = self.asked.address
        return self

    def unseal(self):
        """The node that was sealed. Behind the proxy none was: a seal there would be of any node."""
        if not self.front:
            self.asked.unseal()

    def stop(self):
        if self.front and self.front.process:
            self.front.stop()
        super().stop()


def main():
    way = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder, Through(built_binary(), pathlib.Path(folder), way) as cluster:
        cluster.up()
        told = {"address": cluster.address, "ca": str(cluster.certificates.ca), "keys": cluster.keys,
                "root": cluster.root, "folder": folder}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
