//! Single fields that restrict where logins and tokens come from.

use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::{Value, json};

use super::fields::{read, reset, update};
use super::record::Role;
use crate::approle::{AppRole, ROLE_NAME};
use crate::{networks, sent};

const OLD: Field = Field::new("bound_cidr_list", Kind::CommaList, "Old name of secret_id_bound_cidrs.");
const LOGINS: Field = Field::new("secret_id_bound_cidrs", Kind::CommaList, "Networks that logins come from.");
const TOKENS: Field = Field::new("token_bound_cidrs", Kind::CommaList, "Networks that tokens are used from.");

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}/bound-cidr-list", &[ROLE_NAME, OLD], "Old name of secret-id-bound-cidrs.")
            .on(Operation::Read, AppRole::read_bound_cidr_list)
            .on(Operation::Update, AppRole::write_bound_cidr_list)
            .on(Operation::Delete, AppRole::reset_bound_cidr_list),
        Route::new("role/{role_name}/secret-id-bound-cidrs", &[ROLE_NAME, LOGINS], "Networks that logins come from.")
            .on(Operation::Read, AppRole::read_secret_id_bound_cidrs)
            .on(Operation::Update, AppRole::write_secret_id_bound_cidrs)
            .on(Operation::Delete, AppRole::reset_secret_id_bound_cidrs),
        Route::new("role/{role_name}/token-bound-cidrs", &[ROLE_NAME, TOKENS], "Networks that tokens are used from.")
            .on(Operation::Read, AppRole::read_token_bound_cidrs)
            .on(Operation::Update, AppRole::write_token_bound_cidrs)
            .on(Operation::Delete, AppRole::reset_token_bound_cidrs),
    ]
}

impl AppRole {
    /// The old field is always empty: what is written to it goes to the new one.
    fn read_bound_cidr_list(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let shown = read(cx, matched, |_| json!({ "bound_cidr_list": Value::Null }))?;
        Ok(shown.warn(
            "The \"bound_cidr_list\" field is deprecated and will be removed. Please use \"secret_id_bound_cidrs\" instead.",
        ))
    }

    fn write_bound_cidr_list(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| bind_logins(role, matched, "bound_cidr_list"))
    }

    /// Nothing is in it; the role still has to be sound.
    fn reset_bound_cidr_list(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |_| {})
    }

    fn read_secret_id_bound_cidrs(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "secret_id_bound_cidrs": role.secret_id_bound_cidrs }))
    }

    fn write_secret_id_bound_cidrs(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| bind_logins(role, matched, "secret_id_bound_cidrs"))
    }

    fn reset_secret_id_bound_cidrs(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.secret_id_bound_cidrs = None)
    }

    fn read_token_bound_cidrs(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "token_bound_cidrs": role.token.token_bound_cidrs }))
    }

    fn write_token_bound_cidrs(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| {
            if let Some(given) = sent::list(&matched.fields, "token_bound_cidrs")? {
                let read = networks::addresses(&given);
                role.token.token_bound_cidrs = Some(
                    read.map_err(|wrong| Failure::Invalid(format!("failed to parse token_bound_cidrs: {wrong}")))?,
                );
            }
            Ok(())
        })
    }

    fn reset_token_bound_cidrs(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.token.token_bound_cidrs = None)
    }
}

fn bind_logins(role: &mut Role, matched: &Matched<'_>, name: &str) -> Result<(), Failure> {
    let Some(blocks) = sent::list(&matched.fields, name)? else { return Ok(()) };
    if blocks.is_empty() {
        return Err(Failure::invalid("missing bound_cidr_list"));
    }
    networks::check_blocks(&blocks)
        .map_err(|wrong| Failure::Invalid(format!("failed to validate CIDR blocks: {wrong}")))?;
    role.secret_id_bound_cidrs = Some(blocks);
    Ok(())
}
