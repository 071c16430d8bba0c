"""Ceremonies that need shares, begun before the leader dies and gone on with after it: the answer says what became of them."""

import pytest

from cluster import Cluster

# Where it begins, where shares are given, the status of a refusal; for all a nonce is needed, for the latter two a token.
CEREMONIES = [
    ("rekey/init", "rekey/update", {"secret_shares": 3, "secret_threshold": 2}, 400),
    ("rotate/root/init", "rotate/root/update", {"secret_shares": 3, "secret_threshold": 2}, 400),
    ("generate-root/attempt", "generate-root/update", {}, 400),
    ("generate-root-token/attempt", "generate-root-token/update", {}, 500),
]


@pytest.fixture(scope="module")
def cluster(binary, tmp_path_factory):
    with Cluster(binary, tmp_path_factory.mktemp("ceremonies"), tls=False, shares=3, threshold=2) as cluster:
        yield cluster.up()


def give(node, path, key, nonce):
    return node.request("POST", f"/v1/sys/{path}", {"key": key, "nonce": nonce})


@pytest.mark.parametrize("begin, update, body, refused", CEREMONIES)
def test_a_share_given_to_the_next_leader(cluster, begin, update, body, refused):
    cluster.wait_serving()
    first = cluster.wait_leader()
    # By way of a standby, as all that follows.
    begun = cluster.followers()[0].good("POST", f"/v1/sys/{begin}", body)
    nonce = begun.get("data", begun)["nonce"]
    assert give(first, update, cluster.keys[0], nonce).status == 200
    first.good("PUT", "/v1/sys/step-down")
    cluster.wait_for(lambda: cluster.leader() not in (None, first), "another leads")
    lost = give(first, update, cluster.keys[1], nonce)
    assert lost.status == refused, lost.body
    [error] = lost.errors
    assert f"what was begun on {first.name} under the nonce {nonce} was lost" in error and "begin again" in error
    # Begun anew and given up, there is nothing to tell.
    second = cluster.wait_leader()
    second.good("POST", f"/v1/sys/{begin}", body)
    assert second.request("DELETE", f"/v1/sys/{begin}").status == 204
    assert "lost" not in give(second, update, cluster.keys[1], nonce).errors[0]


def test_the_verification_of_new_shares_is_told_of_too(cluster):
    cluster.wait_serving()
    first = cluster.wait_leader()
    wanted = {"secret_shares": 3, "secret_threshold": 2, "require_verification": True}
    nonce = first.good("POST", "/v1/sys/rekey/init", wanted)["nonce"]
    for key in cluster.keys[:2]:
        step = give(first, "rekey/update", key, nonce)
    made = step.json
    assert made["complete"] and made["verification_required"]
    first.good("PUT", "/v1/sys/step-down")
    cluster.wait_for(lambda: cluster.leader() not in (None, first), "another leads")
    lost = give(cluster.wait_leader(), "rekey/verify", made["keys"][0], made["verification_nonce"])
    assert lost.status == 400 and "has changed nothing; begin again" in lost.errors[0], lost.body
