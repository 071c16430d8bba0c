//! `sys/audit`, `sys/audit-hash`, `sys/config/auditing`: audit devices and what they show.

use coffer_core::Operation::{Delete, Read, Update};
use coffer_core::audit_log::{AuditTable, AuditedHeaders, new_device};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use super::SystemBackend;

const FIELDS: &[Field] = &[
    Field::new("path", Kind::Text, "Where the device stands."),
    Field::new("type", Kind::Text, "file, syslog or socket."),
    Field::new("description", Kind::Text, "Free text."),
    Field::new("options", Kind::Pairs, "Options of the device: file_path of a file."),
    Field::new("local", Kind::Bool, "A mark without effect."),
];

const HASH_FIELDS: &[Field] = &[
    Field::new("path", Kind::Text, "The device."),
    Field::new("input", Kind::Text, "What is to be hashed as the device would."),
];

const HEADER_FIELDS: &[Field] =
    &[Field::new("header", Kind::Text, "Name of the header."), Field::new("hmac", Kind::Bool, "Hide its values.")];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("audit", &[], "List the audit devices.").on(Read, list),
        Route::new("audit/{path...}", FIELDS, "An audit device.").on(Update, enable).on(Delete, disable),
        Route::new("audit-hash/{path...}", HASH_FIELDS, "What stands in a device's log for a text.").on(Update, hash),
        Route::new("config/auditing/request-headers", &[], "List the headers that are audited.").on(Read, headers),
        Route::new("config/auditing/request-headers/{header}", HEADER_FIELDS, "A header that is audited.")
            .on(Read, header)
            .on(Update, set_header)
            .on(Delete, remove_header),
    ]
}

fn device_path(matched: &Matched<'_>) -> String {
    format!("{}/", matched.fields.capture("path").trim_end_matches('/'))
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let devices: Map<String, Value> = AuditTable::read(tx)?
        .entries
        .iter()
        .map(|row| {
            let view = json!({
                "path": row.path,
                "type": row.type_name,
                "description": row.description,
                "options": row.options,
                "local": row.local,
            });
            (row.path.clone(), view)
        })
        .collect();
    Ok(Response::doubled(Value::Object(devices)))
}

fn enable(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let kind = fields.text_or_empty("type")?;
    if kind.is_empty() {
        return Err(Failure::invalid("unknown backend type: \"\""));
    }
    let mut row = new_device(&device_path(matched), &kind);
    row.description = fields.text_or_empty("description")?.into_owned();
    row.options = fields.pairs("options")?.unwrap_or_default();
    row.local = fields.flag("local")?.unwrap_or_default();
    let (tx, active) = cx.system(backend.access());
    let mut response = Response::empty();
    response.warnings = active.audit.enable(tx, row)?;
    Ok(response)
}

fn disable(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let path = device_path(matched);
    let (tx, active) = cx.system(backend.access());
    active.audit.disable(tx, &path)?;
    Ok(Response::empty())
}

fn hash(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let path = device_path(matched);
    let input = matched.fields.text_or_empty("input")?;
    if input.is_empty() {
        return Err(Failure::invalid("the \"input\" parameter is empty"));
    }
    let (_, active) = cx.system(backend.access());
    let device = active
        .audit
        .broker()
        .device(&path)
        .ok_or_else(|| Failure::Invalid(format!("unknown audit backend {path:?}")))?;
    Ok(Response::doubled(json!({ "hash": device.hash(&input) })))
}

fn headers(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    Ok(Response::doubled(json!({ "headers": AuditedHeaders::read(tx)? })))
}

fn header(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let name = matched.fields.capture("header");
    let (tx, _) = cx.system(backend.access());
    let all = AuditedHeaders::read(tx)?;
    let found = all.0.get(&name.to_lowercase()).ok_or_else(|| Failure::invalid("Could not find header in config"))?;
    Ok(Response::doubled(json!({ name: found })))
}

fn set_header(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let name = matched.fields.capture("header").to_lowercase();
    if matches!(name.as_str(), "x-vault-token" | "authorization") {
        return Err(Failure::invalid("a header that carries the token can't be audited"));
    }
    let hmac = matched.fields.flag("hmac")?.unwrap_or_default();
    let (tx, _) = cx.system(backend.access());
    let mut all = AuditedHeaders::read(tx)?;
    all.0.entry(name).or_default().hmac = hmac;
    all.write(tx)?;
    Ok(Response::empty())
}

fn remove_header(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let name = matched.fields.capture("header").to_lowercase();
    let (tx, _) = cx.system(backend.access());
    let mut all = AuditedHeaders::read(tx)?;
    if all.0.remove(&name).is_some() {
        all.write(tx)?;
    }
    Ok(Response::empty())
}
