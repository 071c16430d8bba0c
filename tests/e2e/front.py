"""The front proxy as a process, and plain servers behind it whose every move a test decides."""

import json
import pathlib
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

from harness import DEADLINE, free_port


class Backend:
    """A server on loopback: greets each connection with its name, then gives every line back with its name before it."""

    def __init__(self, name, port=None):
        self.name, self.port = name, port or free_port()
        self.socket, self.connections, self.first_bytes = None, [], []
        self.greets, self.slams = True, False
        self.start()

    def start(self):
        self.socket = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        threading.Thread(target=self.accept, args=(self.socket,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self.slams:
                # As a port of a container runtime does whose container is down.
                connection.close()
                continue
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rwb", buffering=0) as stream:
            try:
                if self.greets:
                    stream.write(self.name.encode() + b"\n")
                for line in stream:
                    self.first_bytes.append(line)
                    stream.write(self.name.encode() + b" " + line)
            except OSError:
                pass

    def stop(self):
        """No new connections; those that are there stay."""
        # A blocked accept is woken by the shutdown alone.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Front:
    """`coffer front` on a configuration of its own."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self.port, self.status_port = free_port(), free_port()
        self.config, self.log_path = self.folder / "front.hcl", self.folder / "front.log"
        self.process, self.files = None, None

    def write(self, backend, frontend="", top="", admin=True):
        self.config.write_text(f"""
frontend "main" {{
  bind = "127.0.0.1:{self.port}"
  backend = "nodes"
  {frontend}
}}
backend "nodes" {{
  {backend}
}}
status {{
  address = "127.0.0.1:{self.status_port}"
  admin = {str(admin).lower()}
}}
{top}
""")

    def start(self):
        self.log = open(self.log_path, "ab")
        limit = ["prlimit", f"--nofile={self.files}"] if self.files else []
        self.process = subprocess.Popen([*limit, self.binary, "front", f"-config={self.config}", "-log-level=debug"],
                                        stdout=self.log, stderr=subprocess.STDOUT)
        self.wait(lambda: self.get("/healthz") == "ok\n", "the status page")
        return self

    def wait(self, condition, what):
        """There is no event for what another process does."""
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                if condition():
                    return
            except OSError:
                pass
            assert self.process.poll() is None, f"the proxy ended:\n{self.output()}"
            assert time.monotonic() < deadline, f"never came: {what}\n{self.output()}"
            time.sleep(0.01)

    def output(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}{path}", timeout=DEADLINE) as answer:
            return answer.read().decode()

    def post(self, path, headers=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.status_port}{path}", method="POST",
                                         headers={"X-Coffer-Front": "test"} if headers is None else headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def servers(self):
        backends = json.loads(self.get("/status.json"))["backends"]
        return {server["name"]: server for backend in backends for server in backend["servers"]}

    def wait_state(self, server, state):
        self.wait(lambda: self.servers()[server]["state"] == state, f"{server} {state}")

    def reload(self):
        before = self.log_path.read_text().count("configuration reloaded")
        refused = self.log_path.read_text().count("was not reloaded")
        self.process.send_signal(signal.SIGHUP)
        self.wait(lambda: self.log_path.read_text().count("configuration reloaded") > before
                  or self.log_path.read_text().count("was not reloaded") > refused, "the reload")
        return self.log_path.read_text().count("was not reloaded") == refused

    def connect(self):
        return Client(self.port)

    def whom(self):
        """The server that a new connection comes to."""
        with self.connect() as client:
            return client.greeting()

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.terminate()
        return self.process.wait(DEADLINE)


class Client:
    """A connection through the proxy to a `Backend`."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE)
        self.stream = self.socket.makefile("rwb", buffering=0)

    def greeting(self):
        return self.stream.readline().decode().strip()

    def ask(self, text="hello"):
        self.stream.write(text.encode() + b"\n")
        return self.stream.readline().decode().strip()

    def closed(self):
        """That the other side has closed it, within the deadline."""
        return self.stream.readline() == b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()
