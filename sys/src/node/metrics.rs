//! `sys/metrics`: answered by every node for itself, in every phase, and never audited.
//!
//! A node's own state is told to anybody who can reach it, as its health is. What was counted is told to those whose token
//! may read the path, and to anybody where the listener says so.

use std::sync::Arc;

use coffer_core::active::Active;
use coffer_core::lifecycle::{Node, Phase};
use coffer_core::snapshot::{AutoSnapshot, AutoStatus};
use coffer_core::{Body, Failure, MetricsAccess, Operation, Raw, Request, Response};
use coffer_model::{AutopilotState, ClusterStatus, NodeRole, ServerStatus};
use coffer_telemetry::{Gauge, json, process_gauges, prometheus_text};
use serde_json::Value;

use super::{only, raft_gauges};

/// Content type of Prometheus' text form.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    only(request, &[Operation::Read])?;
    let mut gauges = own_state(node);
    let all = may_read_all(node, request).await;
    if all {
        gauges.extend(raft_gauges::of_members(node));
        gauges.extend(inner_state(node));
        gauges.extend(process_gauges(node.started()));
    }
    let telemetry = all.then_some(node.local().telemetry.as_ref());
    let format = request.data.map().get("format").and_then(Value::as_str).unwrap_or_default();
    let accepted = request.headers.iter().find(|(name, _)| name == "accept").map(|(_, value)| value.as_str());
    let raw = match format {
        "prometheus" => text(TEXT, prometheus_text(&gauges, telemetry)),
        // As Prometheus itself asks.
        "" if accepted.is_some_and(|accepted| accepted.contains("application/openmetrics-text")) => {
            text(TEXT, prometheus_text(&gauges, telemetry))
        }
        "" => text("application/json", json(&gauges, telemetry).to_string()),
        unknown => Raw {
            status: 400,
            content_type: "text/plain",
            bytes: format!("metric response format {unknown:?} unknown").into_bytes(),
        },
    };
    Ok(Response { body: Body::Raw(raw), ..Response::default() })
}

fn text(content_type: &'static str, text: String) -> Raw {
    Raw { status: 200, content_type, bytes: text.into_bytes() }
}

async fn may_read_all(node: &Arc<Node>, request: &Request) -> bool {
    match request.metrics_access {
        MetricsAccess::Open => true,
        MetricsAccess::ByPolicy if request.token.is_none() => false,
        MetricsAccess::ByPolicy => match node.active() {
            Some(active) => coffer_core::pipeline::may_read_unaudited(&active, request).await,
            // Tokens can't be looked up here.
            None => false,
        },
    }
}

/// What operators watch a node by. The labels do not change with its state, so that each is one series for ever.
fn own_state(node: &Arc<Node>) -> Vec<Gauge> {
    let phase = node.phase();
    let status = node.cluster().status();
    let of = |yes: bool| f64::from(u8::from(yes));
    let led = knows_leader(node, &status);
    let mut gauges = vec![
        Gauge::new("vault.core.unsealed", "1 where the keys are held.", of(phase.holds_keys())),
        Gauge::new("vault.core.active", "1 on the node that serves.", of(led && matches!(&*phase, Phase::Active(_)))),
        Gauge::new("vault.raft.peers", "Members of the committed configuration.", status.members.len() as f64),
        Gauge::new("vault.raft.leader", "1 where a live leader is known.", of(led)),
        Gauge::new("vault.raft.term", "Raft's term.", status.term as f64),
        Gauge::new("coffer.build_info", "1; the labels say what was built.", 1.0)
            .with("version", node.settings().version.clone())
            .with("build_date", node.settings().build_date.clone()),
    ];
    if let Some(skew) = node.cluster_time().skew_seconds() {
        let help = "How far this machine's clock is ahead of the cluster's time.";
        gauges.push(Gauge::new("coffer.clock_skew_seconds", help, skew));
    }
    if let Some(ends) = node.local().listener_certificates_end() {
        let help = "Seconds until the first of the listeners' certificates ends; below zero it has.";
        let left = raft_gauges::seconds_until(ends, std::time::SystemTime::now());
        gauges.push(Gauge::new("coffer.listener_certificate_expires_seconds", help, left));
    }
    let now = phase_name(&phase);
    for name in ["uninitialized", "joining", "sealed", "standby", "active", "removed"] {
        gauges.push(
            Gauge::new("coffer.node_state", "1 for the state the node is in.", of(name == now)).with("state", name),
        );
    }
    gauges
}

/// Raft lets a leader keep its part though it hears from no majority, and followers a leader that is dead until they can
/// elect another.
fn knows_leader(node: &Node, status: &ClusterStatus) -> bool {
    let Some(leader) = status.leader() else { return false };
    let state = node.cluster().autopilot_state();
    match status.role {
        NodeRole::Leader => hears_majority(&state),
        _ => state.servers.iter().any(|server| server.node_id == leader.node_id && server.alive),
    }
}

fn hears_majority(state: &AutopilotState) -> bool {
    let voters = || state.servers.iter().filter(|server| server.status != ServerStatus::NonVoter);
    voters().filter(|server| server.alive).count() > voters().count() / 2
}

fn phase_name(phase: &Phase) -> &'static str {
    match phase {
        Phase::Uninitialized => "uninitialized",
        Phase::Joining(_) => "joining",
        Phase::Sealed => "sealed",
        Phase::Standby(_) => "standby",
        Phase::Active(_) => "active",
        Phase::Removed => "removed",
    }
}

/// Whether backups are made: what an alarm should rest on.
fn automated_snapshots(active: &Active) -> Result<Vec<Gauge>, Failure> {
    let (mut failing, mut oldest) = (0, None);
    let now = active.now();
    for name in AutoSnapshot::names(&active.transaction())? {
        let status = AutoStatus::read(&mut active.transaction(), &name)?;
        failing += usize::from(status.consecutive_errors > 0);
        if !status.last_success.is_zero() {
            let age = now.since(status.last_success).as_secs_f64();
            oldest = Some(oldest.map_or(age, |oldest: f64| oldest.max(age)));
        }
    }
    let mut gauges = vec![Gauge::new(
        "coffer.snapshot_auto.failing",
        "Automated snapshots whose last attempt failed.",
        failing as f64,
    )];
    gauges.extend(oldest.map(|age| {
        let help = "Seconds since the last good automated snapshot; the longest of all configurations.";
        Gauge::new("coffer.snapshot_auto.success_age_seconds", help, age)
    }));
    Ok(gauges)
}

/// What only those with leave learn: how far the log is, how much is mounted.
fn inner_state(node: &Arc<Node>) -> Vec<Gauge> {
    let status = node.cluster().status();
    let mut gauges = vec![
        Gauge::new(
            "vault.raft.is_leader",
            "1 on the node that leads.",
            f64::from(u8::from(status.role == NodeRole::Leader)),
        ),
        Gauge::new(
            "vault.raft_storage.stats.commit_index",
            "Last entry known to be committed.",
            status.committed_index as f64,
        ),
        Gauge::new("vault.raft_storage.stats.applied_index", "Last entry applied here.", status.applied_index as f64),
        Gauge::new("vault.core.in_flight_requests", "Requests being answered.", node.local().in_flight.count() as f64),
    ];
    let Some(active) = node.active() else { return gauges };
    gauges.extend(automated_snapshots(&active).unwrap_or_default());
    gauges.push(Gauge::new(
        "vault.audit.devices",
        "Enabled audit devices.",
        active.audit.broker().devices().len() as f64,
    ));
    let routing = active.mounts.routing();
    for (label, kind) in
        [("auth", coffer_core::mount::MountKind::Auth), ("logical", coffer_core::mount::MountKind::Secrets)]
    {
        let mounted = routing.iter().filter(|mounted| mounted.mount.kind == kind).count();
        gauges.push(
            Gauge::new("vault.core.mount_table.num_entries", "Mounts of a table.", mounted as f64).with("type", label),
        );
    }
    gauges
}
