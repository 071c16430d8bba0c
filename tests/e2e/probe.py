"""Clients that ask through one address without pause, each time on a new connection, and what they met.

As a program: probe.py URL CA_FILE TOKEN_FILE CLIENTS asks until SIGTERM, and prints what it met as JSON.
"""

import http.client
import json
import pathlib
import signal
import ssl
import sys
import threading
import time
import urllib.parse

# A client gives up after so many seconds.
PATIENCE = 30


class Probe:
    """So many clients, from entering the context until leaving it. `longest_gap` is in seconds."""

    def __init__(self, url, ca, token, clients=4):
        self.url = urllib.parse.urlsplit(url)
        self.context = ssl.create_default_context(cafile=str(ca))
        self.token = token
        self.lock, self.stopping = threading.Lock(), threading.Event()
        self.good, self.failed = [], []
        self.slowest = 0.0
        self.clients = [threading.Thread(target=self.ask_on, daemon=True) for _ in range(clients)]

    def __enter__(self):
        self.began = time.monotonic()
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for client in self.clients:
            client.join(PATIENCE * 2)
        self.ended = time.monotonic()

    def ask_on(self):
        while not self.stopping.is_set():
            began = time.monotonic()
            failure = self.ask()
            ended = time.monotonic()
            with self.lock:
                self.slowest = max(self.slowest, ended - began)
                if failure is None:
                    self.good.append(ended)
                else:
                    self.failed.append((round(ended - self.began, 3), failure))
            # Neither a flood of new connections nor of failures.
            self.stopping.wait(0.02)

    def ask(self):
        """None, or why it failed."""
        try:
            connection = http.client.HTTPSConnection(self.url.hostname, self.url.port or 443, timeout=PATIENCE,
                                                     context=self.context)
            try:
                connection.request("GET", self.url.path, headers={"X-Vault-Token": self.token})
                answer = connection.getresponse()
                body = answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            return f"{type(error).__name__}: {error}"
        return None if answer.status == 200 else f"{answer.status} {body[:300].decode(errors='replace')}"

    @property
    def longest_gap(self):
        """The longest time without a good answer to any client."""
        times = [self.began, *sorted(self.good), self.ended]
        return max(after - before for before, after in zip(times, times[1:]))

    def report(self):
        return {"good": len(self.good), "failed": self.failed, "longest_gap": round(self.longest_gap, 3),
                "slowest": round(self.slowest, 3)}

    def __str__(self):
        return (f"{len(self.good)} good answers, {len(self.failed)} failed, longest without a good one "
                f"{self.longest_gap:.2f} s, slowest answer {self.slowest:.2f} s")


if __name__ == "__main__":
    url, ca, token_file, clients = sys.argv[1:]
    # Threads would take the signal's mask with them; the main one waits for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    with Probe(url, ca, pathlib.Path(token_file).read_text().strip(), int(clients)) as probe:
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    print(json.dumps(probe.report()), flush=True)
