//! What the paths of single fields have in common: a role that is not there can't be changed, is not found when read, and
//! resetting it does nothing.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};
use serde_json::Value;

use super::record::{Role, find, store};

/// Answers with what `show` makes of the role.
pub(super) fn read(
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    show: impl FnOnce(&Role) -> Value,
) -> Result<Response, Failure> {
    let role = find(cx, matched.fields.capture("role_name"))?.ok_or(Failure::NotFound)?;
    Ok(Response::data(show(&role)))
}

/// Stores the role as `change` leaves it.
pub(super) fn update(
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    change: impl FnOnce(&mut Role) -> Result<(), Failure>,
) -> Result<Response, Failure> {
    let mut role = find(cx, matched.fields.capture("role_name"))?.ok_or(Failure::UnsupportedPath)?;
    change(&mut role)?;
    store(cx, &role, &role.role_id)?;
    Ok(Response::empty())
}

/// Stores the role as `change` leaves it, if there is one.
pub(super) fn reset(
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    change: impl FnOnce(&mut Role),
) -> Result<Response, Failure> {
    if let Some(mut role) = find(cx, matched.fields.capture("role_name"))? {
        change(&mut role);
        store(cx, &role, &role.role_id)?;
    }
    Ok(Response::empty())
}

/// What was sent, or that it is missing.
pub(super) fn needed<T>(given: Option<T>, name: &str) -> Result<T, Failure> {
    given.ok_or_else(|| Failure::Invalid(format!("missing {name}")))
}
