//! Single fields that are numbers of uses.

use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::json;

use super::fields::{needed, read, reset, update};
use crate::approle::{AppRole, ROLE_NAME};
use crate::sent;

const TOKEN_NUM_USES: Field = Field::new("token_num_uses", Kind::Int, "Uses of tokens; 0: unlimited.");
const SECRET_ID_NUM_USES: Field = Field::new("secret_id_num_uses", Kind::Int, "Logins with a secret id; 0: unlimited.");

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}/token-num-uses", &[ROLE_NAME, TOKEN_NUM_USES], "Uses of the tokens of a role.")
            .on(Operation::Read, AppRole::read_token_num_uses)
            .on(Operation::Update, AppRole::write_token_num_uses)
            .on(Operation::Delete, AppRole::reset_token_num_uses),
        Route::new(
            "role/{role_name}/secret-id-num-uses",
            &[ROLE_NAME, SECRET_ID_NUM_USES],
            "Logins with each secret id of a role.",
        )
        .on(Operation::Read, AppRole::read_secret_id_num_uses)
        .on(Operation::Update, AppRole::write_secret_id_num_uses)
        .on(Operation::Delete, AppRole::reset_secret_id_num_uses),
    ]
}

impl AppRole {
    fn read_token_num_uses(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "token_num_uses": role.token.token_num_uses }))
    }

    fn write_token_num_uses(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| {
            let uses = needed(sent::int(&matched.fields, "token_num_uses")?, "token_num_uses")?;
            if uses < 0 {
                return Err(Failure::invalid("'token_num_uses' cannot be negative"));
            }
            role.token.token_num_uses = uses;
            Ok(())
        })
    }

    fn reset_token_num_uses(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.token.token_num_uses = 0)
    }

    fn read_secret_id_num_uses(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "secret_id_num_uses": role.secret_id_num_uses }))
    }

    fn write_secret_id_num_uses(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| {
            let uses = needed(sent::int(&matched.fields, "secret_id_num_uses")?, "secret_id_num_uses")?;
            if uses < 0 {
                return Err(Failure::invalid("secret_id_num_uses cannot be negative"));
            }
            role.secret_id_num_uses = uses;
            Ok(())
        })
    }

    fn reset_secret_id_num_uses(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.secret_id_num_uses = 0)
    }
}
