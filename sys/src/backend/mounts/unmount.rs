//! Taking mounts away, and moving them.

use coffer_core::framework::Matched;
use coffer_core::mount::{MountKind, Mounts, clearing};
use coffer_core::quota::RateLimit;
use coffer_core::{Context, Failure, Response};
use serde_json::json;

use super::super::SystemBackend;
use super::{enable, mount_path};

/// Takes effect at once: the mount leaves the table in this entry; its leases and its storage are cleared behind it in
/// bounded steps.
pub(super) fn unmount(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    kind: MountKind,
) -> Result<Response, Failure> {
    let path = mount_path(matched.fields.capture("path"));
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let mut table = Mounts::read(tx, kind)?;
    let Some(index) = table.entries.iter().position(|mount| mount.path == path) else {
        return Ok(Response::empty());
    };
    if table.entries[index].is_built_in() {
        return Err(Failure::Invalid(match kind {
            MountKind::Secrets => format!("cannot unmount {path:?}"),
            MountKind::Auth => "token credential backend cannot be disabled".to_owned(),
        }));
    }
    let gone = table.entries.remove(index);
    Mounts::write(tx, &table)?;
    active.leases.revoke_mount(tx, active, &gone.api_path(), now)?;
    clearing::begin(tx, &gone)?;
    RateLimit::forget_mount(tx, &gone)?;
    Ok(Response::empty())
}

/// Moves a mount: its storage stays where it is, its leases are revoked, and the move is whole with this one entry.
pub(super) fn remount(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let (from, to) = (fields.text_or_empty("from")?, fields.text_or_empty("to")?);
    if from.is_empty() || to.is_empty() {
        return Err(Failure::invalid("both 'from' and 'to' path must be specified as a string"));
    }
    let (from, to) = (mount_path(from.trim_start_matches('/')), mount_path(to.trim_start_matches('/')));
    let (kind, from_path, to_path) = match (from.strip_prefix("auth/"), to.strip_prefix("auth/")) {
        (Some(from), Some(to)) => (MountKind::Auth, from, to),
        (None, None) => (MountKind::Secrets, from.as_str(), to.as_str()),
        (None, Some(_)) => return Err(Failure::Invalid(format!("cannot remount to destination {to}"))),
        (Some(_), None) => {
            return Err(Failure::Invalid(format!("cannot remount auth mount to non-auth mount {to:?}")));
        }
    };
    if ["sys/", "cubbyhole/", "identity/", "auth/"].iter().any(|own| to.starts_with(own)) && kind == MountKind::Secrets
    {
        return Err(Failure::Invalid(format!("cannot remount to destination {to}")));
    }
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let mut table = Mounts::read(tx, kind)?;
    let Some(index) = table.entries.iter().position(|mount| mount.path == from_path) else {
        return Err(Failure::Invalid(format!("no matching mount at {from:?}")));
    };
    if table.entries[index].is_built_in() {
        return Err(Failure::Invalid(format!("cannot remount {from:?}")));
    }
    if let Some(taken) = enable::conflict(&table.entries, to_path) {
        return Err(Failure::Invalid(format!("path already in use at {taken:?}")));
    }
    active.leases.revoke_mount(tx, active, &table.entries[index].api_path(), now)?;
    let mount = &mut table.entries[index];
    let was = mount.api_path();
    to_path.clone_into(&mut mount.path);
    active.leases.spare_mount(tx, &mount.api_path(), active.now())?;
    RateLimit::move_mount(tx, &was, &mount.api_path())?;
    Mounts::write(tx, &table)?;
    let id = uuid::Uuid::new_v4().to_string();
    tx.put_json(
        format!("core/coffer/migrations/{id}"),
        &json!({"source_mount": from, "target_mount": to, "status": "success"}),
    )?;
    let mut response = Response::doubled(json!({ "migration_id": id }));
    response.warnings.push(format!("Mount move has been queued. Progress will be reported in the server log, tagged with the returned migration_id {id}"));
    Ok(response)
}

pub(super) fn remount_status(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
) -> Result<Response, Failure> {
    let id = matched.fields.capture("migration_id");
    let (tx, _) = cx.system(backend.access());
    let info: serde_json::Value = tx.peek_json(&format!("core/coffer/migrations/{id}"))?.ok_or(Failure::NotFound)?;
    Ok(Response::data(json!({ "migration_id": id, "migration_info": info })))
}
