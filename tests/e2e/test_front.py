"""The front proxy: which server a connection goes to, what happens when servers come and go, what is told of it."""

import http.client
import json
import socket
import subprocess
import time

import pytest

from front import Backend, Client, Front
from harness import Server, free_port

FAST = 'check { type = "tcp" inter = "100ms" fall = 3 rise = 2 }'


def server_line(backend, more=""):
    return f'server "{backend.name}" {{ address = "127.0.0.1:{backend.port}" {more} }}\n'


@pytest.fixture
def backends():
    made = [Backend(f"node{n}") for n in (1, 2, 3)]
    yield made
    for backend in made:
        try:
            backend.stop()
        except OSError:
            pass


@pytest.fixture
def front(binary, tmp_path):
    proxy = Front(binary, tmp_path)
    yield proxy
    proxy.stop()


def lines(backends, more=""):
    return "".join(server_line(backend, more) for backend in backends)


def test_connections_take_turns(front, backends):
    front.write('balance = "roundrobin"\n' + FAST + "\n" + lines(backends))
    front.start()
    turns = [front.whom() for _ in range(6)]
    assert sorted(turns) == sorted(backend.name for backend in backends for _ in range(2)), turns
    assert turns[:3] == turns[3:]


def test_the_fewest_connections_come_first(front, backends):
    front.write('balance = "leastconn"\n' + FAST + "\n" + lines(backends))
    front.start()
    held = [front.connect() for _ in range(3)]
    assert sorted(client.greeting() for client in held) == ["node1", "node2", "node3"]
    fourth = front.connect()
    doubled = fourth.greeting()
    assert front.whom() != doubled
    for client in [*held, fourth]:
        client.__exit__()


def test_down_after_three_failed_checks_and_up_after_two_good_ones(front, backends):
    # So far apart that no check is made between a turn and the look at it.
    front.write('check { inter = "600ms" }\n' + lines(backends))
    front.start()
    front.wait(lambda: all(server["checks_total"] > 1 for server in front.servers().values()), "first checks")
    before = front.servers()["node2"]
    backends[1].stop()
    seen = set()

    def turned(state):
        server = front.servers()["node2"]
        seen.add((server["failed_checks_total"] - before["failed_checks_total"], server["state"]))
        return server["state"] == state
    front.wait(lambda: turned("down"), "node2 down")
    # However often it was looked at: up with fewer than three failures, down with three.
    assert all((failed < 3) == (state == "up") for failed, state in seen), seen
    down = front.servers()["node2"]
    assert down["last_check"]["failure"] == "Connection refused"
    assert "server is down" in front.output()
    assert {front.whom() for _ in range(6)} == {"node1", "node3"}
    backends[1].start()
    good = []

    def good_ones():
        server = front.servers()["node2"]
        good.append((server["checks_total"] - server["failed_checks_total"]
                     - down["checks_total"] + down["failed_checks_total"], server["state"]))
        return server["state"] == "up"
    front.wait(good_ones, "node2 up")
    assert all((passed >= 2) == (state == "up") for passed, state in good), good
    front.wait(lambda: "node2" in {front.whom() for _ in range(3)}, "connections to node2")
    assert front.servers()["node2"]["downs_total"] == 1


def test_the_default_rhythm_is_that_of_the_guide(front, backends):
    """Every 5 s: 3 failures take more than 10 s; read off the status rather than waited for."""
    front.write("check {}\n" + lines(backends))
    front.start()
    front.wait(lambda: all(server["checks_total"] == 1 for server in front.servers().values()), "first checks")
    began = time.monotonic()
    front.wait(lambda: all(server["checks_total"] == 2 for server in front.servers().values()), "second checks")
    assert time.monotonic() - began > 4


def test_several_frontends_before_one_or_several_backends(front, backends):
    second = free_port()
    front.write(lines(backends[:2]), top=f"""
frontend "second" {{
  bind = "127.0.0.1:{second}"
  backend = "other"
}}
backend "other" {{
  {lines(backends[2:])}
}}""")
    front.start()
    assert {front.whom() for _ in range(4)} == {"node1", "node2"}
    with Client(second) as client:
        assert client.greeting() == "node3"
    shown = {frontend["name"]: frontend["connections_total"] for frontend in json.loads(front.get("/status.json"))["frontends"]}
    assert shown == {"main": 4, "second": 1}
    # One frontend goes: who came by it stays.
    held = Client(second)
    assert held.greeting() == "node3"
    front.write(lines(backends[:2]), top=f'backend "other" {{ {lines(backends[2:])} }}')
    assert front.reload()
    def closed():
        try:
            socket.create_connection(("127.0.0.1", second), 5).close()
        except ConnectionRefusedError:
            return True
    front.wait(closed, "the second frontend's end")
    assert held.ask() == "node3 hello"


def test_a_server_that_refuses_is_passed_over_before_any_check_sees_it(front, backends):
    # So slow a check never sees anything within the test.
    front.write('check { inter = "1h" }\n' + lines(backends))
    front.start()
    front.wait(lambda: all(server["checks_total"] == 1 for server in front.servers().values()), "first checks")
    backends[0].stop()
    assert {front.whom() for _ in range(6)} == {"node2", "node3"}
    assert front.servers()["node1"]["connect_failures_total"] >= 1
    assert front.servers()["node1"]["state"] == "up"


def test_a_server_that_closes_without_a_word_is_passed_over(front, backends):
    """A TLS client's first flight is said again to the next server; nothing else is ever said twice."""
    for backend in backends:
        backend.greets = False
    backends[0].slams = True
    front.write('check { inter = "1h" }\n' + lines(backends))
    front.start()
    for _ in range(4):
        with front.connect() as client:
            answer = client.ask("\x16 a first flight")
            assert answer.split(" ", 1)[0] in ("node2", "node3"), answer
    assert front.servers()["node1"]["unanswered_total"] >= 1
    assert all(line == b"\x16 a first flight\n" for backend in backends for line in backend.first_bytes)


def test_a_drained_server_keeps_what_it_is_answering(front, backends):
    front.write('drain_timeout = "20s"\n' + FAST + "\n" + lines(backends))
    front.start()
    held = {}
    while len(held) < 3:
        client = front.connect()
        held.setdefault(client.greeting(), client)
    asked = held["node2"]
    # The client has asked, and the answer is not there yet: nothing may cut that.
    backends[1].connections[-1].settimeout(None)
    assert front.post("/backends/nodes/servers/node2/drain") == 200
    assert front.servers()["node2"]["state"] == "drain"
    assert {front.whom() for _ in range(6)} == {"node1", "node3"}
    # It has its greeting and asks for nothing: closed as soon as that is clear, long before the time-out.
    began = time.monotonic()
    assert asked.closed()
    assert time.monotonic() - began < 10
    front.wait(lambda: front.servers()["node2"]["connections"] == 0, "an empty server")
    assert held["node1"].ask() == "node1 hello"
    assert front.post("/backends/nodes/servers/node2/ready") == 200
    front.wait(lambda: "node2" in {front.whom() for _ in range(3)}, "node2 back")


def test_an_answer_that_is_due_is_waited_for(front, tmp_path):
    slow = Backend("slow")
    try:
        slow.greets = False
        front.write('drain_timeout = "20s"\n' + lines([slow]))
        front.start()
        listener_side = []
        slow.serve = lambda connection: listener_side.append(connection)
        with front.connect() as client:
            client.stream.write(b"a question\n")
            front.wait(lambda: listener_side, "the question")
            assert listener_side[0].recv(100) == b"a question\n"
            front.post("/backends/nodes/servers/slow/drain")
            # Longer than a connection that waits for nothing would be kept.
            client.socket.settimeout(1.5)
            with pytest.raises(TimeoutError):
                client.socket.recv(1)
            client.socket.settimeout(20)
            listener_side[0].sendall(b"an answer\n")
            assert client.socket.recv(100) == b"an answer\n"
            assert client.socket.recv(1) == b""
    finally:
        slow.stop()


def test_a_reload_drops_nothing(front, backends):
    front.write(FAST + "\n" + lines(backends[:2]))
    front.start()
    held = [front.connect() for _ in range(4)]
    names = [client.greeting() for client in held]
    front.write(FAST + "\n" + lines(backends))
    assert front.reload()
    assert [client.ask() for client in held] == [f"{name} hello" for name in names]
    front.wait(lambda: "node3" in {front.whom() for _ in range(3)}, "the new server")
    # One that can't be followed changes nothing.
    front.config.write_text("frontend {")
    assert not front.reload()
    assert "node3" in {front.whom() for _ in range(6)}
    assert [client.ask() for client in held] == [f"{name} hello" for name in names]


def test_a_server_that_leaves_the_configuration_finishes_what_it_has(front, backends):
    front.write('drain_timeout = "20s"\n' + FAST + "\n" + lines(backends))
    front.start()
    held = {}
    while len(held) < 3:
        client = front.connect()
        held.setdefault(client.greeting(), client)
    front.write('drain_timeout = "20s"\n' + FAST + "\n" + lines(backends[:2]))
    assert front.reload()
    assert held["node3"].closed()
    assert held["node1"].ask() == "node1 hello"


def test_a_client_that_waits_for_its_first_answer_goes_on_to_a_server_that_is_up(front, backends):
    """A node that hangs takes connections, and answers none: its clients need not wait for it to come back."""
    hung = backends[0]
    hung.greets = False
    held = []
    hung.serve = held.append
    front.write('balance = "leastconn"\n' + FAST + "\n" + lines(backends))
    for backend in backends[1:]:
        backend.greets = False
    front.start()
    clients = [front.connect() for _ in range(3)]
    for client in clients:
        client.stream.write(b"\x16 first flight\n")
    front.wait(lambda: any(connection.recv(1, socket.MSG_PEEK) for connection in held if connection.fileno() >= 0), "a question")
    hung.stop()
    answers = sorted(client.stream.readline().split(b" ")[0] for client in clients)
    assert set(answers) == {b"node2", b"node3"}
    for connection in held:
        connection.close()


def test_a_client_that_says_nothing_is_not_kept(front, backends):
    for backend in backends:
        backend.greets = False
    front.write('drain_timeout = "20s"\n' + FAST + "\n" + lines(backends), frontend='idle_timeout = "500ms"')
    front.start()
    began = time.monotonic()
    with front.connect() as silent:
        assert silent.closed()
    assert 0.4 < time.monotonic() - began < 10
    # Nor is the end of the process held up by one.
    front.write(FAST + "\n" + lines(backends), top='shutdown_timeout = "15s"')
    assert front.reload()
    silent = front.connect()
    front.wait(lambda: sum(server["connections"] for server in front.servers().values()) == 1, "the connection")
    began = time.monotonic()
    front.process.terminate()
    assert front.process.wait(20) == 0
    assert time.monotonic() - began < 5 and silent.closed()


def test_a_silent_client_moves_on_from_a_server_that_is_drained(front, backends):
    for backend in backends:
        backend.greets = False
    front.write(FAST + "\n" + lines(backends[:2]))
    front.start()
    with front.connect() as client:
        front.wait(lambda: sum(server["connections"] for server in front.servers().values()) == 1, "the connection")
        name = next(name for name, server in front.servers().items() if server["connections"])
        front.post(f"/backends/nodes/servers/{name}/drain")
        front.wait(lambda: front.servers()[name]["connections"] == 0, "an empty server")
        assert client.ask() == {"node1": "node2", "node2": "node1"}[name] + " hello"


def test_a_limit_changed_by_a_reload_counts_who_is_there(front, backends):
    front.write(lines(backends), frontend="max_connections = 2")
    front.start()
    # Each has its place before the next one comes: among those that wait, no order is promised.
    held = [front.connect() for _ in range(2)]
    assert all(client.greeting() for client in held)
    held.append(front.connect())
    held[2].socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        held[2].socket.recv(1)
    held[2].socket.settimeout(20)
    front.write(lines(backends), frontend="max_connections = 3")
    assert front.reload()
    assert held[2].greeting()
    status = json.loads(front.get("/status.json"))
    assert status["frontends"][0]["connections"] == status["connections"] == 3


def test_no_more_connections_than_the_open_files_allow(front, backends):
    """A process without descriptors must not take that for the fault of its servers."""
    front.files = 256
    front.write(FAST + "\n" + lines(backends))
    front.start()
    most = json.loads(front.get("/status.json"))["max_connections"]
    assert most == (256 - 96) // 2
    held = [front.connect() for _ in range(most)]
    assert all(client.greeting() for client in held)
    held += [front.connect() for _ in range(20)]
    counted = front.servers()
    front.wait(lambda: all(front.servers()[name]["checks_total"] > counted[name]["checks_total"] + 2 for name in counted), "checks")
    assert {server["state"] for server in front.servers().values()} == {"up"}
    assert sum(server["connections"] for server in front.servers().values()) == most
    for client in held[:20]:
        client.__exit__()
    assert all(client.greeting() for client in held[most:])


def test_limits_on_connections(front, backends):
    front.write('queue_timeout = "20s"\n' + lines(backends[:1], "max_connections = 2"), frontend="max_connections = 3")
    front.start()
    first, second = front.connect(), front.connect()
    assert first.greeting() == second.greeting() == "node1"
    third = front.connect()
    third.socket.settimeout(0.3)
    with pytest.raises(TimeoutError):
        third.socket.recv(1)
    third.socket.settimeout(20)
    first.__exit__()
    assert third.greeting() == "node1"
    for client in (second, third):
        client.__exit__()


@pytest.mark.parametrize("behavior", ["allow_authorized", "deny_unauthorized", "use_always"])
def test_the_servers_are_told_the_client(front, tmp_path, binary, certificates, behavior):
    """PROXY protocol version 2, read by the server's own listener: its audit log has the client's own port. The checks
    tell nothing, and are answered all the same."""
    rule = f'proxy_protocol_behavior = "{behavior}"\n  proxy_protocol_authorized_addrs = "127.0.0.1"'
    (tmp_path / "node").mkdir()
    node = Server(binary, tmp_path / "node", certificates)
    node.write_config(listener=rule)
    node.start()
    try:
        node.initialise()
        node.unseal()
        log = tmp_path / "audit.log"
        node.good("PUT", "/v1/sys/audit/file", {"type": "file", "options": {"file_path": str(log)}})
        check = f'check {{ type = "https" inter = "1s" ca_file = "{certificates.ca}" }}'
        front.write(f'send_proxy = "v2"\n{check}\nserver "node" {{ address = "127.0.0.1:{node.port}" }}')
        front.start()
        front.wait(lambda: front.servers()["node"]["checks_total"] > 0, "a check")
        assert front.servers()["node"]["last_check"]["passed"], front.servers()
        client = http.client.HTTPSConnection("localhost", front.port, context=node.context(), timeout=20)
        client.connect()
        own_port = client.sock.getsockname()[1]
        client.request("GET", "/v1/sys/mounts", headers={"X-Vault-Token": node.root})
        assert client.getresponse().status == 200
        seen = [json.loads(line)["request"] for line in log.read_text().splitlines() if '"path":"sys/mounts"' in line]
        assert seen and {(request["remote_address"], request["remote_port"]) for request in seen} == {("127.0.0.1", own_port)}
    finally:
        node.stop()


def test_the_leader_is_preferred(front, tmp_path, binary, certificates):
    """An unsealed node answers 200, a sealed one is down."""
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    active, sealed = (Server(binary, tmp_path / name, certificates) for name in ("one", "two"))
    try:
        for node in (active, sealed):
            node.start()
            node.initialise()
        active.unseal()
        front.write(f"""
          balance = "leader"
          check {{ inter = "200ms" fall = 1 ca_file = "{certificates.ca}" server_name = "localhost" }}
          server "sealed" {{ address = "127.0.0.1:{sealed.port}" }}
          server "active" {{ address = "127.0.0.1:{active.port}" }}""")
        front.start()
        front.wait(lambda: front.servers()["active"]["active_node"], "the active node")
        front.wait_state("sealed", "down")
        assert "(sealed)" in front.servers()["sealed"]["last_check"]["failure"]
        own, active.port = active.port, front.port
        for _ in range(4):
            assert active.request("GET", "/v1/sys/health", token=None).status == 200
        active.port = own
        assert front.servers()["active"]["connections_total"] == 4
    finally:
        active.stop()
        sealed.stop()


def test_the_leader_is_asked_for_without_being_told_how(front, backends):
    front.write('balance = "leader"\n' + lines(backends))
    front.start()
    front.wait(lambda: all(server["checks_total"] == 1 for server in front.servers().values()), "first checks")
    # They speak no TLS, and it is said so.
    assert all("TLS" in server["last_check"]["failure"] for server in front.servers().values())


def test_the_end_is_orderly(front, backends):
    front.write(lines(backends), top='shutdown_timeout = "15s"')
    front.start()
    idle = front.connect()
    idle.greeting()
    front.process.terminate()
    assert idle.closed()
    assert front.process.wait(20) == 0
    with pytest.raises(OSError):
        Client(front.port)


def test_metrics_and_admin(front, backends):
    front.write(FAST + "\n" + lines(backends), admin=False)
    front.start()
    front.whom()
    metrics = front.get("/metrics")
    assert 'coffer_front_server_up{backend="nodes",server="node1"} 1' in metrics
    assert 'coffer_front_connections_total{frontend="main"} 1' in metrics
    assert front.post("/backends/nodes/servers/node1/drain") == 403
    front.write(FAST + "\n" + lines(backends), admin=True)
    assert front.reload()
    # Without the header, a page from elsewhere could do it.
    assert front.post("/backends/nodes/servers/node1/drain", headers={}) == 403
    assert front.post("/backends/nodes/servers/nobody/drain") == 404
    assert front.post("/backends/nodes/servers/node1/drain") == 200
    assert 'coffer_front_server_draining{backend="nodes",server="node1"} 1' in front.get("/metrics")


def test_a_port_in_use_is_named(front, backends):
    with socket.create_server(("127.0.0.1", front.port)):
        front.write(lines(backends))
        done = subprocess.run([front.binary, "front", f"-config={front.config}"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert f'frontend "main" cannot listen at 127.0.0.1:{front.port}' in done.stderr, done.stderr
