//! Single fields that are none of spans, counts and networks: policies, and the two switches.

use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::{Map, Value, json};

use super::fields::{needed, read, reset, update};
use crate::approle::role::record::SecretIdFolder;
use crate::approle::{AppRole, ROLE_NAME};
use crate::sent;
use crate::token_params::upgrade_policies;

const POLICIES: Field = Field::new("policies", Kind::CommaList, "Old name of token_policies.");
const TOKEN_POLICIES: Field = Field::new("token_policies", Kind::CommaList, "Policies of tokens.");
const BIND_SECRET_ID: Field = Field::new("bind_secret_id", Kind::Bool, "Whether logins need a secret id.");

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new(
            "role/{role_name}/policies",
            &[ROLE_NAME, POLICIES, TOKEN_POLICIES],
            "Policies of the tokens of a role.",
        )
        .on(Operation::Read, AppRole::read_policies)
        .on(Operation::Update, AppRole::write_policies)
        .on(Operation::Delete, AppRole::reset_policies),
        Route::new("role/{role_name}/bind-secret-id", &[ROLE_NAME, BIND_SECRET_ID], "Whether logins need a secret id.")
            .on(Operation::Read, AppRole::read_bind_secret_id)
            .on(Operation::Update, AppRole::write_bind_secret_id)
            .on(Operation::Delete, AppRole::reset_bind_secret_id),
        Route::new("role/{role_name}/local-secret-ids", &[ROLE_NAME], "Whether secret ids are of this cluster alone.")
            .on(Operation::Read, AppRole::read_local_secret_ids),
    ]
}

impl AppRole {
    fn read_policies(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| {
            let mut shown = Map::from_iter([("token_policies".to_owned(), json!(role.token.policies()))]);
            if let Some(old) = role.policies.as_ref().filter(|old| !old.is_empty()) {
                shown.insert("policies".to_owned(), json!(old));
            }
            Value::Object(shown)
        })
    }

    fn write_policies(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let fields = &matched.fields;
        update(cx, matched, |role| {
            let given = sent::list(fields, "token_policies")?;
            needed((given.is_some() || fields.has("policies")).then_some(()), "token_policies")?;
            if let Some(names) = given {
                role.token.token_policies = Some(coffer_policy::sanitize(names, false));
            }
            upgrade_policies(fields, &mut role.policies, &mut role.token.token_policies)
        })
    }

    fn reset_policies(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| (role.token.token_policies, role.policies) = (None, None))
    }

    fn read_bind_secret_id(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "bind_secret_id": role.bind_secret_id }))
    }

    fn write_bind_secret_id(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        update(cx, matched, |role| {
            role.bind_secret_id = needed(sent::flag(&matched.fields, "bind_secret_id")?, "bind_secret_id")?;
            Ok(())
        })
    }

    fn reset_bind_secret_id(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        reset(cx, matched, |role| role.bind_secret_id = true)
    }

    fn read_local_secret_ids(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "local_secret_ids": role.folder() == SecretIdFolder::Local }))
    }
}
