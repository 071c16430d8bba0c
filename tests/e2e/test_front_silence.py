"""Servers whose machines go silent, as when a cable is pulled: they refuse nothing and close nothing. Checks are off here, so that
nothing but the missing acknowledgement tells the proxy."""

import socket
import subprocess
import sys
import threading

import pytest

from front import Front
from harness import DEADLINE
from namespaces import Network, wait

# Says its name for each line; a line that begins with a TLS handshake's first byte is answered like any other.
SERVER = """
import socket, sys, threading
listener = socket.create_server(("", 8200))
print("ready", flush=True)
def serve(connection):
    while connection.recv(1000).endswith(b"\\n"):
        connection.sendall(sys.argv[1].encode() + b"\\n")
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
"""

CLIENT = """
import socket, sys
client = socket.create_connection(("127.0.0.1", 8200))
client.settimeout(60)
for line in sys.stdin.buffer:
    client.sendall(line)
    try:
        answer = client.recv(100)
    except ConnectionError:
        answer = b""
    print(answer.decode().strip() or "ended", flush=True)
"""


@pytest.fixture
def machines(binary, tmp_path):
    with Network(tmp_path, lambda _: {}) as network:
        for name in ("vault1", "vault2"):
            output = open(tmp_path / f"{name}.log", "wb")
            network[name].start(sys.executable, "-c", SERVER, name, output=output)
            wait(lambda name=name: (tmp_path / f"{name}.log").read_bytes(), f"{name} listens", DEADLINE)
        network["proxy"].write("/front.hcl", """
frontend "f" { bind = "*:8200" backend = "b" }
backend "b" {
  ack_timeout = "500ms"
  server "vault1" { address = "192.168.1.10:8200" check = false }
  server "vault2" { address = "10.0.1.20:8200" check = false }
}
""")
        log = tmp_path / "front.log"
        network["proxy"].start(binary, "front", "-config=/front.hcl", output=open(log, "wb"))
        wait(lambda: b"started" in log.read_bytes(), "the proxy runs", DEADLINE)
        yield network


def falls_silent(network, name):
    """Its cable is pulled: packets are lost, and nobody is told."""
    cut = network.inside(network.bridge.pid, "ip", "link", "set", name, "nomaster")
    subprocess.run(cut, check=True, capture_output=True)


class Client:
    def __init__(self, machine):
        words = machine.words(sys.executable, "-uc", CLIENT)
        self.process = subprocess.Popen(words, env=machine.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, line):
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def heard(self):
        return self.process.stdout.readline().decode().strip()


def test_a_request_to_a_silent_machine_ends(machines):
    client = Client(machines["proxy"])
    client.say(b"first\n")
    name = client.heard()
    falls_silent(machines, name)
    client.say(b"second\n")
    assert client.heard() == "ended"


def test_a_handshake_with_a_silent_machine_goes_on_with_the_next(machines):
    """Connected, and silent before it has said a word."""
    client = Client(machines["proxy"])
    proxy = machines["proxy"]

    def connected():
        return next((name for name, address in (("vault1", "192.168.1.10"), ("vault2", "10.0.1.20"))
                     if address + ":8200" in proxy.run("ss -Htn state established").stdout), None)

    name = wait(connected, "the proxy has connected", DEADLINE)
    falls_silent(machines, name)
    client.say(b"\x16 hello\n")
    assert client.heard() == {"vault1": "vault2", "vault2": "vault1"}[name]


def test_a_server_that_takes_a_large_request_slowly_is_waited_for(binary, tmp_path):
    """Its machine acknowledges nothing beyond what it has room for, for longer than the limit."""
    front, size = Front(binary, tmp_path), 20 << 20
    with socket.create_server(("127.0.0.1", 0)) as listener:
        front.write(f'ack_timeout = "200ms"\nserver "s" {{ address = "127.0.0.1:{listener.getsockname()[1]}" check = false }}')
        front.start()
        try:
            client = socket.create_connection(("127.0.0.1", front.port))
            client.settimeout(DEADLINE)
            upload = threading.Thread(target=client.sendall, args=[b"x" * size])
            upload.start()
            listener.settimeout(DEADLINE)
            server, _ = listener.accept()
            # It is busy with something else: this is its slowness, not a wait for an event.
            threading.Event().wait(2)
            taken = 0
            while taken < size:
                more = server.recv(1 << 20)
                assert more, f"cut off after {taken} bytes"
                taken += len(more)
            server.sendall(b"all of it")
            assert client.recv(100) == b"all of it"
            upload.join()
        finally:
            front.stop()
