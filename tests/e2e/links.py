"""The links between nodes, to be cut, half-cut and delayed: a relay in front of each node's cluster port.

What a relay holds back is not lost but late, as packets are that TCP sends again: when a link is healed, what was on its
way arrives, and new connections over a cut link hang rather than being refused.
"""

import asyncio
import os
import threading

CHUNK = 1 << 16


class Links:
    """Relays in a thread of their own. Nodes are named by their index; `pid_of(index)` tells who dials."""

    def __init__(self, pid_of):
        self.pid_of = pid_of
        self.closed, self.delays, self.targets = {}, {}, {}
        self.loop = asyncio.new_event_loop()
        self.servers = []
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def add(self, index, listen, target):
        """What comes in at `listen` goes to `target`, which is the node's own cluster port."""
        self.targets[index] = target

        async def begin():
            server = await asyncio.start_server(lambda r, w: self.relay(index, r, w), *listen)
            self.servers.append(server)

        asyncio.run_coroutine_threadsafe(begin(), self.loop).result(10)

    def cut(self, a, b):
        self.cut_one_way(a, b)
        self.cut_one_way(b, a)

    def cut_one_way(self, source, target):
        """Nothing from source reaches target any more."""
        self.call(lambda: self.gate(source, target).clear())

    def isolate(self, index):
        for other in self.targets:
            if other != index:
                self.cut(index, other)

    def heal(self):
        self.call(lambda: [gate.set() for gate in self.closed.values()])

    def delay(self, a, b, one_way):
        """Everything between the two takes this long, in seconds, each way."""
        self.delays[a, b] = self.delays[b, a] = one_way

    def stop(self):
        async def end():
            for server in self.servers:
                server.close()
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    # What follows runs in the relays' thread.

    def call(self, change):
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (change(), done.set()))
        assert done.wait(10)

    def gate(self, source, target):
        if (source, target) not in self.closed:
            gate = self.closed[source, target] = asyncio.Event()
            gate.set()
        return self.closed[source, target]

    async def relay(self, target, reader, writer):
        source = self.dialler(writer.get_extra_info("peername"), writer.get_extra_info("sockname"))
        if source is None:
            # Whoever is no node any more (it was killed meanwhile) has nothing to say.
            source = target
        there, back = self.gate(source, target), self.gate(target, source)
        onward = None
        try:
            # A connection needs both directions.
            await there.wait()
            await back.wait()
            delay = self.delays.get((source, target), 0)
            if delay:
                await asyncio.sleep(2 * delay)
            back_reader, onward = await asyncio.open_connection(*self.targets[target])
            ways = [asyncio.ensure_future(self.carry(reader, onward, source, target)),
                    asyncio.ensure_future(self.carry(back_reader, writer, target, source))]
            done, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
            for way in rest:
                way.cancel()
            for way in done:
                way.exception()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, onward):
                if end is not None:
                    end.close()

    async def carry(self, reader, writer, source, target):
        gate, queue = self.gate(source, target), asyncio.Queue(512)

        async def take():
            while True:
                try:
                    part = await reader.read(CHUNK)
                except OSError as reset:
                    part = reset
                await queue.put((self.loop.time() + self.delays.get((source, target), 0), part))
                if not part or isinstance(part, OSError):
                    return

        taking = asyncio.ensure_future(take())
        try:
            while True:
                due, part = await queue.get()
                wait = due - self.loop.time()
                if wait > 0:
                    await asyncio.sleep(wait)
                await gate.wait()
                if isinstance(part, OSError):
                    raise part
                if not part:
                    writer.write_eof()
                    return
                writer.write(part)
                await writer.drain()
        finally:
            taking.cancel()

    def dialler(self, peer, own):
        """Which node owns the other end of this connection: the system knows by process."""
        wanted = f"{hexed(peer)} {hexed(own)}"
        with open("/proc/net/tcp") as table:
            inode = next((line.split()[9] for line in table if wanted in line), None)
        if inode is None:
            return None
        for index in self.targets:
            pid = self.pid_of(index)
            if pid and owns(pid, f"socket:[{inode}]"):
                return index
        return None


def hexed(address):
    host, port = address[:2]
    return "%02X%02X%02X%02X:%04X" % (*reversed([int(part) for part in host.split(".")]), port)


def owns(pid, socket):
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                if os.readlink(f"/proc/{pid}/fd/{name}") == socket:
                    return True
            except OSError:
                pass
    except OSError:
        pass
    return False
