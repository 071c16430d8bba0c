"""The tools of the cluster tests do what they say: relays, small disks, the judge of histories."""

import dataclasses
import os
import random
import socket
import threading
import time

import pytest

from cluster import network
from linearizable import CAS, FAILED, OK, READ, UNKNOWN, WRITE, Op, check, search
from links import Links
from small_disk import SmallDisk


class Echo:
    """Answers each message with itself."""

    def __init__(self, address):
        self.listener = socket.create_server(address)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        while part := connection.recv(4096):
            connection.sendall(part)


@pytest.fixture
def relayed():
    """This process dials as node 1 what stands for node 2."""
    block = network(2)
    links = Links(lambda index: os.getpid() if index == 1 else None)
    echo = Echo((f"{block}.2", 8202))
    links.add(1, (f"{block}.1", 8201), (f"{block}.1", 8202))
    links.add(2, (f"{block}.2", 8201), (f"{block}.2", 8202))
    yield links, (f"{block}.2", 8201)
    links.stop()
    echo.listener.close()


def ask(connection, text, timeout):
    connection.settimeout(timeout)
    connection.sendall(text)
    got = b""
    while len(got) < len(text):
        got += connection.recv(4096)
    return got


def test_a_link_is_cut_in_one_direction_and_healed(relayed):
    links, address = relayed
    with socket.create_connection(address, 5) as connection:
        assert ask(connection, b"one", 5) == b"one"
        links.cut_one_way(1, 2)
        with pytest.raises(TimeoutError):
            ask(connection, b"two", 0.3)
        links.heal()
        connection.settimeout(5)
        assert connection.recv(10) == b"two", "what was on its way arrives"
        links.cut_one_way(2, 1)
        with pytest.raises(TimeoutError):
            ask(connection, b"three", 0.3)
        with socket.create_connection(address, 5) as new, pytest.raises(TimeoutError):
            ask(new, b"four", 0.3)
        links.heal()
        connection.settimeout(5)
        assert connection.recv(10) == b"three"


def test_a_link_is_slow(relayed):
    links, address = relayed
    links.delay(1, 2, 0.04)
    with socket.create_connection(address, 5) as connection:
        ask(connection, b"first", 5)
        began = time.monotonic()
        ask(connection, b"second", 5)
        assert 0.08 <= time.monotonic() - began < 0.5


def test_a_small_disk_is_full_and_relieved(tmp_path):
    disk = SmallDisk(tmp_path / "disk", 4)
    try:
        assert 3 << 20 < disk.free() <= 4 << 20
        disk.fill()
        assert disk.free() == 0
        assert "No space" in disk.run("dd", "if=/etc/hostname", f"of={disk.folder}/x").stderr
        disk.relieve()
        assert disk.free() > 3 << 20
    finally:
        disk.close()


def op(kind, began, ended, got=None, given=None, expected=None, outcome=OK):
    return Op(kind, "k", began, ended, outcome, given, expected, got)


GOOD = {
    "one after the other": [op(WRITE, 0, 1, 1, "a"), op(READ, 2, 3, (1, "a")), op(CAS, 4, 5, 2, "b", 1),
                            op(CAS, 6, 7, None, "c", 1), op(READ, 8, 9, (2, "b"))],
    "a read beside a write sees either": [op(WRITE, 0, 9, 1, "a"), op(READ, 1, 2, (0, None)), op(READ, 3, 4, (1, "a"))],
    "an unknown write never happened": [op(WRITE, 0, 1, None, "a", outcome=UNKNOWN), op(READ, 2, 3, (0, None)),
                                        op(WRITE, 4, 5, 1, "b")],
    "an unknown write happened late": [op(WRITE, 0, 1, None, "a", outcome=UNKNOWN), op(READ, 2, 3, (0, None)),
                                       op(WRITE, 4, 5, 1, "b"), op(READ, 6, 7, (2, "a"))],
    "an unknown check-and-set": [op(CAS, 0, 1, None, "a", 0, UNKNOWN), op(READ, 2, 3, (1, "a"))],
    "a failed write": [op(WRITE, 0, 1, None, "a", outcome=FAILED), op(READ, 2, 3, (0, None))],
}
BAD = {
    "an acknowledged write is lost": [op(WRITE, 0, 1, 1, "a"), op(READ, 2, 3, (0, None))],
    "a later write is lost": [op(WRITE, 0, 1, 1, "a"), op(WRITE, 2, 3, 2, "b"), op(READ, 4, 5, (1, "a"))],
    "a stale read after a fresh one": [op(WRITE, 0, 9, 1, "a"), op(READ, 1, 2, (1, "a")), op(READ, 3, 4, (0, None))],
    "two check-and-sets of one version": [op(CAS, 0, 5, 1, "a", 0), op(CAS, 0, 5, 1, "b", 0)],
    "a refusal without a reason": [op(CAS, 0, 1, None, "a", 0)],
    "a failed write is read": [op(WRITE, 0, 1, None, "a", outcome=FAILED), op(READ, 2, 3, (1, "a"))],
    "an unknown write happened twice": [op(WRITE, 0, 1, None, "a", outcome=UNKNOWN), op(WRITE, 2, 3, 2, "b"),
                                        op(READ, 4, 5, (3, "a"))],
    "a read before its write": [op(READ, 0, 1, (1, "a")), op(WRITE, 2, 3, 1, "a")],
}


@pytest.mark.parametrize("name", GOOD)
def test_good_histories_pass(name):
    assert check(GOOD[name]) is None and search(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_bad_histories_are_found(name):
    assert check(BAD[name]) is not None and not search(BAD[name])


def simulated(rng, count, clients=8, lost_share=0.02):
    """A history of one true register; some answers are lost, and their operations happen late or not at all."""
    state, now, history = (0, None), 0.0, []
    free, late = [0.0] * clients, []
    for number in range(count):
        if late and rng.random() < 0.2:
            given, expected = late.pop()
            if expected in (None, state[0]):
                state = (state[0] + 1, given)
        client = rng.randrange(clients)
        began = max(free[client], now - 0.05)
        now = max(now, began) + rng.random() / 10
        ended = now + rng.random() / 10
        free[client] = ended
        kind = rng.choice([READ, READ, WRITE, CAS])
        expected = max(0, state[0] - rng.choice([0, 0, 1])) if kind == CAS else None
        lost = rng.random() < lost_share
        happens = kind == READ or not lost or rng.random() < 0.5
        if kind != READ and lost and not happens and rng.random() < 0.5:
            late.append((f"v{number}", expected))
        got = state if kind == READ else None
        if happens and kind != READ and expected in (None, state[0]):
            state = (state[0] + 1, f"v{number}")
            got = state[0]
        history.append(Op(kind, "k", began, ended, UNKNOWN if lost else OK, f"v{number}", expected, None if lost else got))
    return history


def spoilt(rng, history):
    """One answer replaced by what it should not have been, mostly."""
    history = list(history)
    number = rng.randrange(len(history))
    op = history[number]
    if op.kind == READ:
        change = {"got": rng.choice([o.got for o in history if o.kind == READ and o.got] or [(1, "v0")]), "outcome": OK}
    else:
        change = rng.choice([{"got": rng.choice([None, 1, 2, 3])}, {"outcome": FAILED}, {"outcome": UNKNOWN, "got": None}])
    if op.kind == WRITE and change == {"got": None}:
        change = {"outcome": FAILED}
    history[number] = dataclasses.replace(op, **change)
    return history


def test_the_judge_agrees_with_a_search_of_all_orders():
    rng, refused = random.Random(7), 0
    for _ in range(3000):
        history = simulated(rng, rng.randrange(3, 12), clients=4, lost_share=0.25)
        assert search(history) and check(history) is None
        for _ in range(2):
            history = spoilt(rng, history)
        verdict = check(history)
        assert search(history) == (verdict is None), (history, verdict)
        refused += verdict is not None
    assert 500 < refused < 2500


@pytest.mark.parametrize("seed", range(3))
def test_long_histories_are_judged(seed):
    rng = random.Random(seed)
    history = simulated(rng, 20_000)
    assert check(history) is None
    # One read that is some versions behind what was acknowledged before it began.
    reads = [op for op in history if op.kind == READ and op.outcome == OK and op.got[0] > 10]
    chosen = rng.choice(reads)
    older = next(op.got for op in reads if op.got[0] < chosen.got[0] - 5)
    history[history.index(chosen)] = dataclasses.replace(chosen, got=older)
    assert check(history) is not None
