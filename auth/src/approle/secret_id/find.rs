//! What is known of secret ids: listed by accessor, looked up by themselves and by accessor.

use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};
use serde_json::json;
use zeroize::Zeroizing;

use super::record::{by_hmac, by_secret, hmac_of_accessor, peek};
use crate::approle::role::{self, Role};
use crate::approle::{AppRole, ROLE_NAME};
use crate::names::canonical;
use crate::sent;

pub(super) const SECRET_ID: Field = Field::new("secret_id", Kind::Text, "The secret id.");
pub(super) const ACCESSOR: Field = Field::new("secret_id_accessor", Kind::Text, "Accessor of the secret id.");

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}/secret-id/lookup/?", &[ROLE_NAME, SECRET_ID], "What is known of a secret id.")
            .on(Operation::Update, AppRole::look_up),
        Route::new(
            "role/{role_name}/secret-id-accessor/lookup/?",
            &[ROLE_NAME, ACCESSOR],
            "What is known of the secret id of an accessor.",
        )
        .on(Operation::Update, AppRole::look_up_accessor),
    ]
}

impl AppRole {
    pub(super) fn list_accessors(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let name = matched.fields.capture("role_name");
        let role = role::find(cx, name)?.ok_or_else(|| Failure::Invalid(no_such_role(name)))?;
        let (after, limit) = sent::page(&matched.fields)?;
        let folder = super::key_of(&role, "")?;
        let now = cx.now();
        let mut accessors = Vec::new();
        for name in cx.list(&folder, &after, limit)? {
            let found = peek(cx, &format!("{folder}{name}"))?.filter(|found| !found.is_expired(now));
            accessors.extend(found.map(|found| found.secret_id_accessor));
        }
        Response::keys(accessors)
    }

    fn look_up(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (role, secret) = role_and(cx, matched, "secret_id")?;
        let found = by_secret(cx, &role, &secret)?;
        Ok(found.map_or_else(Response::empty, |(_, found)| Response::data(found.shown())))
    }

    fn look_up_accessor(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (role, accessor) = role_and(cx, matched, "secret_id_accessor")?;
        let Some(hmac) = hmac_of_accessor(cx, role.folder(), &accessor)? else {
            return Err(Failure::Gone(Box::new(Response::data(json!({ "error": unknown_accessor(&accessor) })))));
        };
        // Only with the role's own key: an accessor of another role leads nowhere.
        let found = by_hmac(cx, &role, &hmac)?;
        Ok(found.map_or_else(Response::empty, |(_, found)| Response::data(found.shown())))
    }
}

/// The role of the path, and the secret id or accessor that was sent.
pub(super) fn role_and(
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    field: &str,
) -> Result<(Role, Zeroizing<String>), Failure> {
    let given = Zeroizing::new(sent::text(&matched.fields, field)?.unwrap_or_default());
    if given.is_empty() {
        return Err(Failure::Invalid(format!("missing {field}")));
    }
    let name = matched.fields.capture("role_name");
    let role = role::find(cx, name)?.ok_or_else(|| Failure::fault(no_such_role(name)))?;
    Ok((role, given))
}

pub(super) fn no_such_role(name: &str) -> String {
    format!("role {:?} does not exist", canonical(name))
}

pub(super) fn unknown_accessor(accessor: &str) -> String {
    format!("failed to find accessor entry for secret_id_accessor: {accessor:?}")
}
