//! Roles as a whole: listed, read and removed.

use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::{Map, Value, json};

use super::record::{self, SecretIdFolder, find};
use crate::approle::{AppRole, PAGE, ROLE_NAME, secret_id};
use crate::sent;
use crate::token_params::{TOKEN_FIELDS, join};

static FIELDS: [Field; 20] = join(
    [
        ROLE_NAME,
        Field::new("bind_secret_id", Kind::Bool, "Whether logins need a secret id; they do unless told otherwise."),
        Field::new("bound_cidr_list", Kind::CommaList, "Old name of secret_id_bound_cidrs."),
        Field::new("secret_id_bound_cidrs", Kind::CommaList, "Networks that logins come from."),
        Field::new("policies", Kind::CommaList, "Old name of token_policies."),
        Field::new("secret_id_num_uses", Kind::Int, "Logins with each secret id; 0: unlimited."),
        Field::new("secret_id_ttl", Kind::Duration, "Life of secret ids; 0: without end."),
        Field::new("period", Kind::Duration, "Old name of token_period."),
        Field::new("role_id", Kind::Text, "What the role is known by at logins; random unless told."),
        Field::new("local_secret_ids", Kind::Bool, "Whether secret ids are of this cluster alone; told at creation."),
    ],
    TOKEN_FIELDS,
);

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}", &FIELDS, "Roles that machines log in by.")
            .describe("A role says what a login needs, and what its token may do. Its secret ids are made below it.")
            .on(Operation::Read, AppRole::read_role)
            .on(Operation::Update, AppRole::write_role)
            .on(Operation::Delete, AppRole::delete_role),
        Route::new("role/?", &PAGE, "Names of the roles.").on(Operation::List, AppRole::list_roles),
    ]
}

impl AppRole {
    fn list_roles(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (after, limit) = sent::page(&matched.fields)?;
        Response::keys(cx.list(record::FOLDER, &after, limit)?)
    }

    fn read_role(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let role = find(cx, matched.fields.capture("role_name"))?.ok_or(Failure::NotFound)?;
        let mut shown = Map::new();
        role.token.show(&mut shown);
        let mut put = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        put("bind_secret_id", json!(role.bind_secret_id));
        put("local_secret_ids", json!(role.folder() == SecretIdFolder::Local));
        put("secret_id_bound_cidrs", json!(role.secret_id_bound_cidrs));
        put("secret_id_num_uses", json!(role.secret_id_num_uses));
        put("secret_id_ttl", json!(role.secret_id_ttl.as_secs()));
        if !role.period.is_zero() {
            put("period", json!(role.period.as_secs()));
        }
        if let Some(old) = role.policies.as_ref().filter(|old| !old.is_empty()) {
            put("policies", json!(old));
        }
        let mut response = Response::data(Value::Object(shown));
        if !role.has_constraint() {
            response.warnings.push(
                "Role does not have any constraints set on it. Updates to this role will require a constraint to be set"
                    .to_owned(),
            );
        }
        if record::indexed_name(cx, &role.role_id)?.is_none() {
            record::refresh_role_id(cx, &role)?;
            response.warnings.push(
                "Role identifier was missing an index back to role name. A new index has been added. Please report this observation."
                    .to_owned(),
            );
        }
        Ok(response)
    }

    /// The role is gone with this request, and no secret id of it works any more; what is left of many is swept away later.
    fn delete_role(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        if let Some(role) = find(cx, matched.fields.capture("role_name"))? {
            record::remove(cx, &role)?;
            secret_id::remove_some_of(cx, role.folder(), &role.name_hmac()?)?;
        }
        Ok(Response::empty())
    }
}
