"""Starting, reloading and ending: what can't work is said in one line that says what, where and what to do."""

import ctypes
import http.client
import json
import os
import signal
import shutil
import socket
import ssl
import subprocess
import threading
import time

import pytest

from harness import Cli, Server, free_port, reference_binary


def start_fails(server, *needles, preexec=None):
    """That it ends by itself, non-zero, with one line on stderr that holds these words; gives the line."""
    done = subprocess.run([server.binary, "server", f"-config={server.config}"], env=server.environment(),
                          capture_output=True, text=True, timeout=30, preexec_fn=preexec)
    assert done.returncode != 0, done.stdout
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, f"{len(lines)} lines:\n{done.stderr}\n{done.stdout}"
    for needle in needles:
        assert needle.lower() in lines[0].lower(), f"{needle!r} is not in: {lines[0]}"
    assert "panicked" not in done.stderr
    return lines[0]


@pytest.fixture
def plain(binary, tmp_path):
    """A server without TLS, not started."""
    server = Server(binary, tmp_path)
    yield server
    if server.process:
        server.stop()


@pytest.mark.parametrize(("written", "needles"), [
    ("disable_mlok = true", ["disable_mlok", "disable_mlock"]),
    ("api_adr = \"http://x\"", ["api_adr", "api_addr"]),
    ("seal \"awskms\" {\n kms_key_id = \"x\"\n}", ["awskms", "seal"]),
    ("seal \"nonsense\" {}", ["nonsense"]),
    ("default_lease_ttl = \"soon\"", ["default_lease_ttl", "duration"]),
    ("ui = ", []),
    ("log_level = \"loud\"", ["log_level", "loud"]),
    ("storage \"inmem\" {}", ["storage"]),
])
def test_mistakes_in_the_configuration(plain, written, needles):
    plain.write_config(extra=written)
    start_fails(plain, "config.hcl", *needles)


@pytest.mark.parametrize(("written", "needles"), [
    ("tls_require_and_verify_client_cert = true", ["tls_require_and_verify_client_cert"]),
    ("x_forwarded_for_authorized_addrs = \"127.0.0.1\"", ["x_forwarded_for_authorized_addrs"]),
    ("tls_min_version = \"ssl3\"", ["tls_min_version"]),
    ("adress = \"127.0.0.1:1\"", ["adress", "address"]),
])
def test_mistakes_in_a_listener(binary, certificates, tmp_path, written, needles):
    start_fails(Server(binary, tmp_path, certificates, listener=written), "config.hcl", *needles)


def test_a_configuration_that_is_not_there(plain):
    plain.config.unlink()
    start_fails(plain, "config.hcl", "no such file")


def test_a_busy_port(plain):
    with socket.create_server(("127.0.0.1", plain.port)):
        start_fails(plain, f"127.0.0.1:{plain.port}", "in use")


def test_a_key_of_another_certificate(binary, certificates, tmp_path):
    server = Server(binary, tmp_path, certificates)
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genrsa", "-out", other, "2048"], check=True, capture_output=True)
    server.config.write_text(server.config.read_text().replace(str(certificates.key), str(other)))
    start_fails(server, "other.pem")


@pytest.mark.parametrize("which", ["certificate", "key"])
@pytest.mark.parametrize("state", ["missing", "empty", "nonsense"])
def test_a_bad_certificate_file(binary, certificates, tmp_path, which, state):
    server = Server(binary, tmp_path, certificates)
    bad = tmp_path / "bad.pem"
    if state != "missing":
        bad.write_text("" if state == "empty" else "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    server.config.write_text(server.config.read_text().replace(str(getattr(certificates, which)), str(bad)))
    start_fails(server, "bad.pem")


def run_once(server):
    server.start()
    server.initialise(1, 1)
    server.unseal()
    server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    for number in range(50):
        server.good("POST", f"/v1/kv/{number}", {"value": "x" * 2000})
    assert server.stop() == 0


def test_a_damaged_data_folder(plain):
    """A flipped page of any file is either named at the start, or never becomes a wrong answer."""
    run_once(plain)
    kept = plain.folder / "kept"
    shutil.copytree(plain.data, kept)
    files = [path.relative_to(kept) for path in sorted(kept.rglob("*")) if path.is_file() and path.stat().st_size > 0]
    # The reserve holds nothing but room.
    large = [path for path in files if (kept / path).stat().st_size > 4096 and path.name != "reserve"]
    assert len(large) >= 2, files
    for path in large:
        shutil.rmtree(plain.data)
        shutil.copytree(kept, plain.data)
        damaged = plain.data / path
        content = damaged.read_bytes()
        damaged.write_bytes(b"\xa5" * 4096 + content[4096:])
        line = start_fails(plain, str(plain.data))
        assert path.name in line, line
        # Cut short.
        damaged.write_bytes(content[: len(content) // 3])
        start_fails(plain, str(plain.data))
    shutil.rmtree(plain.data)
    shutil.copytree(kept, plain.data)
    (reserve,) = plain.data.rglob("reserve")
    reserve.write_bytes(b"\xa5" * 4096)
    plain.start()
    plain.unseal()
    assert plain.good("GET", "/v1/kv/7")["data"]["value"] == "x" * 2000


def without_override():
    """Root may open whatever it likes; the server below it may not. Where the capability can't be dropped, a user
    namespace of its own takes it away."""
    libc = ctypes.CDLL(None, use_errno=True)
    drop_from_bounding_set, dac_override, dac_read_search, new_user_namespace = 24, 1, 2, 0x10000000
    dropped = [libc.prctl(drop_from_bounding_set, capability, 0, 0, 0) for capability in (dac_override, dac_read_search)]
    if any(dropped) and libc.unshare(new_user_namespace):
        raise OSError(ctypes.get_errno(), "neither the capability nor the namespace can be left")


def test_a_data_folder_without_permission(plain):
    run_once(plain)
    plain.data.chmod(0)
    try:
        line = start_fails(plain, str(plain.data), "permission", preexec=without_override if os.getuid() == 0 else None)
    finally:
        plain.data.chmod(0o700)
    assert "owner" in line or "chown" in line or "user" in line or "readable" in line or "own" in line, line


def test_a_data_folder_in_use(plain):
    plain.start()
    (plain.folder / "second").mkdir()
    second = Server(plain.binary, plain.folder / "second")
    second.config.write_text(plain.config.read_text().replace(str(plain.port), str(free_port()))
                             .replace(str(plain.cluster_port), str(free_port())))
    start_fails(second, str(plain.data))


def test_a_port_in_use_touches_no_data(plain):
    with socket.create_server(("127.0.0.1", plain.port)):
        start_fails(plain, "in use")
    assert not plain.data.exists() or not list(plain.data.iterdir())


def serial_of(server):
    context = server.context()
    with socket.create_connection(("127.0.0.1", server.port)) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            return secured.getpeercert()["serialNumber"]


def test_a_reload_renews_the_certificate_and_drops_nobody(server):
    before = serial_of(server)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=server.context(), timeout=10)
    connection.request("GET", "/v1/sys/seal-status")
    connection.getresponse().read()
    open_socket = connection.sock
    server.certificates.issue()
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 10
    while serial_of(server) == before:
        assert time.monotonic() < deadline, server.output()
        time.sleep(0.02)
    connection.request("GET", "/v1/sys/seal-status")
    assert connection.getresponse().read()
    assert connection.sock is open_socket
    # A bad pair is told, and the good one stays.
    after = serial_of(server)
    good = server.certificates.certificate.read_bytes()
    try:
        server.certificates.certificate.write_bytes(b"nonsense")
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while "vault1.pem" not in server.log_path.read_text():
            assert time.monotonic() < deadline, server.output()
            time.sleep(0.02)
        assert serial_of(server) == after
    finally:
        server.certificates.certificate.write_bytes(good)


def test_the_end_waits_for_a_request_in_work(binary, tmp_path):
    server = Server(binary, tmp_path)
    server.start()
    server.initialise(1, 1)
    server.unseal()
    server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    body = json.dumps({"value": "in flight"}).encode()
    head = (f"POST /v1/kv/x HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {server.root}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(head + body[:5])
        # In work: the body is being waited for. The process says when it begins to stop.
        server.good("GET", "/v1/sys/mounts")
        server.process.terminate()
        deadline = time.monotonic() + 10
        while "shutdown" not in server.log_path.read_text():
            assert time.monotonic() < deadline, server.output()
            time.sleep(0.01)
        connection.sendall(body[5:])
        answer = b""
        while part := connection.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 204"), answer[:300]
    assert server.process.wait(20) == 0
    server.start()
    server.unseal()
    assert server.good("GET", "/v1/kv/x")["data"]["value"] == "in flight"
    assert server.stop() == 0


def test_the_end_under_load_loses_no_acknowledged_write(binary, tmp_path):
    server = Server(binary, tmp_path)
    server.start()
    server.initialise(1, 1)
    server.unseal()
    server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    good, begun = [], threading.Event()

    def write(number):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        count = 0
        try:
            while True:
                name = f"{number}-{count}"
                connection.request("POST", f"/v1/kv/{name}", '{"a":"b"}', {"X-Vault-Token": server.root})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 204:
                    return
                good.append(name)
                begun.set()
                count += 1
        except (OSError, http.client.HTTPException):
            return

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    while len(good) < 50:
        begun.wait(0.01)
        assert any(thread.is_alive() for thread in threads)
    assert server.stop() == 0
    for thread in threads:
        thread.join(20)
    server.start()
    server.unseal()
    there = set(server.good("LIST", "/v1/kv/")["data"]["keys"])
    assert set(good) <= there
    assert server.stop() == 0


def dev(binary, folder, *more):
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "BAO_"))}
    process = subprocess.Popen([binary, "server", "-dev", f"-dev-listen-address=127.0.0.1:{port}", *more],
                               env={**environment, "HOME": str(folder)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = {}
    for line in process.stdout:
        for key in ("Unseal Key", "Root Token"):
            if line.strip().startswith(f"{key}:"):
                said[key] = line.split(":", 1)[1].strip()
        if "export VAULT_ADDR=" in line:
            said["address"] = line.split("'")[1]
        if "export VAULT_CACERT=" in line:
            said["ca"] = line.split("'")[1]
        if "Root Token" in said:
            break
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process, said, environment


@pytest.mark.parametrize("program", ["coffer", "bao"])
def test_development_mode_needs_nothing_else(binary, tmp_path, program):
    process, said, environment = dev(binary, tmp_path)
    try:
        environment |= {"HOME": str(tmp_path), "VAULT_ADDR": said["address"]}
        client = binary if program == "coffer" else reference_binary()

        def run(*arguments):
            done = subprocess.run([client, *arguments], env=environment, capture_output=True, text=True, timeout=30)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        # The root token was kept for the client.
        run("kv", "put", "secret/test", "a=b")
        assert run("kv", "get", "-field=a", "secret/test").strip() == "b"
        assert json.loads(run("read", "-format=json", "sys/mounts/secret"))["data"]["options"] == {"version": "2"}
        run("operator", "seal")
        environment["VAULT_TOKEN"] = said["Root Token"]
        run("operator", "unseal", said["Unseal Key"])
        assert json.loads(run("status", "-format=json"))["sealed"] is False
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_development_mode_with_its_flags(binary, tmp_path):
    process, said, _ = dev(binary, tmp_path, "-dev-root-token-id=known", "-dev-no-store-token", "-dev-tls")
    try:
        assert said["Root Token"] == "known" and said["address"].startswith("https://")
        assert not (tmp_path / ".vault-token").exists()
        context = ssl.create_default_context(cafile=said["ca"])
        connection = http.client.HTTPSConnection(said["address"].removeprefix("https://"), context=context, timeout=10)
        connection.request("GET", "/v1/auth/token/lookup-self", headers={"X-Vault-Token": "known"})
        assert json.loads(connection.getresponse().read())["data"]["policies"] == ["root"]
    finally:
        process.terminate()
        assert process.wait(20) == 0


def test_the_log_as_json_holds_no_secret(binary, tmp_path):
    server = Server(binary, tmp_path, extra='log_format = "json"\nlog_level = "trace"')
    server.start()
    server.initialise(1, 1)
    server.unseal()
    server.good("POST", "/v1/sys/mounts/kv", {"type": "kv"})
    server.good("POST", "/v1/kv/x", {"value": "canary-in-the-trace"})
    server.good("GET", "/v1/kv/x")
    assert server.stop() == 0
    log = server.log_path.read_text()
    assert any(json.loads(line) for line in log.splitlines() if line.startswith("{"))
    for secret in ("canary-in-the-trace", server.root, *server.keys):
        assert secret not in log


def test_the_client_says_plainly_what_is_not_built(server, binary):
    cli = Cli(binary, server)
    for arguments in (["agent"], ["proxy"], ["operator", "unseal", "-migrate"]):
        done = cli.run(*arguments, check=False)
        assert done.returncode != 0 and "not built" in done.stderr + done.stdout, (arguments, done.stderr)
    page = server.request("GET", "/ui/", token=None)
    assert page.status == 200 and b"coffer has no web page" in page.body, page.body
