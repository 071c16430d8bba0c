//! Members that come, go, die and are replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use coffer_model::{Autopilot, AutopilotConfig, ClusterControl, Membership, MembershipError, NodeRole, Store};
use openraft::entry::RaftPayload;

use super::three::{Recipe, holds, join, leader, new_member, put, three, until, voters};
use crate::{Cluster, ClusterTls};

fn recipe(folder: &Path, name: &str) -> Recipe {
    Recipe::new(folder, name, ClusterTls::Internal)
}

fn recipes(folder: &Path) -> [Recipe; 3] {
    ["a", "b", "c"].map(|name| recipe(folder, name))
}

fn names(cluster: &Cluster, votes: bool) -> BTreeSet<String> {
    let members = cluster.status().members;
    members.into_iter().filter(|member| member.voter == votes).map(|member| member.node_id).collect()
}

fn set<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

async fn kill(node: Arc<Cluster>) {
    node.shutdown().await;
    drop(node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_member_learns_it_and_is_not_let_in_again() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = recipes(folder.path());
    let [a, b, c] = three(&recipes).await;
    a.remove("c").await.unwrap();
    assert_eq!(names(&a, true), set(["a", "b"]));
    until("c knows", || c.status().role == NodeRole::Removed).await;
    let refused = a.admit(new_member(&c)).await.unwrap_err();
    assert!(refused.to_string().contains("set them aside"), "{refused}");
    assert!(matches!(a.remove("c").await, Err(MembershipError::Unknown(_))));

    // With its data set aside it is another incarnation, and welcome.
    c.leave().await.unwrap();
    drop(c);
    let c = recipes[2].open().await;
    assert_eq!(c.status().role, NodeRole::Unformed);
    a.commit(put("k", b"v")).await.unwrap();
    join(&a, &c).await;
    until("three voters", || voters(&b) == 3 && holds(&c, "k", b"v")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_away_when_it_was_removed_learns_it_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = recipes(folder.path());
    let [a, _b, c] = three(&recipes).await;
    kill(c).await;
    a.remove("c").await.unwrap();
    let c = recipes[2].open().await;
    until("c knows", || c.status().role == NodeRole::Removed).await;
    assert_eq!(a.status().role, NodeRole::Leader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leader_can_be_removed_and_another_leads() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = three(&recipes(folder.path())).await;
    a.remove("a").await.unwrap();
    until("another leads", || leader(&[&b, &c]).is_some()).await;
    until("a knows", || a.status().role == NodeRole::Removed).await;
    let rest = [&b, &c];
    let lead = rest[leader(&rest).unwrap()];
    lead.commit(put("k", b"v")).await.unwrap();
    assert_eq!(names(lead, true), set(["b", "c"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_could_not_be_committed_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = three(&recipes(folder.path())).await;
    kill(c).await;
    tokio::time::sleep(crate::pulse::FRESH).await;
    let begun = std::time::Instant::now();
    let Err(MembershipError::NoQuorum(why)) = a.remove("b").await else { panic!("b must stay") };
    assert!(begun.elapsed().as_millis() < 500, "{why}");
    assert!(why.contains("only a answer") && why.contains("remove c first") && why.contains("peers.json"), "{why}");
    assert_eq!(names(&a, true), set(["a", "b", "c"]));
    a.remove("c").await.unwrap();
    a.remove("b").await.unwrap();
    assert!(matches!(a.remove("a").await, Err(MembershipError::NoQuorum(_))));
    until("b knows", || b.status().role == NodeRole::Removed).await;
    a.commit(put("k", b"v")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_member_takes_its_own_place_in_one_change() {
    let folder = tempfile::tempdir().unwrap();
    let recipes = recipes(folder.path());
    let [a, b, c] = three(&recipes).await;
    let old = c.own_card().raft_id;
    a.commit(put("k", b"v")).await.unwrap();
    kill(c).await;
    std::fs::remove_dir_all(folder.path().join("c")).unwrap();
    let c = recipes[2].open().await;
    join(&a, &c).await;
    let new = c.own_card().raft_id;
    assert_ne!(old, new);
    // Admitted again, as a joiner does that has missed the answer.
    a.admit(new_member(&c)).await.unwrap();
    let expected = BTreeSet::from([a.own_card().raft_id, b.own_card().raft_id, new]);
    let ids = || a.status().members.into_iter().filter(|member| member.voter).map(|member| member.raft_id);
    until("the new one votes, and not the old", || ids().collect::<BTreeSet<_>>() == expected).await;
    until("caught up", || holds(&c, "k", b"v") && voters(&b) == 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_alive_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [a, _b, _c] = three(&recipes(folder.path())).await;
    let other = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        let twin = recipe(other.path(), name).open().await;
        twin.adopt(a.cluster_card().unwrap()).await.unwrap();
        let refused = a.admit(new_member(&twin)).await.unwrap_err();
        assert!(matches!(&refused, MembershipError::Alive { node_id, .. } if node_id == name), "{refused}");
    }
    assert_eq!(a.status().members.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn votes_are_taken_and_given() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, _c] = three(&recipes(folder.path())).await;
    let d = recipe(folder.path(), "d").open().await;
    d.adopt(a.cluster_card().unwrap()).await.unwrap();
    a.admit(coffer_model::NewMember { non_voter: true, ..new_member(&d) }).await.unwrap();
    a.demote("c").await.unwrap();
    assert_eq!((names(&a, true), names(&a, false)), (set(["a", "b"]), set(["c", "d"])));
    assert_eq!(a.demote("c").await.unwrap_err().to_string(), "server is already a non-voter");
    assert_eq!(a.promote("b").await.unwrap_err().to_string(), "server is not a non-voter");
    assert!(matches!(a.promote("nobody").await, Err(MembershipError::Unknown(_))));
    until("d is heard", || a.autopilot_state().servers.iter().all(|server| server.healthy)).await;
    a.promote("d").await.unwrap();
    until("d votes", || names(&b, true) == set(["a", "b", "d"])).await;
    assert_eq!(names(&a, false), set(["c"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_was_cut_short_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = three(&recipes(folder.path())).await;
    let raft = a.shared.raft.load_full();
    let (list, gone) = (a.shared.member_list(), c.own_card().raft_id);
    let all = list.voters();
    let rest: BTreeSet<u64> = all.iter().copied().filter(|id| *id != gone).collect();
    let joint = openraft::Membership::new(vec![all, rest], list.nodes.clone()).unwrap();
    {
        // Nobody looks while it is made.
        let _turn = a.shared.upkeep.turn.lock().await;
        raft.append_membership(joint, openraft::entry::EntryPayload::blank(), []).await.unwrap();
        assert!(a.shared.member_list().is_joint());
    }
    until("ended", || !b.shared.member_list().is_joint()).await;
    // It is healthy, and so gets its vote back.
    until("three voters", || voters(&a) == 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn autopilots_configuration_and_state_are_the_clusters() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b, c] = three(&recipes(folder.path())).await;
    let config = AutopilotConfig { min_quorum: 3, max_trailing_logs: 77, ..AutopilotConfig::default() };
    assert!(matches!(b.set_autopilot_config(config.clone()).await, Err(MembershipError::NotLeader)));
    a.set_autopilot_config(config.clone()).await.unwrap();
    until("followed", || b.autopilot_config() == config).await;
    until("healthy", || a.autopilot_state().healthy).await;
    assert_eq!(a.autopilot_state().failure_tolerance, 1);
    kill(c).await;
    let sick = AutopilotConfig { last_contact_threshold: std::time::Duration::from_millis(1500), ..config };
    a.set_autopilot_config(sick).await.unwrap();
    until("noticed", || !a.autopilot_state().healthy).await;
    let state = a.autopilot_state();
    assert_eq!((state.failure_tolerance, state.quorum_margin), (0, 0));
    let by_name: BTreeMap<_, _> =
        state.servers.iter().map(|server| (server.node_id.as_str(), server.healthy)).collect();
    assert_eq!(by_name, BTreeMap::from([("a", true), ("b", true), ("c", false)]));
}
