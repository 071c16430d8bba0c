//! Taking secret ids back, by themselves and by accessor.

use coffer_core::framework::{Matched, Route};
use coffer_core::{Context, Failure, Operation, Response};

use super::find::{ACCESSOR, SECRET_ID, role_and, unknown_accessor};
use super::record::{by_hmac, by_secret, hmac_of_accessor, remove};
use crate::approle::{AppRole, ROLE_NAME};

pub(super) fn routes() -> Vec<Route<AppRole>> {
    vec![
        Route::new("role/{role_name}/secret-id/destroy/?", &[ROLE_NAME, SECRET_ID], "Takes a secret id back.")
            .on(Operation::Update, AppRole::destroy)
            .on(Operation::Delete, AppRole::destroy),
        Route::new(
            "role/{role_name}/secret-id-accessor/destroy/?",
            &[ROLE_NAME, ACCESSOR],
            "Takes the secret id of an accessor back.",
        )
        .on(Operation::Update, AppRole::destroy_by_accessor)
        .on(Operation::Delete, AppRole::destroy_by_accessor),
    ]
}

impl AppRole {
    fn destroy(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (role, secret) = role_and(cx, matched, "secret_id")?;
        if let Some((key, found)) = by_secret(cx, &role, &secret)? {
            remove(cx, role.folder(), &key, &found.secret_id_accessor)?;
        }
        Ok(Response::empty())
    }

    fn destroy_by_accessor(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let (role, accessor) = role_and(cx, matched, "secret_id_accessor")?;
        let Some(hmac) = hmac_of_accessor(cx, role.folder(), &accessor)? else {
            return Err(Failure::fault(unknown_accessor(&accessor)));
        };
        // Who may do this to one role must not do it to another: the secret id has to be of the role in the path.
        let found = by_hmac(cx, &role, &hmac)?.filter(|(_, found)| found.secret_id_accessor == *accessor);
        let Some((key, _)) = found else {
            return Err(Failure::DeniedBecause("invalid secret id accessor".to_owned()));
        };
        remove(cx, role.folder(), &key, &accessor)?;
        Ok(Response::empty())
    }
}
