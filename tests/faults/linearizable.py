"""Whether a recorded history of one register could have come from one copy that does one operation at a time.

A register is a KV version 2 secret: its state is (version, value), and every write gives a value of its own. That makes
the question decidable without a search: an acknowledged write tells its place by its version, one of unknown outcome by the
version under which its value was read; one whose value nobody read can only fill a version that is otherwise missing, and
then the one that began first serves as well as any. `check` does that in linear time; `search` is Wing and Gong's search
with Lowe's memory, which assumes none of it, and by which the tests judge `check`.

An operation whose outcome is unknown may take effect at any time after it began, or never.
"""

import bisect
import dataclasses
from typing import Any, Optional

# What an operation was, and how it ended.
READ, WRITE, CAS = "read", "write", "cas"
OK, FAILED, UNKNOWN = "ok", "failed", "unknown"
NOTHING = (0, None)
NEVER = float("inf")


@dataclasses.dataclass(frozen=True, slots=True)
class Op:
    """`given`: the value written. `expected`: the version that a check-and-set wants.

    `got`: of a read (version, value), of a write its version. FAILED means: certainly without effect. A check-and-set
    that was refused because of the version is OK with `got` None."""

    kind: str
    key: str
    began: float
    ended: float
    outcome: str
    given: Any = None
    expected: Optional[int] = None
    got: Any = None
    client: str = ""
    node: str = ""

    @property
    def changes(self):
        """Whether it took effect, or may have."""
        return self.kind != READ and (self.outcome == UNKNOWN or self.got is not None)


@dataclasses.dataclass
class Refused:
    """No order of the operations explains the history."""

    state: tuple
    placed: list
    stuck: list
    reason: str

    def __str__(self):
        lines = [f"{self.reason}; the register is at {self.state}; last placed:"]
        lines += [f"  {op}" for op in self.placed[-10:]]
        lines += ["cannot be placed any more, or not in time:"]
        lines += [f"  {op}" for op in self.stuck[:10]]
        return "\n".join(lines)


def relevant(history):
    """What constrains an order: not the failed, not the reads without an answer."""
    return sorted((op for op in history if op.outcome == OK or (op.outcome == UNKNOWN and op.kind != READ)),
                  key=lambda op: op.began)


def check(history, initial=NOTHING):
    """None if the history is linearizable, else a `Refused`."""
    ops = relevant(history)
    seen_at = {op.got[1]: op.got[0] for op in ops if op.kind == READ}
    pinned, fillers = {}, []
    for op in ops:
        if not op.changes:
            continue
        version = op.got if op.outcome == OK else seen_at.get(op.given)
        if version is None:
            fillers.append(op)
        elif version in pinned:
            return Refused(initial, [], [pinned[version], op], f"two writes made version {version}")
        else:
            pinned[version] = op
    must = sorted((op for op in ops if op.outcome == OK), key=lambda op: op.ended)
    quiet = [op for op in ops if op.outcome == OK and not op.changes]
    return Placement(initial, pinned, fillers, must, quiet).run()


class Placement:
    """The only order that can be, as far as it goes."""

    def __init__(self, initial, pinned, fillers, must, quiet):
        self.state, self.pinned, self.fillers, self.must, self.quiet = initial, pinned, fillers, must, quiet
        self.order, self.placed = [], set()
        self.next_must, self.next_quiet, self.waiting = 0, 0, []

    def run(self):
        while True:
            self.place_quiet()
            if self.next_must == len(self.must):
                return None
            problem = self.place_change()
            if problem:
                stuck = [op for op in self.must[self.next_must:] if id(op) not in self.placed]
                return Refused(self.state, self.order, stuck, problem)

    def bound(self):
        """The first end among those that must still be placed: whatever began later comes after it."""
        while self.next_must < len(self.must) and id(self.must[self.next_must]) in self.placed:
            self.next_must += 1
        return self.must[self.next_must].ended if self.next_must < len(self.must) else NEVER

    def place(self, op):
        self.placed.add(id(op))
        self.order.append(op)

    def place_quiet(self):
        """All that the present state explains and that may come now."""
        while True:
            bound, count = self.bound(), len(self.order)
            while self.next_quiet < len(self.quiet) and self.quiet[self.next_quiet].began <= bound:
                self.waiting.append(self.quiet[self.next_quiet])
                self.next_quiet += 1
            still = []
            for op in self.waiting:
                fits = op.got == self.state if op.kind == READ else op.expected != self.state[0]
                self.place(op) if fits else still.append(op)
            self.waiting = still
            if len(self.order) == count:
                return

    def place_change(self):
        version, bound = self.state[0], self.bound()
        op = self.pinned.get(version + 1)
        if op is None:
            op = self.filler(version, bound)
            if op is None:
                return f"nothing can have made version {version + 1} in time"
            self.fillers.remove(op)
        if op.began > bound:
            return f"version {version + 1} was made too late"
        if op.kind == CAS and op.expected != version:
            return f"a check-and-set for version {op.expected} took effect on version {version}"
        self.place(op)
        self.state = (version + 1, op.given)
        return None

    def filler(self, version, bound):
        possible = [op for op in self.fillers if op.began <= bound and (op.kind == WRITE or op.expected == version)]
        return min(possible, key=lambda op: (op.kind == WRITE, op.began), default=None)


def step(state, op):
    """The state after the operation, or None if it could not have ended so."""
    version, value = state
    if op.kind == READ:
        return state if op.got == state else None
    if op.outcome == UNKNOWN:
        if op.kind == CAS and op.expected != version:
            return state
        return (version + 1, op.given)
    if op.kind == CAS:
        if op.got is None:
            return state if op.expected != version else None
        if op.expected != version:
            return None
    return (version + 1, op.given) if op.got == version + 1 else None


def search(history, initial=NOTHING):
    """Whether some order explains the history, by trying them. For short ones."""
    ops, seen = relevant(history), set()
    ends = [op.ended if op.outcome == OK else NEVER for op in ops]
    everything = sum(1 << n for n, end in enumerate(ends) if end != NEVER)

    def explain(placed, state):
        if placed & everything == everything:
            return True
        if (placed, state) in seen:
            return False
        seen.add((placed, state))
        bound = min((ends[n] for n in range(len(ops)) if not placed >> n & 1), default=NEVER)
        for n in range(bisect.bisect_right(ops, bound, key=lambda op: op.began)):
            if not placed >> n & 1:
                after = step(state, ops[n])
                if after is not None and explain(placed | 1 << n, after):
                    return True
        return False

    return explain(0, initial)


def by_key(history):
    """The histories of the registers, which have nothing to do with each other."""
    keys = {}
    for op in history:
        keys.setdefault(op.key, []).append(op)
    return keys
