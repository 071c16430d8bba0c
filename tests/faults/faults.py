"""What can happen to a node, and how it ends: each a context in which the fault holds."""

import contextlib

TRAFFIC = 100


@contextlib.contextmanager
def killed(cluster, node):
    """kill -9; then started again and unsealed by hand."""
    node.kill9()
    yield
    node.start()
    node.unseal()


@contextlib.contextmanager
def restarted(cluster, node):
    """SIGTERM; then started again and unsealed by hand."""
    assert node.terminate() == 0, f"{node.name} ended badly\n{node.output()}"
    yield
    node.start()
    node.unseal()


@contextlib.contextmanager
def paused(cluster, node):
    """SIGSTOP; it does not know that time went by."""
    node.pause()
    yield
    node.resume()


@contextlib.contextmanager
def wiped(cluster, node):
    """kill -9 and all data lost; then it joins again under its old name."""
    node.kill9()
    node.wipe()
    yield
    node.start()
    node.unseal()
    cluster.wait_members(len(cluster.nodes))


@contextlib.contextmanager
def cut_off(cluster, node):
    """No packet to or from the other nodes; clients still reach it."""
    cluster.links.isolate(node.index)
    yield
    cluster.links.heal()


@contextlib.contextmanager
def deaf(cluster, node):
    """Nothing from the other nodes reaches it; what it sends arrives."""
    for other in cluster.nodes:
        if other is not node:
            cluster.links.cut_one_way(other.index, node.index)
    yield
    cluster.links.heal()


@contextlib.contextmanager
def mute(cluster, node):
    """Nothing that it sends reaches the other nodes; it hears them."""
    for other in cluster.nodes:
        if other is not node:
            cluster.links.cut_one_way(node.index, other.index)
    yield
    cluster.links.heal()


@contextlib.contextmanager
def one_link_cut(cluster, node):
    """It and the next node do not see each other; the third sees both."""
    after = cluster.nodes[cluster.nodes.index(node) + 1 - len(cluster.nodes)]
    cluster.links.cut(node.index, after.index)
    yield
    cluster.links.heal()


@contextlib.contextmanager
def filled(cluster, node):
    """Its disk is full, but for what the server keeps back for itself; it lives, and goes on when there is room."""
    node.disk.fill(leave=2 << 20)
    yield
    assert node.running, f"{node.name} ended\n{node.output()}"
    node.disk.relieve()


@contextlib.contextmanager
def filled_to_the_brim(cluster, node):
    """Somebody else takes the last block at once; what the server kept back for itself is enough to live."""
    node.disk.fill()
    yield
    assert node.running, f"{node.name} ended\n{node.output()}"
    node.disk.relieve()


ALL = [killed, restarted, paused, wiped, cut_off, deaf, mute, one_link_cut, filled, filled_to_the_brim]


def mend(cluster):
    """Every node as it should be, whatever the fault before it left."""
    cluster.links.heal()
    for node in cluster.nodes:
        node.resume()
        if node.disk:
            node.disk.relieve()
        if not node.running:
            node.start()
    cluster.unseal()
    cluster.wait_serving(cluster.nodes, timeout=60)


def suffer(cluster, load, fault, choose, traffic=TRAFFIC):
    """One fault on one node under load, judged. Gives a line on what was seen."""
    mend(cluster)
    node = choose(cluster)
    leads = cluster.leader() is node
    phase = load.phase(f"{fault.__name__}-{node.name}")
    load.wait_traffic(traffic)
    with fault(cluster, node):
        # What counts is done through the others, which must go on.
        others = [other for other in cluster.nodes if other is not node]
        load.wait_traffic(traffic, nodes=others, timeout=60)
    cluster.wait_serving(cluster.nodes, timeout=60)
    load.wait_traffic(traffic, nodes=cluster.nodes, timeout=60)
    return f"{phase} ({'leader' if leads else 'follower'}): {load.judge(phase)}"
