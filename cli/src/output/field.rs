//! `-field`: one value of an answer.

use super::human::go_value;
use super::secret::print_warnings;
use super::{Format, quoted};
use crate::client::Secret;
use crate::exit::{Exit, Failure, Outcome};
use crate::ui::Ui;
use crate::value::Json;

/// Prints the field of a secret. Names that the answer's frame has are looked up there first.
///
/// # Errors
/// There is no such field.
pub(crate) fn secret_field(ui: &mut Ui, secret: &Secret, field: &str) -> Outcome {
    let value = field_of(secret, field);
    if value.is_some() && ui.format == Format::Table {
        print_warnings(ui, secret);
    }
    print_field(ui, value, field, "secret")
}

/// Prints a value that was looked up under `field` in a thing called `kind`.
///
/// # Errors
/// It was not found.
pub(crate) fn print_field(ui: &mut Ui, value: Option<Json>, field: &str, kind: &str) -> Outcome {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Err(Failure::local(format!("Field {} not present in {kind}", quoted(field))));
    };
    let text = ui.format.encode(&value).unwrap_or_else(|| go_value(&value));
    ui.raw(&text);
    Ok(Exit::OK)
}

fn field_of(secret: &Secret, field: &str) -> Option<Json> {
    let data = |name: &str| secret.data.as_ref().and_then(|data| data.get(name).cloned());
    if let Some(auth) = &secret.auth {
        return match field {
            "token" => Some(Json::Text(auth.token.clone())),
            "token_accessor" => Some(Json::text(&*auth.accessor)),
            "token_duration" => Some(Json::number(auth.lease_duration)),
            "token_renewable" => Some(auth.renewable.into()),
            "token_policies" => Some(Json::texts(auth.token_policies.iter().flatten())),
            "identity_policies" => Some(Json::texts(auth.identity_policies.iter().flatten())),
            "policies" => Some(Json::texts(auth.policies.iter().flatten())),
            _ => data(field),
        };
    }
    if let Some(wrap) = &secret.wrap {
        return match field {
            "wrapping_token" => Some(Json::Text(wrap.token.clone())),
            "wrapping_accessor" => Some(Json::text(&*wrap.accessor)),
            "wrapping_token_ttl" => Some(Json::number(wrap.ttl)),
            "wrapping_token_creation_time" => Some(Json::text(wrap.creation_time.rfc3339())),
            "wrapping_token_creation_path" => Some(Json::text(&*wrap.creation_path)),
            "wrapped_accessor" => Some(Json::text(&*wrap.wrapped_accessor)),
            _ => data(field),
        };
    }
    match field {
        "lease_duration" | "refresh_interval" => Some(Json::number(secret.lease_duration)),
        "lease_id" => Some(Json::text(&*secret.lease_id)),
        "request_id" => Some(Json::text(&*secret.request_id)),
        "renewable" => Some(secret.renewable.into()),
        "data" => {
            let nested = secret.data.as_ref().and_then(|data| data.entry("data").cloned());
            nested.or_else(|| Some(secret.data.clone().map_or(Json::Map(crate::value::Map::new()), Json::Map)))
        }
        _ => data(field),
    }
}
