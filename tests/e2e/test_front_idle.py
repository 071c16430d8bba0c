"""What idle connections cost the front proxy: 10,000 of them under 100 MB resident."""

import json
import pathlib
import resource
import select
import socket
import threading

import pytest

from front import Front
from harness import DEADLINE, free_port

WANTED = 10_000
# Of the whole process with WANTED connections.
MOST_BYTES = 100_000_000
FIRST_FLIGHT = b"\x16\x03\x01" + b"." * 514


class Answering:
    """A server that gives a few bytes for the first ones of a connection, and holds as many as there are files for."""

    def __init__(self):
        self.port = free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=4096)
        self.held = {}
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        poll = select.epoll()
        poll.register(self.listener, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                if number == self.listener.fileno():
                    connection, _ = self.listener.accept()
                    self.held[connection.fileno()] = connection
                    poll.register(connection, select.EPOLLIN)
                elif len(self.held[number].recv(4096)) == 0:
                    self.held.pop(number).close()
                else:
                    self.held[number].sendall(b"." * 2000)


def resident(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024


def test_idle_connections_cost_little(binary, tmp_path):
    """Each has exchanged its first bytes. Where the system gives too few files, with as many as it gives, to scale."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Answering()
    front = Front(binary, tmp_path)
    front.write(f'server "node" {{ address = "127.0.0.1:{server.port}" }}')
    front.start()
    clients = []
    try:
        # Here both ends of the clients' and the servers' connections take one file each in this process.
        most = json.loads(front.get("/status.json"))["max_connections"]
        count = min(WANTED, most, (hard - 200) // 2)
        if count < 500:
            pytest.fail(f"{hard} open files are too few to measure anything")
        empty = resident(front.process)
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", front.port), DEADLINE)
            client.sendall(FIRST_FLIGHT)
            clients.append(client)
        for client in clients:
            assert client.recv(4096)
        assert json.loads(front.get("/status.json"))["connections"] == count
        full = resident(front.process)
        each = (full - empty) / count
        print(f"{count} idle connections: {full / 1e6:.1f} MB resident, {empty / 1e6:.1f} MB without, {each:.0f} bytes each")
        assert full <= MOST_BYTES and empty + each * WANTED <= MOST_BYTES
    finally:
        for client in clients:
            client.close()
        front.stop()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
