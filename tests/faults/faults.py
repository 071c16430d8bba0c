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
    """Its disk is full to the last block."""
    node.disk.fill()
    yield
    node.disk.relieve()


ALL = [killed, restarted, paused, wiped, cut_off, deaf, mute, one_link_cut, filled]


def suffer(cluster, load, fault, node, traffic=TRAFFIC):
    """One fault on one node under load, judged. Gives a line on what was seen."""
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
