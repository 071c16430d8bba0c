"""Snapshots of one node: saved, inspected, restored; cut short, damaged and of other keys."""

import gzip
import socket
import threading

import pytest
from harness import Cli, Server

SNAPSHOT = "/v1/sys/storage/raft/snapshot"


def put(server, name, value):
    server.good("POST", f"/v1/secret/data/{name}", {"data": {"v": value}})


def get(server, name):
    answer = server.request("GET", f"/v1/secret/data/{name}")
    return answer.json["data"]["data"]["v"] if answer.status == 200 else None


@pytest.fixture
def filled(server):
    server.good("POST", "/v1/sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    put(server, "kept", "before")
    return server


@pytest.fixture
def other(binary, tmp_path):
    """A second server, not initialised."""
    folder = tmp_path / "other"
    folder.mkdir()
    server = Server(binary, folder)
    server.start()
    yield server
    server.stop()


def leftovers(server):
    return [path.name for path in server.data.iterdir() if path.name.endswith(".unfinished")]


def test_a_snapshot_brings_back_the_state_and_nothing_else(filled, cli, binary, tmp_path):
    file = tmp_path / "s.snap"
    cli.run("operator", "raft", "snapshot", "save", file)
    assert file.stat().st_mode & 0o777 == 0o600
    put(filled, "kept", "after")
    put(filled, "more", "after")
    before = filled.good("GET", "/v1/sys/storage/raft/configuration")["data"]["config"]["servers"]
    name = filled.good("GET", "/v1/sys/health", token=None)["cluster_id"]
    cli.run("operator", "raft", "snapshot", "restore", file)
    filled.wait_active()
    assert (get(filled, "kept"), get(filled, "more")) == ("before", None)
    assert filled.good("GET", "/v1/sys/storage/raft/configuration")["data"]["config"]["servers"] == before
    assert filled.good("GET", "/v1/sys/health", token=None)["cluster_id"] == name
    # What was written on the state that is gone does not come back with a restart, and the node opens with its own keys.
    put(filled, "later", "x")
    filled.kill()
    filled.start()
    filled.unseal()
    assert (get(filled, "kept"), get(filled, "more"), get(filled, "later")) == ("before", None, "x")
    assert not leftovers(filled)


def test_what_is_in_a_snapshot_is_told_without_a_server(filled, binary, tmp_path):
    file = tmp_path / "s.snap"
    cli = Cli(binary, filled)
    cli.run("operator", "raft", "snapshot", "save", file)
    told = cli.json("operator", "raft", "snapshot", "inspect", file, token=None)
    assert told["Meta"]["ID"] == "bolt-snapshot" and told["TotalCountKV"] > 10
    assert {"core/keyring", "sys/token"} <= {row["Name"] for row in told["StatsKV"]}
    table = cli.run("operator", "raft", "snapshot", "inspect", "-depth=1", "-filter=sys/", file).stdout
    assert "Key Name" in table and "logical" not in table
    file.write_bytes(file.read_bytes()[:-100])
    refused = cli.run("operator", "raft", "snapshot", "inspect", file, check=False)
    assert refused.returncode == 1 and "not a whole snapshot" in refused.stderr


def test_nothing_secret_is_in_clear(filled, binary, tmp_path):
    put(filled, "kept", "UNIQUE-MARKER")
    file = tmp_path / "s.snap"
    Cli(binary, filled).run("operator", "raft", "snapshot", "save", file)
    assert b"UNIQUE-MARKER" not in gzip.decompress(file.read_bytes())


def test_a_damaged_upload_changes_nothing(filled, binary, tmp_path):
    whole = filled.request("GET", SNAPSHOT).body
    put(filled, "kept", "after")
    for damaged in (b"", b"x", whole[:1000], whole[:-1], whole[: len(whole) // 2] + b"\0" + whole[len(whole) // 2 + 1 :]):
        for path in (SNAPSHOT, SNAPSHOT + "-force"):
            answer = filled.request("POST", path, damaged)
            assert answer.status == 400 and "nothing was changed" in answer.errors[0], answer.body
    assert get(filled, "kept") == "after" and not leftovers(filled)


def test_an_upload_that_breaks_off_changes_nothing(binary, filled, other):
    whole = filled.request("GET", SNAPSHOT).body
    other.initialise(1, 1)
    other.unseal()
    head = f"POST {SNAPSHOT}-force HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {other.root}\r\nContent-Length: {len(whole)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", other.port)) as connection:
        connection.sendall(head.encode() + whole[:-50])
    # The next request is answered by the state that was there before.
    assert other.request("GET", "/v1/sys/mounts").status == 200


def test_without_leave_nothing_is_read_or_sent(filled):
    filled.good("PUT", "/v1/sys/policy/none", {"policy": 'path "x" { capabilities = ["read"] }'})
    token = filled.good("POST", "/v1/auth/token/create", {"policies": ["none"]})["auth"]["client_token"]
    assert filled.request("GET", SNAPSHOT, token=token).status == 403
    assert filled.request("POST", SNAPSHOT, b"x" * 1000, token=token).status == 403
    assert filled.request("POST", SNAPSHOT + "-force", b"x" * 1000, token=None).status in (400, 403)


def test_a_cut_download_leaves_no_file(filled, binary, tmp_path):
    """A proxy that cuts the answer, in the middle and just before its end."""
    whole = filled.request("GET", SNAPSHOT)
    cut = Server(binary, tmp_path)
    for kept in (1000, len(whole.body) - 1, len(whole.body)):
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                # Until the connection closes: HTTP itself can't tell that something is missing.
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\nConnection: close\r\n\r\n")
                connection.sendall(whole.body[:kept])

        thread = threading.Thread(target=serve)
        thread.start()
        cut.port, cut.root = listener.getsockname()[1], "t"
        file = tmp_path / f"cut-{kept}.snap"
        done = Cli(binary, cut).run("operator", "raft", "snapshot", "save", file, check=False)
        thread.join()
        listener.close()
        assert (done.returncode == 0) == file.exists() == (kept == len(whole.body)), done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []


def test_other_keys_are_refused_without_force_and_wanted_with_it(filled, other, binary, tmp_path):
    file = tmp_path / "s.snap"
    Cli(binary, filled).run("operator", "raft", "snapshot", "save", file)
    other.initialise(1, 1)
    other.unseal()
    other.good("POST", "/v1/sys/mounts/own", {"type": "kv"})
    cli = Cli(binary, other)
    refused = cli.run("operator", "raft", "snapshot", "restore", file, check=False)
    assert refused.returncode == 2 and "different set of unseal keys" in refused.stderr and "3 of the 5" in refused.stderr
    assert "own/" in other.good("GET", "/v1/sys/mounts")["data"]
    forced = cli.run("operator", "raft", "snapshot", "restore", "-force", file)
    assert "3 of the 5 unseal keys" in forced.stderr
    status = other.good("GET", "/v1/sys/seal-status", token=None)
    assert (status["sealed"], status["t"], status["n"]) == (True, 3, 5)
    other.keys, other.root, other.threshold = filled.keys, filled.root, 3
    other.unseal()
    assert get(other, "kept") == "before"
    assert "other" not in other.good("GET", "/v1/sys/mounts")["data"]


def test_a_fresh_node_takes_a_snapshot_in_place_of_init(filled, other, binary, tmp_path):
    file = tmp_path / "s.snap"
    Cli(binary, filled).run("operator", "raft", "snapshot", "save", file)
    cli = Cli(binary, other)
    refused = cli.run("operator", "raft", "snapshot", "restore", file, check=False, token=None)
    assert refused.returncode == 2 and "-force" in refused.stderr
    assert not other.good("GET", "/v1/sys/seal-status", token=None)["initialized"]
    cli.run("operator", "raft", "snapshot", "restore", "-force", file, token=None)
    other.keys, other.root, other.threshold = filled.keys, filled.root, 3
    other.unseal()
    assert get(other, "kept") == "before"


def test_a_snapshot_from_before_the_root_key_was_changed_needs_no_new_keys(filled):
    snapshot = filled.request("GET", SNAPSHOT).body
    filled.good("POST", "/v1/sys/rotate")
    filled.good("POST", "/v1/sys/rotate/keyring")
    filled.good("POST", "/v1/sys/rotate/root")
    put(filled, "kept", "after")
    filled.good("POST", SNAPSHOT, snapshot)
    filled.wait_active()
    assert get(filled, "kept") == "before"
    put(filled, "kept", "again")
    filled.kill()
    filled.start()
    filled.unseal()
    assert get(filled, "kept") == "again"


def test_a_snapshot_under_load_is_one_moment(filled):
    """Two keys are written one after the other, for ever; a snapshot never holds the second without the first."""
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            for name in ("first", "second"):
                put(filled, name, number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        snapshots = [filled.request("GET", SNAPSHOT).body for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    for snapshot in snapshots:
        filled.good("POST", SNAPSHOT, snapshot)
        filled.wait_active()
        first, second = get(filled, "first"), get(filled, "second")
        assert first in (second, (second or 0) + 1), (first, second)


def test_requests_during_a_restore_see_one_state_or_the_other(filled):
    put(filled, "a", "old")
    put(filled, "b", "old")
    snapshot = filled.request("GET", SNAPSHOT).body
    put(filled, "a", "new")
    put(filled, "b", "new")
    stop, wrong = threading.Event(), []

    def read():
        while not stop.is_set():
            answer = filled.request("GET", "/v1/secret/data/a")
            if answer.status != 200 or answer.json["data"]["data"]["v"] not in ("old", "new"):
                wrong.append((answer.status, answer.body))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    filled.good("POST", SNAPSHOT, snapshot)
    stop.set()
    for reader in readers:
        reader.join()
    assert not wrong, wrong[:3]
    assert (get(filled, "a"), get(filled, "b")) == ("old", "old")


def test_a_kill_during_a_restore_leaves_one_state(filled, binary):
    for number in range(300):
        put(filled, f"n{number}", "x" * 2000)
    snapshot = filled.request("GET", SNAPSHOT).body
    put(filled, "kept", "after")
    for delay in (0.02, 0.05, 0.1, 0.2):
        sender = threading.Thread(target=lambda: exchange_quietly(filled, snapshot))
        sender.start()
        sender.join(delay)
        filled.kill()
        sender.join()
        filled.start()
        filled.unseal()
        assert get(filled, "kept") in ("before", "after")
        assert get(filled, "n299") == "x" * 2000
        put(filled, "kept", "after")
        assert not leftovers(filled)


def exchange_quietly(server, snapshot):
    try:
        server.request("POST", SNAPSHOT, snapshot)
    except OSError:
        pass
