"""Snapshots that a server takes by itself."""

import re
import time

from harness import DEADLINE, Cli

CONFIG, STATUS = "/v1/sys/storage/raft/snapshot-auto/config/", "/v1/sys/storage/raft/snapshot-auto/status/"


def until(what, condition):
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def test_snapshots_are_taken_kept_and_told_of(server, binary, tmp_path):
    folder = tmp_path / "backups"
    config = {"interval": "1s", "retain": 2, "path_prefix": str(folder), "file_prefix": "own",
              "storage_type": "local", "local_max_space": 10_000_000}
    server.good("POST", CONFIG + "hourly", config)
    assert server.good("GET", CONFIG + "?list=true")["data"]["keys"] == ["hourly"]
    assert server.good("GET", CONFIG + "hourly")["data"] == {**config, "interval": 1}
    seen = set()

    def several():
        seen.update(path.name for path in folder.glob("own-*") if folder.exists())
        return len(seen) >= 4

    until("four snapshots", several)
    server.good("POST", CONFIG + "hourly", {"interval": "24h"})
    left = until("the rest goes", lambda: len(files := sorted(folder.iterdir())) == 2 and files)
    assert all(re.fullmatch(r"own-\d{8}T\d{6}Z\.snap", path.name) for path in left), left
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in left)
    for path in left:
        Cli(binary, server).run("operator", "raft", "snapshot", "inspect", path)
    status = server.good("GET", STATUS + "hourly")["data"]
    assert status["consecutive_errors"] == 0 and status["last_snapshot_error"] == ""
    assert status["last_snapshot_url"] == f"vault1:{left[-1]}" and status["last_snapshot_size"] == left[-1].stat().st_size
    server.good("DELETE", CONFIG + "hourly")
    assert server.request("GET", CONFIG + "hourly").status == 404
    assert server.request("GET", STATUS + "hourly").status == 404
    Cli(binary, server).run("operator", "raft", "snapshot", "restore", left[-1])


def test_a_failure_is_kept_and_alarmed(server, tmp_path):
    config = {"interval": "1h", "path_prefix": str(tmp_path / "b"), "storage_type": "local", "local_max_space": 100}
    server.good("POST", CONFIG + "small", config)
    status = until("a failure", lambda: (s := server.good("GET", STATUS + "small")["data"])["consecutive_errors"] and s)
    assert "local_max_space" in status["last_snapshot_error"] and status["last_snapshot_url"] == ""
    assert list((tmp_path / "b").iterdir()) == []
    assert "FAILED" in server.output()
    metrics = server.request("GET", "/v1/sys/metrics?format=prometheus").body.decode()
    assert re.search(r"^coffer_snapshot_auto_failing 1$", metrics, re.M), metrics


def test_what_cannot_be_is_refused(server, tmp_path):
    good = {"interval": "1h", "path_prefix": str(tmp_path), "storage_type": "local", "local_max_space": 1}
    for change in ({"interval": 0}, {"interval": None}, {"path_prefix": "relative"}, {"path_prefix": None},
                   {"storage_type": "aws-s3"}, {"storage_type": "x"}, {"storage_type": None}, {"retain": 0},
                   {"local_max_space": None}, {"file_prefix": "../x"}, {"file_prefix": ""}):
        body = {key: value for key, value in {**good, **change}.items() if value is not None}
        answer = server.request("POST", CONFIG + "bad", body)
        assert answer.status == 400, (change, answer.body)
    policy = {"policy": f'path "{CONFIG[4:]}*" {{ capabilities = ["create", "update", "read"] }}'}
    server.good("PUT", "/v1/sys/policy/some", policy)
    token = server.good("POST", "/v1/auth/token/create", {"policies": ["some"]})["auth"]["client_token"]
    # Files are written: it takes sudo.
    assert server.request("POST", CONFIG + "x", good, token=token).status == 403
