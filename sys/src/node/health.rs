//! `sys/health`: a status that balancers understand.

use std::sync::Arc;

use coffer_core::lifecycle::{Node, Phase};
use coffer_core::{Failure, Operation, Request, Response};
use serde_json::{Value, json};

use super::{only, with_status};

pub(super) fn answer(node: &Arc<Node>, request: &Request) -> Result<Response, Failure> {
    only(request, &[Operation::Read])?;
    let flag = |name: &str| match text(request, name) {
        None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        // The mere name is a yes.
        Some("" | "1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some(_) => Err(Failure::Invalid(format!("{name} must be true or false"))),
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
    let standby = code("standbycode", 429)?;
    let is_alone = node.cluster().status().leads_nobody;
    let (uninitialized, sealed, removed) =
        (code("uninitcode", 501)?, code("sealedcode", 503)?, code("removedcode", 530)?);
    let is_standby_well = flag("standbyok")? || flag("perfstandbyok")?;
    let status = match &*phase {
        Phase::Uninitialized => uninitialized,
        Phase::Joining(_) | Phase::Sealed => sealed,
        Phase::Removed => removed,
        Phase::Standby(_) if is_standby_well => active,
        Phase::Standby(_) => standby,
        // Others may have elected another leader, or can't.
        Phase::Active(_) if is_alone => standby,
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
        "standby": is_alone || !matches!(&*phase, Phase::Active(_)),
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
