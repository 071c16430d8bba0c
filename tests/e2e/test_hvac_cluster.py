"""hvac's session again: every request sent to a standby, or spread over three nodes by the front proxy."""

import pytest

from cluster_through import Through
from test_hvac import (  # noqa: F401
    client,
    test_audit,
    test_key_values,
    test_leases,
    test_logins,
    test_mounts,
    test_policies_tokens_and_capabilities,
    test_rekey_rotate_and_generate_root,
    test_wrapping,
)

BUILT_IN = {"sys/", "cubbyhole/", "identity/", "token/"}


@pytest.fixture(scope="module", params=["standby", "front"])
def through(request, binary, tmp_path_factory):
    with Through(binary, tmp_path_factory.mktemp(request.param), request.param) as cluster:
        yield cluster.up()


@pytest.fixture
def server(through):
    through.wait_serving()
    yield through
    # For the next test, as if it were new.
    leader = through.wait_leader()
    for kind in ("mounts", "auth"):
        for path in set(leader.good("GET", f"/v1/sys/{kind}")["data"]) - BUILT_IN:
            leader.good("DELETE", f"/v1/sys/{kind}/{path}")
