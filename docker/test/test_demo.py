"""docker/demo, unattended, and nothing of it is left."""

import os
import re
import subprocess

import pytest

from conftest import COMPOSES, DOCKER

FAULTS = ("the leader stops", "the leader is killed", "a follower is killed", "the leader's network is cut")


def left(kind):
    names = subprocess.run(["docker", kind, "ls", *(["-a"] if kind == "container" else []), "--format", "{{json .}}"],
                           capture_output=True, text=True).stdout
    return re.findall(r'"Names?":"(coffer|coffer-demo[-_][^"]*|coffer-(?:vault|front|probe|haproxy)[^"]*)"', names)


@pytest.mark.parametrize("compose", COMPOSES)
def test_demo(compose, image):
    environment = {**os.environ, "COMPOSE": compose, "COFFER_IMAGE": image, "COFFER_PORT": "18200", "COFFER_STATUS_PORT": "18404"}
    done = subprocess.run([DOCKER / "demo"], env=environment, capture_output=True, text=True, timeout=900)
    print(done.stdout.split("=== What the clients met", 1)[-1])
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    for fault in FAULTS:
        # Through both balancers: the longest time, the usual one, failed of all.
        assert re.search(rf"^{fault}( +\d+\.\d\d s \( *\d+\.\d\d\), +\d+ of +\d+){{2}}$", done.stdout, re.M), fault
    assert [left(kind) for kind in ("container", "volume", "network")] == [[], [], []]


def test_a_demo_that_fails_says_so_and_leaves_nothing(image):
    """Compose refuses: there is no such port."""
    environment = {**os.environ, "COMPOSE": COMPOSES[0], "COFFER_IMAGE": image, "COFFER_PORT": "18200", "COFFER_STATUS_PORT": "1820000"}
    done = subprocess.run([DOCKER / "demo", "-without-haproxy"], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode != 0
    assert [left(kind) for kind in ("container", "volume", "network")] == [[], [], []]
