"""kill -9 at any moment loses nothing that was acknowledged, and nothing lies readable on the disk."""

import http.client
import json
import os
import random
import ssl
import threading

KILLS = int(os.environ.get("COFFER_KILLS", "20"))
WRITERS = 4


class Writer(threading.Thread):
    """Writes versions of its own keys one after the other, and keeps what was acknowledged."""

    def __init__(self, server, number, acknowledged):
        super().__init__(daemon=True)
        self.server, self.number, self.acknowledged, self.count = server, number, acknowledged, 0
        self.stopping = False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        while not self.stopping:
            key = f"w{self.number}-{self.count % 50}"
            value = f"{self.number}.{self.count}"
            body = json.dumps({"value": value, "pad": "p" * random.randrange(2000)})
            # From here on the write may be there, acknowledged or not.
            self.acknowledged.setdefault(key, {})["attempted"] = value
            try:
                connection.request("POST", f"/v1/plain/{key}", body, {"X-Vault-Token": self.server.root})
                answer = connection.getresponse()
                answer.read()
            except OSError:
                return
            except http.client.HTTPException:
                return
            if answer.status == 204:
                self.acknowledged[key]["good"] = value
            self.count += 1


def test_kill_nine_at_any_moment(binary, tmp_path):
    from harness import Server

    seed = int(os.environ.get("COFFER_SEED", random.randrange(1 << 32)))
    print(f"seed {seed}")
    random.seed(seed)
    server = Server(binary, tmp_path)
    server.start()
    server.initialise(1, 1)
    server.unseal()
    server.good("POST", "/v1/sys/mounts/plain", {"type": "kv"})
    known = [{} for _ in range(WRITERS)]
    written = 0
    for round_ in range(KILLS):
        writers = [Writer(server, number, known[number]) for number in range(WRITERS)]
        for number, writer in enumerate(writers):
            writer.count = round_ * 100_000 + number
            writer.start()
        threading.Event().wait(random.uniform(0.02, 0.25))
        server.kill()
        for writer in writers:
            writer.stopping = True
            writer.join(10)
            written += writer.count - round_ * 100_000 - writer.number
        server.start()
        server.unseal()
        for of_writer in known:
            for key, seen in of_writer.items():
                answer = server.request("GET", f"/v1/plain/{key}")
                value = answer.json["data"]["value"] if answer.status == 200 else None
                possible = {seen.get("good"), seen["attempted"]}
                assert value in possible, f"round {round_}, {key}: {value} is none of {possible}"
                seen["good"] = value
    print(f"{KILLS} kills, {written} acknowledged writes")
    assert written > KILLS, "the writers hardly wrote: the test would prove nothing"
    assert server.stop() == 0


def test_no_secret_is_readable_on_disk(server):
    canary = "canary-7c1f0d9e-on-the-disk"
    server.good("POST", "/v1/sys/mounts/plain", {"type": "kv"})
    server.good("POST", "/v1/plain/x", {"value": canary})
    server.good("POST", "/v1/sys/policies/acl/p", {"policy": f'# {canary}\npath "x" {{ capabilities = ["read"] }}'})
    token = server.good("POST", "/v1/auth/token/create", {"meta": {"who": canary}})["auth"]["client_token"]
    server.stop()
    needles = [canary, token, server.root, *server.keys]
    files = [path for path in server.data.rglob("*") if path.is_file()]
    assert files, "no data was written"
    for path in files:
        content = path.read_bytes()
        for needle in needles:
            assert needle.encode() not in content, f"{path.name} holds a secret"
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} can be read by others"
    assert server.data.stat().st_mode & 0o077 == 0
    log = server.log_path.read_text()
    assert not any(needle in log for needle in needles), "the log holds a secret"
