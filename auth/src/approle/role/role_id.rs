//! The role id of a role: read, and replaced by one of choice.

use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::json;

use super::fields::read;
use super::record::{find, store};
use crate::approle::{AppRole, ROLE_NAME};
use crate::sent;

const ROLE_ID: Field = Field::new("role_id", Kind::Text, "What the role is known by at logins.");

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}/role-id", &[ROLE_NAME, ROLE_ID], "The role id of a role.")
            .on(Operation::Read, AppRole::read_role_id)
            .on(Operation::Update, AppRole::write_role_id),
    ]
}

impl AppRole {
    fn read_role_id(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        read(cx, matched, |role| json!({ "role_id": role.role_id }))
    }

    fn write_role_id(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let mut role = find(cx, matched.fields.capture("role_name"))?.ok_or(Failure::UnsupportedPath)?;
        let role_id = sent::text(&matched.fields, "role_id")?.filter(|role_id| !role_id.is_empty());
        let role_id = role_id.ok_or_else(|| Failure::invalid("missing role_id"))?;
        let previous = std::mem::replace(&mut role.role_id, role_id);
        store(cx, &role, &previous)?;
        Ok(Response::empty())
    }
}
