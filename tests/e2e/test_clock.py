"""A leader whose clock is set hours off, and its end: time goes on as before. Needs libfaketime, which PyPI's package
of that name builds."""

import glob
import os
import pathlib
import time

import libfaketime
import pytest

from cluster import Cluster


def library():
    """Debian's, or the one of the Python package. Without either the test fails."""
    built = pathlib.Path(libfaketime.__file__).parent / "vendor" / "libfaketime" / "src"
    found = [*glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1"), *map(str, built.glob("libfaketimeMT.so.1")),
             *map(str, built.glob("libfaketime.so.1"))]
    return os.environ.get("FAKETIME_LIBRARY") or found[0]


LIBRARY = library()
SOON = 40


@pytest.mark.parametrize("hours", [3, -3])
def test_a_leader_with_a_wrong_clock(binary, tmp_path, hours):
    with Cluster(binary, tmp_path, extra='follower_unseal = "off"') as cluster:
        for node in cluster.nodes:
            offset = node.folder / "offset"
            offset.write_text("+0")
            # The calendar alone: the steady clocks of a machine do not jump when somebody sets its time.
            node.variables = {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(offset), "FAKETIME_NO_CACHE": "1",
                              "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        cluster.up()
        leader = cluster.wait_leader()
        make = lambda ttl: leader.good("POST", "/v1/auth/token/create", {"ttl": ttl, "policies": ["default"]})
        lasting, short = (make(ttl)["auth"]["client_token"] for ttl in ("2h", "3s"))
        (leader.folder / "offset").write_text(f"{hours * 3600:+d}")
        told = leader.request("GET", "/v1/sys/health", token=None).json["server_time_utc"]
        assert abs(told - time.time() - hours * 3600) < 60, "the library has no hold on this build"
        cluster.wait_for(lambda: alive(leader, short) is False, "the short one has ended", SOON)
        assert alive(leader, lasting), "the leader's clock is not followed"
        made = leader.good("POST", "/v1/auth/token/create", {"ttl": "1h", "policies": ["default"]})
        during = made["auth"]["client_token"]
        leader.kill9()
        after = cluster.wait_leader([node for node in cluster.nodes if node is not leader], SOON)
        assert alive(after, lasting) and alive(after, during) and not alive(after, short)
        left = after.good("GET", "/v1/auth/token/lookup-self", token=during)["data"]["ttl"]
        assert 3500 < left <= 3600
        # It comes back with its wrong clock, leads, and still goes by the cluster's time.
        leader.start()
        leader.unseal()
        other = next(node for node in cluster.nodes if node not in (leader, after))
        other.kill9()
        after.kill9()
        other.start()
        leader_again = cluster.wait_leader([leader], SOON)
        assert alive(leader_again, lasting) and not alive(leader_again, short)


def alive(node, token):
    status = node.request("GET", "/v1/auth/token/lookup-self", token=token).status
    assert status in (200, 403), status
    return status == 200
