use super::columns::{columns_with_header, warning_line};
use super::format::{Format, print, rows_of};
use super::human::go_quoted_list;
use crate::client::{Auth, Secret};
use crate::duration::Span;
use crate::exit::{Exit, Outcome};
use crate::ui::Ui;
use crate::value::{Json, Map};

/// Prints an answer: its frame where that says something, then its data.
///
/// # Errors
/// The form asked for does not suit an answer.
pub(crate) fn print_secret(ui: &mut Ui, secret: &Secret) -> Outcome {
    if ui.format != Format::Table {
        return print(ui, &secret.to_json());
    }
    print_warnings(ui, secret);
    let mut rows = frame_rows(secret);
    if let Some(auth) = &secret.auth {
        rows.extend(auth_rows(auth));
    }
    if let Some(wrap) = &secret.wrap {
        rows.push(row("wrapping_token:", &*wrap.token));
        rows.push(row("wrapping_accessor:", &wrap.accessor));
        rows.push(row("wrapping_token_ttl:", Span::seconds(wrap.ttl).human()));
        rows.push(row("wrapping_token_creation_time:", wrap.creation_time.to_string()));
        rows.push(row("wrapping_token_creation_path:", &wrap.creation_path));
        if !wrap.wrapped_accessor.is_empty() {
            rows.push(row("wrapped_accessor:", &wrap.wrapped_accessor));
        }
    }
    if let Some(data) = &secret.data {
        rows.extend(rows_of(data));
    }
    if !rows.is_empty() {
        rows.insert(0, row("Key", "Value"));
        ui.output(&columns_with_header(rows));
    }
    Ok(Exit::OK)
}

/// The server's warnings, on standard error.
pub(crate) fn print_warnings(ui: &mut Ui, secret: &Secret) {
    let Some(warnings) = secret.warnings.as_ref().filter(|warnings| !warnings.is_empty()) else {
        return;
    };
    ui.warn("WARNING! The following warnings were returned from Vault:\n");
    for warning in warnings {
        ui.warn(&warning_line(warning));
        ui.warn("");
    }
}

/// A lease; without an id it only says how often the value is worth reading again.
fn frame_rows(secret: &Secret) -> Vec<Vec<String>> {
    if secret.lease_duration <= 0 {
        return Vec::new();
    }
    let duration = Span::seconds(secret.lease_duration).human();
    if secret.lease_id.is_empty() {
        return vec![row("refresh_interval", duration)];
    }
    vec![
        row("lease_id", &secret.lease_id),
        row("lease_duration", duration),
        row("lease_renewable", secret.renewable.to_string()),
    ]
}

fn auth_rows(auth: &Auth) -> Vec<Vec<String>> {
    if let Some(requirement) = auth.mfa_requirement.as_ref().and_then(Json::as_map) {
        return mfa_rows(requirement);
    }
    let duration = match auth.lease_duration {
        0 => "∞".to_owned(),
        seconds => Span::seconds(seconds).human(),
    };
    let policies = |list: &Option<Vec<String>>| go_quoted_list(list.as_deref().unwrap_or_default());
    let mut rows = vec![
        row("token", &*auth.token),
        row("token_accessor", &auth.accessor),
        row("token_duration", duration),
        row("token_renewable", auth.renewable.to_string()),
        row("token_policies", policies(&auth.token_policies)),
        row("identity_policies", policies(&auth.identity_policies)),
        row("policies", policies(&auth.policies)),
    ];
    for (key, value) in auth.metadata.iter().flat_map(Map::iter) {
        rows.push(row(&format!("token_meta_{key}"), value.as_text().unwrap_or_default()));
    }
    rows
}

fn mfa_rows(requirement: &Map) -> Vec<Vec<String>> {
    let mut rows = vec![row("mfa_request_id", requirement.text("mfa_request_id"))];
    let constraints = requirement.get("mfa_constraints").and_then(Json::as_map);
    for (name, constraint) in constraints.into_iter().flat_map(Map::iter) {
        let any = constraint.as_map().and_then(|map| map.get("any")).and_then(Json::as_list);
        for method in any.unwrap_or_default().iter().filter_map(Json::as_map) {
            let prefix = format!("mfa_constraint_{name}_{}", method.text("type"));
            rows.push(row(&format!("{prefix}_id"), method.text("id")));
            rows.push(row(&format!("{prefix}_uses_passcode"), method.bool("uses_passcode").to_string()));
            if !method.text("name").is_empty() {
                rows.push(row(&format!("{prefix}_name"), method.text("name")));
            }
        }
    }
    rows
}

fn row(key: &str, value: impl Into<String>) -> Vec<String> {
    vec![key.to_owned(), value.into()]
}
