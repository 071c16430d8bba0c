//! `sys/internal/counters`: how many entities and tokens there are.

use coffer_core::Operation::Read;
use coffer_core::framework::{Matched, Route};
use coffer_core::{Context, Failure, Response};
use serde_json::json;

use super::SystemBackend;

/// Counting goes through the keys; beyond this many the number given is this one.
const MAX_COUNTED: usize = 1_000_000;

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("internal/counters/entities", &[], "How many entities there are.").on(Read, entities),
        Route::new("internal/counters/tokens", &[], "How many service tokens there are.").on(Read, tokens),
        Route::new("internal/counters/requests", &[], "Taken out of Vault.").on(Read, requests),
    ]
}

fn entities(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    let total = active.identities.count(tx, MAX_COUNTED)?;
    Ok(Response::data(json!({ "counters": { "entities": { "total": total } } })))
}

fn tokens(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    let total = active.tokens.count(tx, MAX_COUNTED)?;
    Ok(Response::data(json!({ "counters": { "service_tokens": { "total": total } } })))
}

fn requests(_: &SystemBackend, _: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    Err(Failure::NotFoundBecause("The functionality has been removed on this path".to_owned()))
}
