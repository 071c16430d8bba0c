//! Single fields that are spans of time.

use std::time::Duration;

use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::{Map, Value, json};

use super::fields::{needed, read, reset, update};
use crate::approle::{AppRole, ROLE_NAME};
use crate::go_duration::go_duration;
use crate::sent;
use crate::token_params::upgrade_span;

const TOKEN_TTL: Field = Field::new("token_ttl", Kind::Duration, "First life of tokens.");
const TOKEN_MAX_TTL: Field = Field::new("token_max_ttl", Kind::Duration, "Longest life of tokens.");
const PERIOD: Field = Field::new("period", Kind::Duration, "Old name of token_period.");
const TOKEN_PERIOD: Field = Field::new("token_period", Kind::Duration, "Step in which tokens are renewed for ever.");
const SECRET_ID_TTL: Field = Field::new("secret_id_ttl", Kind::Duration, "Life of secret ids; 0: without end.");

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}/token-ttl", &[ROLE_NAME, TOKEN_TTL], "First life of the tokens of a role.")
            .on(Operation::Read, AppRole::read_token_ttl)
            .on(Operation::Update, AppRole::write_token_ttl)
            .on(Operation::Delete, AppRole::reset_token_ttl),
        Route::new(
            "role/{role_name}/token-max-ttl",
            &[ROLE_NAME, TOKEN_MAX_TTL],
            "Longest life of the tokens of a role.",
        )
        .on(Operation::Read, AppRole::read_token_max_ttl)
        .on(Operation::Update, AppRole::write_token_max_ttl)
        .on(Operation::Delete, AppRole::reset_token_max_ttl),
        Route::new("role/{role_name}/period", &[ROLE_NAME, PERIOD, TOKEN_PERIOD], "Period of the tokens of a role.")
            .on(Operation::Read, AppRole::read_period)
            .on(Operation::Update, AppRole::write_period)
            .on(Operation::Delete, AppRole::reset_period),
        Route::new("role/{role_name}/secret-id-ttl", &[ROLE_NAME, SECRET_ID_TTL], "Life of the secret ids of a role.")
            .on(Operation::Read, AppRole::read_secret_id_ttl)
            .on(Operation::Update, AppRole::write_secret_id_ttl)
            .on(Operation::Delete, AppRole::reset_secret_id_ttl),
    ]
}

impl AppRole {
    fn read_token_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "token_ttl": role.token.token_ttl.as_secs() }))
    }

    fn write_token_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| {
            let token = &mut role.token;
            token.token_ttl = needed(sent::span(&matched.fields, "token_ttl")?, "token_ttl")?;
            if !token.token_max_ttl.is_zero() && token.token_ttl > token.token_max_ttl {
                return Err(Failure::invalid("token_ttl should not be greater than token_max_ttl"));
            }
            Ok(())
        })
    }

    fn reset_token_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.token.token_ttl = Duration::ZERO)
    }

    fn read_token_max_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "token_max_ttl": role.token.token_max_ttl.as_secs() }))
    }

    fn write_token_max_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| {
            let token = &mut role.token;
            token.token_max_ttl = needed(sent::span(&matched.fields, "token_max_ttl")?, "token_max_ttl")?;
            if !token.token_max_ttl.is_zero() && token.token_ttl > token.token_max_ttl {
                return Err(Failure::invalid("token_max_ttl should be greater than or equal to token_ttl"));
            }
            Ok(())
        })
    }

    fn reset_token_max_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.token.token_max_ttl = Duration::ZERO)
    }

    fn read_period(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| {
            let mut shown = Map::from_iter([("token_period".to_owned(), json!(role.token.token_period.as_secs()))]);
            if !role.period.is_zero() {
                shown.insert("period".to_owned(), json!(role.period.as_secs()));
            }
            Value::Object(shown)
        })
    }

    fn write_period(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let longest = cx.lease_limits().max;
        let fields = &matched.fields;
        update(cx, matched, |role| {
            let given = sent::span(fields, "token_period")?;
            needed(given.or(sent::span(fields, "period")?), "period")?;
            if let Some(period) = given {
                role.token.token_period = period;
            }
            upgrade_span(fields, ("period", "token_period"), &mut role.period, &mut role.token.token_period)?;
            check_period(role.token.token_period, role.period, longest)
        })
    }

    fn reset_period(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| (role.token.token_period, role.period) = (Duration::ZERO, Duration::ZERO))
    }

    fn read_secret_id_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "secret_id_ttl": role.secret_id_ttl.as_secs() }))
    }

    fn write_secret_id_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| {
            role.secret_id_ttl = needed(sent::span(&matched.fields, "secret_id_ttl")?, "secret_id_ttl")?;
            Ok(())
        })
    }

    fn reset_secret_id_ttl(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.secret_id_ttl = Duration::ZERO)
    }
}

/// A period must not pass the mount's longest life. `told` is the one that the error names.
pub(super) fn check_period(period: Duration, told: Duration, longest: Duration) -> Result<(), Failure> {
    if period <= longest {
        return Ok(());
    }
    let (told, longest) = (go_duration(told), go_duration(longest));
    Err(Failure::Invalid(format!(
        "period of \"{told}\" is greater than the backend's maximum lease TTL of \"{longest}\""
    )))
}
