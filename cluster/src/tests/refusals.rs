//! Who is refused, and what both sides say then.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use coffer_model::{ClusterControl, Membership, MembershipError, PeerError, Peers, Store, Topic};
use coffer_tls::{Identity, LeafRequest, PemSource, ReloadableIdentity, Usage};

use super::three::{Certificates, Recipe, holds, join, new_member, put, three, until};
use crate::{Cluster, ClusterTls};

const BOTH: Usage = Usage { server_auth: true, client_auth: true };

fn leaf(certificates: &Certificates, name: &str, usage: Usage, lifetime: Duration) -> Arc<ReloadableIdentity> {
    let request = LeafRequest { common_name: "odd one".into(), names: vec![name.into()], lifetime };
    let issued = certificates.0.issue_for(&request, usage).unwrap();
    let text = PemSource::Inline("test");
    let identity = Identity::from_pem(issued.certificate.as_bytes(), text.clone(), issued.key.as_bytes(), text);
    ReloadableIdentity::fixed(identity.unwrap())
}

fn reasons(node: &Cluster) -> String {
    node.faults()
        .into_iter()
        .map(|fault| format!("{} at {}: {}\n", fault.node_id, fault.address, fault.reason))
        .collect()
}

/// A joiner with this TLS is not let in, and both nodes say all of `words`.
async fn is_not_let_in(tls: impl FnOnce(&Certificates) -> ClusterTls, words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let leader = Recipe::new(folder.path(), "a", certificates.tls()).open().await;
    let joiner = Recipe::new(folder.path(), "b", tls(&certificates)).open().await;
    leader.form().await.unwrap();
    let Err(MembershipError::Unfit(refused)) = leader.admit(new_member(&joiner)).await else { panic!("let in") };
    until("the joiner hears why", || words.iter().all(|word| reasons(&joiner).contains(word))).await;
    for word in words {
        assert!(refused.contains(word), "{word} is not in: {refused}");
        assert!(reasons(&leader).contains(word), "{word} is not in: {}", reasons(&leader));
    }
    assert!(reasons(&leader).starts_with("b at 127.0.0.1:"), "{}", reasons(&leader));
    assert!(leader.status().members.len() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_without_client_auth() {
    let usage = Usage { server_auth: true, client_auth: false };
    let tls = |c: &Certificates| ClusterTls::Certificates {
        identity: leaf(c, "127.0.0.1", usage, Duration::from_secs(600)),
        roots: c.roots(),
    };
    let words = [
        "CN=odd one",
        "extendedKeyUsage lacks clientAuth",
        "wanted: serverAuth and clientAuth",
        "cluster_tls_cert_file",
    ];
    is_not_let_in(tls, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_of_another_ca() {
    let strange = Certificates::new();
    let tls = |c: &Certificates| ClusterTls::Certificates { identity: strange.leaf(&["127.0.0.1"]), roots: c.roots() };
    let words = ["not trusted", "wanted: one of CN=test CA", "offered: CN=test CA (another key", "cluster_ca_file"];
    is_not_let_in(tls, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_that_trusts_another_ca() {
    let strange = Certificates::new();
    let tls = |c: &Certificates| ClusterTls::Certificates { identity: c.leaf(&["127.0.0.1"]), roots: strange.roots() };
    is_not_let_in(tls, &["CN=member", "not trusted", "cluster_ca_file on node \"b\""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_with_another_name() {
    let tls =
        |c: &Certificates| ClusterTls::Certificates { identity: c.leaf(&["vault9.example.com"]), roots: c.roots() };
    let words = ["wanted in its subjectAltName: 127.0.0.1", "offered: vault9.example.com", "cluster_addr"];
    is_not_let_in(tls, &words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_whose_certificate_has_expired() {
    let tls = |c: &Certificates| ClusterTls::Certificates {
        identity: leaf(c, "127.0.0.1", BOTH, Duration::ZERO),
        roots: c.roots(),
    };
    is_not_let_in(tls, &["CN=odd one expired", "renew the certificate of node \"b\""]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_that_has_a_certificate_of_its_own_making() {
    is_not_let_in(|_| ClusterTls::Internal, &["not trusted", "cluster_tls"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_joiner_that_belongs_to_another_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let leader = Recipe::new(folder.path(), "a", certificates.tls()).open().await;
    let other = Recipe::new(folder.path(), "b", certificates.tls()).open().await;
    leader.form().await.unwrap();
    other.form().await.unwrap();
    let refused = leader.admit(new_member(&other)).await.unwrap_err().to_string();
    assert!(refused.contains("belongs to another cluster"), "{refused}");
    until("both say so", || [&leader, &other].iter().all(|node| reasons(node).contains("another cluster"))).await;
    assert!(other.adopt(leader.cluster_card().unwrap()).await.is_err());
}

fn recipes(folder: &Path, certificates: &Certificates) -> [Recipe; 3] {
    ["a", "b", "c"].map(|name| Recipe::new(folder, name, certificates.tls()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_with_another_identity_key() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let recipes = recipes(folder.path(), &certificates);
    let [a, b, c] = three(&recipes).await;
    c.shutdown().await;
    drop(c);
    let key = folder.path().join("c/node-key.pem");
    std::fs::remove_file(&key).unwrap();
    let missing = Cluster::open(recipes[2].options.clone()).await.err().unwrap().to_string();
    assert!(missing.contains("node-key.pem is missing"), "{missing}");
    Recipe::new(folder.path(), "other", certificates.tls()).open().await.shutdown().await;
    std::fs::copy(folder.path().join("other/node-key.pem"), &key).unwrap();
    let c = recipes[2].open().await;
    let words = ["does not hold the identity key that the member list pins", "wanted: ", "offered: "];
    for node in [&a, &c] {
        until("told", || words.iter().all(|word| reasons(node).contains(word))).await;
    }
    // The others go on.
    a.commit(put("k", b"v")).await.unwrap();
    until("replicated", || holds(&b, "k", b"v")).await;
    let refused = a.ask("c", Topic(0x4000), "".into(), Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(&refused, PeerError::Unreachable { node_id, .. } if node_id == "c"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_members_expired_certificate_is_no_outage() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let mut recipes = recipes(folder.path(), &certificates);
    let [a, b, c] = three(&recipes).await;
    c.shutdown().await;
    drop(c);
    let expired = leaf(&certificates, "127.0.0.1", BOTH, Duration::ZERO);
    recipes[2].options.transport.as_mut().unwrap().tls =
        ClusterTls::Certificates { identity: expired, roots: certificates.roots() };
    let c = recipes[2].open().await;
    a.commit(put("k", b"v")).await.unwrap();
    until("replicated", || holds(&b, "k", b"v") && holds(&c, "k", b"v")).await;
    // It says so itself, and the others know when it ended.
    assert!(reasons(&c).contains("expired"), "{}", reasons(&c));
    let ends = || a.peers().into_iter().find(|peer| peer.node_id == "c").and_then(|peer| peer.certificate_expires);
    until("known to the others", || ends().is_some_and(|ends| ends < std::time::SystemTime::now())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_no_member_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::new();
    let leader = Recipe::new(folder.path(), "a", certificates.tls()).open().await;
    leader.form().await.unwrap();
    let stranger = Recipe::new(folder.path(), "b", certificates.tls()).open().await;
    stranger.adopt(leader.cluster_card().unwrap()).await.unwrap();
    let refused = stranger.ask("a", Topic(0x4000), "".into(), Duration::from_secs(2)).await.unwrap_err().to_string();
    assert!(refused.contains("\"b\"") && refused.contains("is no member of the cluster"), "{refused}");
    until("noted there too", || reasons(&leader).contains("is no member")).await;
    join(&leader, &stranger).await;
    // Nothing of it is left once it is one.
    until("heard", || reasons(&leader).is_empty() && reasons(&stranger).is_empty()).await;
}
