//! `sys/storage/raft/snapshot-auto`: snapshots that are taken by themselves.

use std::path::PathBuf;

use coffer_core::Operation::{Delete, List, Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::snapshot::{AutoSnapshot, AutoStatus};
use coffer_core::{Context, Failure, Response, Timestamp};
use serde_json::json;

use super::{SystemBackend, require_raft};

const FIELDS: &[Field] = &[
    Field::new("name", Kind::Text, "Name of the configuration."),
    Field::new("interval", Kind::Duration, "Time from one snapshot to the next."),
    Field::new("retain", Kind::Int, "How many are kept, 1 by default."),
    Field::new("path_prefix", Kind::Text, "The folder on the active node that they are written to."),
    Field::new("file_prefix", Kind::Text, "How their names begin, vault-snapshot by default."),
    Field::new("storage_type", Kind::LowerText, "local; nothing else is built."),
    Field::new("local_max_space", Kind::Int, "Bytes that all of them may take together."),
];

const DEFAULT_PREFIX: &str = "vault-snapshot";

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("storage/raft/snapshot-auto/config/?", &[], "Names of the automated snapshots.").on(List, list),
        Route::new("storage/raft/snapshot-auto/config/{name}", FIELDS, "When and where snapshots are taken.")
            .on(Read, read)
            .on(Update, write)
            .on(Delete, delete),
        Route::new("storage/raft/snapshot-auto/status/{name}", FIELDS, "How the last snapshots went.").on(Read, status),
    ]
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    let (tx, _) = cx.system(backend.access());
    Response::keys(AutoSnapshot::names(tx)?)
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    let (tx, _) = cx.system(backend.access());
    let config = AutoSnapshot::read(tx, matched.fields.capture("name"))?.ok_or(Failure::NotFound)?;
    Ok(Response::data(json!({
        "interval": config.interval.as_secs(),
        "retain": config.retain,
        "path_prefix": config.path_prefix,
        "file_prefix": config.file_prefix,
        "storage_type": "local",
        "local_max_space": config.local_max_space,
    })))
}

fn write(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    let (tx, _) = cx.system(backend.access());
    let name = matched.fields.capture("name");
    let config = merged(AutoSnapshot::read(tx, name)?, matched)?;
    config.write(tx, name)?;
    Ok(Response::empty())
}

/// What is not sent stays as it was.
fn merged(before: Option<AutoSnapshot>, matched: &Matched<'_>) -> Result<AutoSnapshot, Failure> {
    let fields = &matched.fields;
    match fields.text_or_empty("storage_type")?.as_ref() {
        "local" => {}
        "" if before.is_some() => {}
        "" => return Err(Failure::invalid("storage_type is required")),
        "aws-s3" | "google-gcs" | "azure-blob" => {
            return Err(Failure::invalid(
                "snapshots can only be stored with storage_type=local in this release of coffer",
            ));
        }
        other => return Err(Failure::invalid(format!("unknown storage_type {other:?}"))),
    }
    let positive = |name: &str| match fields.int(name)? {
        Some(number) if number < 1 => Err(Failure::invalid(format!("{name} must be greater than zero"))),
        number => Ok(number.and_then(|number| u64::try_from(number).ok())),
    };
    let required = |name: &str| Failure::invalid(format!("{name} is required"));
    let kept = before.as_ref();
    let interval =
        fields.duration("interval")?.or(kept.map(|kept| kept.interval)).ok_or_else(|| required("interval"))?;
    if interval.as_secs() < 1 {
        return Err(Failure::invalid("interval must be at least one second"));
    }
    let path_prefix = match fields.text("path_prefix")? {
        Some(path) => PathBuf::from(path.as_ref()),
        None => kept.map(|kept| kept.path_prefix.clone()).ok_or_else(|| required("path_prefix"))?,
    };
    if !path_prefix.is_absolute() {
        return Err(Failure::invalid("path_prefix must be an absolute path of a folder on the active node"));
    }
    let file_prefix = match fields.text("file_prefix")? {
        Some(prefix) => prefix.into_owned(),
        None => kept.map_or_else(|| DEFAULT_PREFIX.to_owned(), |kept| kept.file_prefix.clone()),
    };
    if file_prefix.is_empty() || file_prefix.contains(['/', '\0']) || file_prefix.starts_with('.') {
        return Err(Failure::invalid("file_prefix must be the beginning of a file's name"));
    }
    let retain = positive("retain")?.map(|retain| usize::try_from(retain).unwrap_or(usize::MAX));
    Ok(AutoSnapshot {
        interval,
        retain: retain.or(kept.map(|kept| kept.retain)).unwrap_or(1),
        path_prefix,
        file_prefix,
        local_max_space: positive("local_max_space")?
            .or(kept.map(|kept| kept.local_max_space))
            .ok_or_else(|| required("local_max_space"))?,
    })
}

fn delete(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    let (tx, _) = cx.system(backend.access());
    AutoSnapshot::delete(tx, matched.fields.capture("name"));
    Ok(Response::empty())
}

fn status(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    require_raft(backend, cx)?;
    let now = cx.now();
    let (tx, _) = cx.system(backend.access());
    let name = matched.fields.capture("name");
    let config = AutoSnapshot::read(tx, name)?.ok_or(Failure::NotFound)?;
    let status = AutoStatus::read(tx, name)?;
    let next = config.next_start(&status);
    let shown = |at: Timestamp| if at.is_zero() { Timestamp::ZERO.rfc3339() } else { at.rfc3339() };
    Ok(Response::data(json!({
        "consecutive_errors": status.consecutive_errors,
        "last_snapshot_start": shown(status.last_start),
        "last_snapshot_end": shown(status.last_end),
        "last_snapshot_error": status.last_error,
        "last_snapshot_url": status.last_file,
        "last_snapshot_size": status.last_size,
        "last_success": shown(status.last_success),
        "next_snapshot_start": shown(if next.is_zero() { now } else { next }),
    })))
}
