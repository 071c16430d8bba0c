//! `sys/storage/raft/autopilot/configuration`: when a member counts as healthy, when as dead.

use coffer_core::Operation::{Read, Update};
use coffer_core::framework::{Field, Fields, Kind, Matched, Route};
use coffer_core::{Afterwards, Context, Failure, MemberChange, Response};
use coffer_model::AutopilotConfig;
use serde_json::{Value, json};

use super::duration::go;
use super::raft_status;
use crate::backend::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("cleanup_dead_servers", Kind::Bool, "Whether dead members are removed."),
    Field::new("last_contact_threshold", Kind::Duration, "After how long without contact a member is not healthy."),
    Field::new(
        "dead_server_last_contact_threshold",
        Kind::Duration,
        "After how long without contact a member is dead.",
    ),
    Field::new("max_trailing_logs", Kind::Int, "How many entries a healthy member may be behind."),
    Field::new("min_quorum", Kind::Int, "Fewest voters that the removal of dead ones leaves; at least 3."),
    Field::new(
        "server_stabilization_time",
        Kind::Duration,
        "How long a learner must be healthy before it gets a vote.",
    ),
    Field::new("disable_upgrade_migration", Kind::Bool, "Kept, and of no effect: upgrades need no migration here."),
    Field::new("dr_operation_token", Kind::Text, "Taken for Vault's clients, and of no use here."),
];

/// Dead servers are not cleaned up sooner.
const LEAST_DEAD_SECONDS: u64 = 60;
const LEAST_QUORUM: u64 = 3;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("storage/raft/autopilot/configuration", FIELDS, "When members count as healthy, and when as dead.")
            .on(Read, read)
            .on(Update, write),
    ]
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    raft_status(active)?;
    let config = active.cluster.autopilot_config();
    Ok(Response::data(json!({
        "cleanup_dead_servers": config.cleanup_dead_servers,
        "dead_server_last_contact_threshold": go(config.dead_server_last_contact_threshold),
        "disable_upgrade_migration": config.disable_upgrade_migration,
        "last_contact_threshold": go(config.last_contact_threshold),
        "max_trailing_logs": config.max_trailing_logs,
        "min_quorum": config.min_quorum,
        "server_stabilization_time": go(config.server_stabilization_time),
    })))
}

fn write(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    raft_status(active)?;
    let before = active.cluster.autopilot_config();
    let config = merged(before.clone(), &matched.fields)?;
    check(&config, &matched.fields)?;
    if config == before {
        return Ok(Response::empty());
    }
    let change = MemberChange::Autopilot(config);
    Ok(Response { afterwards: Afterwards::ChangeMembers(Box::new(change)), ..Response::empty() })
}

/// What is not sent stays.
fn merged(mut config: AutopilotConfig, fields: &Fields<'_>) -> Result<AutopilotConfig, Failure> {
    let count = |name: &str| match fields.int(name)? {
        None => Ok(None),
        Some(number) => {
            u64::try_from(number).map(Some).map_err(|_| Failure::invalid(format!("{name} cannot be negative")))
        }
    };
    if let Some(cleanup) = fields.flag("cleanup_dead_servers")? {
        config.cleanup_dead_servers = cleanup;
    }
    if let Some(disable) = fields.flag("disable_upgrade_migration")? {
        config.disable_upgrade_migration = disable;
    }
    if let Some(span) = fields.duration("last_contact_threshold")? {
        config.last_contact_threshold = span;
    }
    if let Some(span) = fields.duration("dead_server_last_contact_threshold")? {
        config.dead_server_last_contact_threshold = span;
    }
    if let Some(span) = fields.duration("server_stabilization_time")? {
        config.server_stabilization_time = span;
    }
    if let Some(logs) = count("max_trailing_logs")? {
        config.max_trailing_logs = logs;
    }
    if let Some(quorum) = count("min_quorum")? {
        config.min_quorum = quorum;
    }
    Ok(config)
}

fn check(config: &AutopilotConfig, fields: &Fields<'_>) -> Result<(), Failure> {
    if config.cleanup_dead_servers && config.min_quorum < LEAST_QUORUM {
        return Err(Failure::invalid(format!(
            "min_quorum must be set when cleanup_dead_servers is set and it should at least be 3; cleanup_dead_servers: \
             true, min_quorum: {:#x}",
            config.min_quorum
        )));
    }
    if config.cleanup_dead_servers && config.dead_server_last_contact_threshold.as_secs() < LEAST_DEAD_SECONDS {
        let sent = fields.duration("dead_server_last_contact_threshold")?;
        return Err(Failure::invalid(format!(
            "dead_server_last_contact_threshold should not be set to less than 1m; received: {}",
            sent.map_or(Value::from("<nil>"), |span| span.as_secs().into()).to_string().trim_matches('"')
        )));
    }
    Ok(())
}
