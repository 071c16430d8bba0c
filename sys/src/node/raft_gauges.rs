//! Gauges of the cluster. A label is a member's name, of which there are a handful; a member that has left takes its
//! series with it.

use std::time::SystemTime;

use coffer_core::lifecycle::Node;
use coffer_model::{NodeRole, ServerStatus};
use coffer_telemetry::Gauge;

/// More members than a cluster has; what is beyond is not shown one by one.
const MOST_MEMBERS: usize = 64;

/// How the members are. The leader sees all of them, another node what it hears itself.
pub(super) fn of_members(node: &Node) -> Vec<Gauge> {
    let cluster = node.cluster();
    let (state, role) = (cluster.autopilot_state(), cluster.status().role);
    if state.servers.is_empty() {
        return Vec::new();
    }
    let of = |yes: bool| f64::from(u8::from(yes));
    let voters = state.servers.iter().filter(|server| server.status != ServerStatus::NonVoter).count();
    let mut gauges = vec![
        Gauge::new("coffer.raft.voters", "Members that vote.", voters as f64),
        Gauge::new(
            "coffer.raft.voters_even",
            "1 where the number of voters is even: one less would survive as many failures.",
            of(voters.is_multiple_of(2)),
        ),
    ];
    if role == NodeRole::Leader {
        gauges.push(Gauge::new("vault.autopilot.healthy", "1 where all members are healthy.", of(state.healthy)));
        gauges.push(Gauge::new(
            "vault.autopilot.failure_tolerance",
            "Voters that can still fail before the cluster does.",
            state.failure_tolerance as f64,
        ));
        gauges.push(Gauge::new(
            "coffer.raft.quorum_margin",
            "Healthy voters besides those that a majority needs.",
            state.quorum_margin as f64,
        ));
    }
    let now = SystemTime::now();
    for server in state.servers.iter().take(MOST_MEMBERS) {
        let of_member = |gauge: Gauge| gauge.with("node_id", server.node_id.clone());
        if role == NodeRole::Leader {
            gauges.push(of_member(Gauge::new(
                "vault.autopilot.node.healthy",
                "1 where the member is healthy.",
                of(server.healthy),
            )));
        }
        if let Some(contact) = server.last_contact {
            let help = "Seconds since the member was last heard from.";
            gauges.push(of_member(Gauge::new("coffer.raft.last_contact_seconds", help, contact.as_secs_f64())));
        }
        gauges.push(of_member(Gauge::new(
            "coffer.raft.unfit",
            "1 where the member should not lead: its disk is nearly full, or its audit devices fail.",
            of(server.unfit.is_some()),
        )));
        if let Some((free, size)) = server.disk {
            let help = "Free bytes where the member's data lies.";
            gauges.push(of_member(Gauge::new("coffer.raft.disk_free_bytes", help, free as f64)));
            let help = "Size of the file system where the member's data lies.";
            gauges.push(of_member(Gauge::new("coffer.raft.disk_size_bytes", help, size as f64)));
        }
        if let Some(expires) = server.certificate_expires {
            let left = seconds_until(expires, now);
            let help = "Seconds until the member's cluster certificate ends; below zero it has.";
            gauges.push(of_member(Gauge::new("coffer.raft.certificate_expires_seconds", help, left)));
        }
    }
    gauges.push(Gauge::new(
        "coffer.raft.connection_faults",
        "Members and strangers with whom no connection could be made.",
        cluster.faults().len() as f64,
    ));
    gauges
}

/// Below zero once it is past.
pub(super) fn seconds_until(moment: SystemTime, now: SystemTime) -> f64 {
    match moment.duration_since(now) {
        Ok(left) => left.as_secs_f64(),
        Err(past) => -past.duration().as_secs_f64(),
    }
}
