//! `sys/health`: a status that balancers understand.

use std::sync::Arc;

use coffer_core::lifecycle::{Node, Phase};
use coffer_core::{Failure, Operation, Request, Response};
use serde_json::{Value, json};

use super::{only, with_status};

pub(super) fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    only(request, &[Operation::Read])?;
    let flag = |name: &str| match text(request, name) {
        None => false,
        // The mere name is a yes.
        Some("") => true,
        Some(value) => !matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False"),
    };
    let code = |name: &str, default: u16| match text(request, name) {
        None => Ok(default),
        Some(value) => value
            .parse()
            .ok()
            .filter(|code| (200..600).contains(code))
            .ok_or_else(|| Failure::Invalid(format!("{name} is no HTTP status"))),
    };
    let phase = node.phase();
    let active = code("activecode", 200)?;
    let status = match &*phase {
        Phase::Uninitialized => code("uninitcode", 501)?,
        Phase::Joining(_) | Phase::Sealed => code("sealedcode", 503)?,
        Phase::Removed => code("removedcode", 530)?,
        Phase::Standby(_) if flag("standbyok") || flag("perfstandbyok") => active,
        Phase::Standby(_) => code("standbycode", 429)?,
        Phase::Active(_) => active,
    };
    for unused in ["drsecondarycode", "performancestandbycode", "haunhealthycode"] {
        code(unused, 0)?;
    }
    let settings = node.settings();
    let (initialized, sealed) = (!matches!(&*phase, Phase::Uninitialized), !phase.holds_keys());
    let replication = if sealed { "unknown" } else { "disabled" };
    let mut body = json!({
        "initialized": initialized,
        "sealed": sealed,
        "standby": !matches!(&*phase, Phase::Active(_)),
        "performance_standby": false,
        "replication_performance_mode": replication,
        "replication_dr_mode": replication,
        "server_time_utc": node.clock().now().unix(),
        "version": settings.version,
    });
    if matches!(&*phase, Phase::Removed) {
        body["removed_from_cluster"] = json!(true);
    }
    if let Some(identity) = node.cluster_identity() {
        body["cluster_name"] = json!(identity.name);
        body["cluster_id"] = json!(identity.id);
    }
    Ok(with_status(status, &body))
}

fn text<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.data.map().get(name).and_then(Value::as_str)
}
