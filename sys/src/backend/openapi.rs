//! `sys/internal/specs/openapi`: the paths that a caller may know of.

use coffer_core::Operation::{Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::help::{MountNames, document};
use coffer_core::{Body, Context, Failure, Raw, Response};

use super::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("context", Kind::Text, "Taken and not used."),
    Field::new("generic_mount_paths", Kind::Bool, "Name mounts by parameters, not by the paths they have here."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("internal/specs/openapi", FIELDS, "This API as an OpenAPI document.")
            .on(Read, show)
            .on(Update, show),
    ]
}

/// Without a token no mount is told of.
fn show(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let names = match matched.fields.flag("generic_mount_paths")? {
        Some(true) => MountNames::Parameters,
        Some(false) | None => MountNames::Actual,
    };
    let (_, active) = cx.system(backend.access());
    let routing = active.mounts.routing();
    let seen = routing.iter().map(|mounted| &**mounted).filter(|mounted| {
        matched.call.caller.is_some_and(|caller| caller.acl.has_any_access_below(&mounted.mount.api_path()))
    });
    let mut bytes = document(seen, names, &active.settings.version).to_string().into_bytes();
    bytes.push(b'\n');
    let raw = Raw { status: 200, content_type: "application/json", bytes };
    Ok(Response { body: Body::Raw(raw), ..Response::default() })
}
