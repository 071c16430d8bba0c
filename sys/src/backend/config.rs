//! `sys/config`: what browsers are allowed and told, the configuration without its secrets, reload.

use coffer_core::Operation::{Delete, List, Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::local::{CORS_PATH, CorsConfig, UiHeaders};
use coffer_core::{Body, Context, Failure, Response};
use serde_json::json;

use super::SystemBackend;

const CORS_FIELDS: &[Field] = &[
    Field::new("enable", Kind::Bool, "Without effect: storing rules turns them on, deleting them off."),
    Field::new("allowed_origins", Kind::CommaList, "Scheme, host and port of pages that may ask; or * alone."),
    Field::new("allowed_headers", Kind::CommaList, "Headers they may send beside the standard ones."),
    Field::new("allow_credentials", Kind::Bool, "Let browsers send what they keep for this server."),
];

const HEADER_FIELDS: &[Field] = &[
    Field::new("header", Kind::Text, "Name of the header."),
    Field::new("values", Kind::List, "Its values."),
    Field::new("multivalue", Kind::Bool, "Show all values, not the first alone."),
];

const RELOAD_FIELDS: &[Field] = &[Field::new("subsystem", Kind::Text, "What is read anew.")];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("config/cors", CORS_FIELDS, "Which pages of other origins may ask this server.")
            .on(Read, read_cors)
            .on(Update, write_cors)
            .on(Delete, delete_cors),
        Route::new("config/ui/headers/?", &[], "List the headers of the web page.").on(List, list_headers),
        Route::new("config/ui/headers/{header}", HEADER_FIELDS, "A header of the web page.")
            .on(Read, read_header)
            .on(Update, write_header)
            .on(Delete, delete_header),
        Route::new("config/state/sanitized", &[], "The configuration file's settings, without secrets.")
            .on(Read, sanitized),
        Route::new(
            "config/reload/{subsystem...}",
            RELOAD_FIELDS,
            "Reload a part of the configuration; SIGHUP reloads all.",
        )
        .on(Update, reload),
    ]
}

fn read_cors(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let rules: CorsConfig = tx.get_json(CORS_PATH)?.unwrap_or_default();
    if !rules.is_enabled() {
        return Ok(Response::doubled(json!({ "enabled": false })));
    }
    Ok(Response::doubled(json!({
        "enabled": true,
        "allowed_origins": rules.allowed_origins,
        "allowed_headers": rules.allowed_headers,
        "allow_credentials": rules.allow_credentials,
    })))
}

fn write_cors(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let origins = fields.list("allowed_origins")?.unwrap_or_default();
    let headers = fields.list("allowed_headers")?.unwrap_or_default();
    let credentials = fields.flag("allow_credentials")?.unwrap_or_default();
    let rules = CorsConfig::allowing(origins, headers, credentials).map_err(|bad| Failure::fault(bad.to_string()))?;
    let (tx, _) = cx.system(backend.access());
    tx.put_json(CORS_PATH, &rules)?;
    Ok(Response::empty())
}

fn delete_cors(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    tx.delete(CORS_PATH);
    Ok(Response::empty())
}

fn list_headers(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    Response::keys(UiHeaders::read(tx)?.headers.into_keys().collect())
}

fn read_header(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let all = matched.fields.flag("multivalue")?.unwrap_or_default();
    let (tx, _) = cx.system(backend.access());
    let mut stored = UiHeaders::read(tx)?.headers;
    let values = stored.remove(&canonical(matched.fields.capture("header"))).ok_or(Failure::NotFound)?;
    Ok(Response::data(if all { json!({ "values": values }) } else { json!({ "value": values.first() }) }))
}

fn write_header(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let name = canonical(matched.fields.capture("header"));
    let values = matched.fields.list("values")?.unwrap_or_default();
    if values.is_empty() {
        return Err(Failure::invalid("header and values must be specified"));
    }
    if name.starts_with("X-Vault-") {
        return Err(Failure::invalid("X-Vault headers cannot be set"));
    }
    let printable = |text: &str| text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        || !values.iter().all(|text| printable(text))
    {
        return Err(Failure::invalid(
            "header names hold letters, digits and hyphens, their values printable characters",
        ));
    }
    let mut response = Response { body: Body::Null, ..Response::default() };
    if name == "Content-Security-Policy" {
        response
            .warnings
            .push("this replaces the page's own Content-Security-Policy, which lets nothing in".to_owned());
    }
    let (tx, _) = cx.system(backend.access());
    let mut stored = UiHeaders::read(tx)?;
    stored.headers.insert(name, values);
    stored.write(tx)?;
    Ok(response)
}

fn delete_header(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let mut stored = UiHeaders::read(tx)?;
    if stored.headers.remove(&canonical(matched.fields.capture("header"))).is_some() {
        stored.write(tx)?;
    }
    Ok(Response::empty())
}

/// As Go writes header names: each word begins with a capital.
fn canonical(name: &str) -> String {
    let mut upper = true;
    let mut spelled = |c: char| {
        let shown = if upper { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
        upper = c == '-';
        shown
    };
    name.chars().map(&mut spelled).collect()
}

fn sanitized(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    Ok(Response::data(active.settings.sanitized.clone()))
}

/// Vault has a subsystem in its paid edition alone: its licence.
fn reload(_: &SystemBackend, _: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    Err(Failure::UnsupportedPath)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_go_does() {
        assert_eq!(canonical("x-foo-BAR"), "X-Foo-Bar");
        assert_eq!(canonical("content-security-policy"), "Content-Security-Policy");
    }
}
