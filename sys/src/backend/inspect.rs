//! `sys/internal/inspect/router`: how paths, accessors and storage are routed to mounts.

use coffer_core::Operation::Read;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::mount::Mount;
use coffer_core::{Context, Failure, Response};
use serde_json::{Value, json};

use super::SystemBackend;

const FIELDS: &[Field] = &[Field::new("tag", Kind::Text, "root, uuid, accessor or storage.")];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![Route::new("internal/inspect/router/{tag}", FIELDS, "The router's tables.").on(Read, router)]
}

fn router(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let tag = matched.fields.capture("tag");
    let stored = match tag {
        "root" | "storage" => true,
        "uuid" | "accessor" => false,
        _ => return Err(Failure::UnsupportedPath),
    };
    let (_, active) = cx.system(backend.access());
    let routing = active.mounts.routing();
    let rows: Vec<_> = routing.iter().map(|mounted| row(&mounted.mount, stored)).collect();
    Ok(Response::data(json!({ tag: rows })))
}

fn row(mount: &Mount, stored: bool) -> Value {
    let mut row = json!({
        "accessor": mount.accessor,
        "mount_namespace": "",
        "mount_path": mount.path,
        "mount_type": mount.type_name,
        "uuid": mount.uuid,
    });
    if stored {
        row["storage_prefix"] = json!(mount.storage_prefix());
        row["tainted"] = json!(mount.tainted);
    }
    row
}
