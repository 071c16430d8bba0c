//! `sys/leases`, with the old paths that leave `leases/` out: looking at leases, renewing and revoking them.

use std::collections::BTreeMap;

use coffer_core::Operation::{List, Read, Update};
use coffer_core::active::Active;
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::lease::{Force, LeaseRecord};
use coffer_core::{Completion, Context, Failure, Response};
use serde_json::{Value, json};

use super::SystemBackend;

/// Most leases shown where the caller sets no limit, as in Vault.
const MAX_SHOWN: usize = 10_000;

/// Most entries of one listing.
const MAX_LISTED: usize = 1_000_000;

const LOOKUP_FIELDS: &[Field] = &[Field::new("lease_id", Kind::Text, "The lease.")];

const LIST_FIELDS: &[Field] = &[Field::new("prefix", Kind::Text, "What the ids begin with.")];

const RENEW_FIELDS: &[Field] = &[
    Field::new("url_lease_id", Kind::Text, "The lease, in the path."),
    Field::new("lease_id", Kind::Text, "The lease, in the body."),
    Field::new("increment", Kind::Duration, "Wanted life from now on."),
];

const REVOKE_FIELDS: &[Field] = &[
    Field::new("url_lease_id", Kind::Text, "The lease, in the path."),
    Field::new("lease_id", Kind::Text, "The lease, in the body."),
    Field::new("sync", Kind::Bool, "Answer when it is done; on by default."),
];

const PREFIX_FIELDS: &[Field] = &[
    Field::new("prefix", Kind::Text, "What the ids begin with."),
    Field::new("sync", Kind::Bool, "Answer when it is done; on by default."),
];

const STUCK_FIELDS: &[Field] = &[
    Field::new("type", Kind::Text, "Only \"irrevocable\" leases are told of."),
    Field::new("limit", Kind::Text, "How many leases, or \"none\" for all."),
    Field::new("include_child_namespaces", Kind::Bool, "Without effect: there are no namespaces."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    let renew = |pattern| Route::new(pattern, RENEW_FIELDS, "Renew a lease.").on(Update, renew);
    let revoke = |pattern| Route::new(pattern, REVOKE_FIELDS, "Revoke a lease.").on(Update, revoke);
    let prefix =
        |pattern| Route::new(pattern, PREFIX_FIELDS, "Revoke all leases of a prefix.").on(Update, revoke_prefix);
    let force = |pattern| {
        Route::new(pattern, PREFIX_FIELDS, "Revoke all leases of a prefix, whatever their engines say.")
            .on(Update, revoke_force)
    };
    vec![
        Route::new("leases/lookup", LOOKUP_FIELDS, "Look at a lease.").on(Update, lookup),
        Route::new("leases/lookup/{prefix...?}", LIST_FIELDS, "List the leases of a prefix.").on(List, list),
        renew("leases/renew/?"),
        renew("leases/renew/{url_lease_id...}"),
        renew("renew/?"),
        renew("renew/{url_lease_id...}"),
        revoke("leases/revoke/?"),
        revoke("leases/revoke/{url_lease_id...}"),
        revoke("revoke/?"),
        revoke("revoke/{url_lease_id...}"),
        force("leases/revoke-force/{prefix...}"),
        force("revoke-force/{prefix...}"),
        prefix("leases/revoke-prefix/{prefix...}"),
        prefix("revoke-prefix/{prefix...}"),
        Route::new("leases/tidy", &[], "Clear away what is left of leases.").on(Update, tidy),
        Route::new("leases/count", STUCK_FIELDS, "Count leases that can't be revoked.").on(Read, count),
        Route::new("leases", STUCK_FIELDS, "List leases that can't be revoked.").on(Read, stuck),
    ]
}

fn lookup(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let id = matched.fields.text_or_empty("lease_id")?;
    if id.is_empty() {
        return Err(Failure::invalid("lease_id must be specified"));
    }
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let lease = active.leases.view(tx, &id)?.ok_or_else(|| Failure::invalid("invalid lease"))?;
    Ok(Response::data(lease.to_json(now)))
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    Response::keys(active.leases.list(tx, matched.fields.capture("prefix"), "", MAX_LISTED)?)
}

fn renew(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let id = lease_id(matched)?;
    let increment = matched.fields.duration("increment")?.unwrap_or_default();
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let renewed = active.leases.renew(tx, active, &id, increment, now)?;
    Ok(Response { warnings: renewed.warnings, lease: renewed.lease, ..Response::empty() })
}

fn revoke(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let id = lease_id(matched)?;
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    // What does not go at once is without effect from the commit on.
    let _ = active.leases.revoke(tx, active, &id, Force::No, now)?;
    revoked(matched)
}

fn revoke_prefix(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    revoke_all(backend, cx, matched, Force::No)?;
    revoked(matched)
}

fn revoke_force(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    revoke_all(backend, cx, matched, Force::Yes)?;
    Ok(Response::empty())
}

fn revoke_all(
    backend: &SystemBackend,
    cx: &mut Context<'_>,
    matched: &Matched<'_>,
    force: Force,
) -> Result<(), Failure> {
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let _ = active.leases.revoke_prefix(tx, active, matched.fields.capture("prefix"), force, now)?;
    Ok(())
}

fn revoked(matched: &Matched<'_>) -> Result<Response, Failure> {
    let completion = if matched.fields.flag("sync")?.unwrap_or(true) { Completion::Done } else { Completion::Accepted };
    Ok(Response { completion, ..Response::empty() })
}

fn tidy(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    active.leases.start_tidy(tx)?;
    let begun = "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";
    Ok(Response { completion: Completion::Accepted, ..Response::empty().warn(begun) })
}

fn count(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    if !asks_for_stuck(matched)? {
        return Err(Failure::NotFound);
    }
    let (tx, active) = cx.system(backend.access());
    let leases = active.leases.stuck(tx, MAX_LISTED)?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for lease in &leases {
        *counts.entry(accessor(active, lease)).or_default() += 1;
    }
    Ok(Response::data(json!({ "counts": counts, "lease_count": leases.len() })))
}

fn stuck(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    if !asks_for_stuck(matched)? {
        return Err(Failure::NotFound);
    }
    let limit = limit(&matched.fields.text_or_empty("limit")?)?;
    let (tx, active) = cx.system(backend.access());
    let mut leases = active.leases.stuck(tx, limit.map_or(MAX_LISTED, |limit| limit.saturating_add(1)))?;
    let cut = limit.is_some_and(|limit| leases.len() > limit);
    leases.truncate(limit.unwrap_or(usize::MAX));
    leases.sort_by(|one, other| (one.expire_time, &one.lease_id).cmp(&(other.expire_time, &other.lease_id)));
    let shown: Vec<Value> = leases
        .iter()
        .map(|lease| {
            json!({ "lease_id": lease.lease_id, "mount_id": accessor(active, lease), "error": lease.revoke_error })
        })
        .collect();
    let mut response = Response::data(json!({ "lease_count": shown.len(), "leases": shown }));
    if cut {
        response.warnings.push(
            "Command halted because many irrevocable leases were found. To emit the entire list, re-run the command with \
             force set true."
                .to_owned(),
        );
    }
    Ok(response)
}

fn asks_for_stuck(matched: &Matched<'_>) -> Result<bool, Failure> {
    Ok(matched.fields.text_or_empty("type")?.eq_ignore_ascii_case("irrevocable"))
}

/// `None`: all of them.
fn limit(text: &str) -> Result<Option<usize>, Failure> {
    if text.is_empty() {
        return Ok(Some(MAX_SHOWN));
    }
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let number: i64 = text.parse().map_err(|_| {
        Failure::Fault(format!("invalid 'limit' provided: strconv.Atoi: parsing {text:?}: invalid syntax"))
    })?;
    match usize::try_from(number) {
        Ok(limit) if limit > 0 => Ok(Some(limit)),
        _ => Err(Failure::Fault("limit must be 'none' or a positive integer".to_owned())),
    }
}

fn accessor(active: &Active, lease: &LeaseRecord) -> String {
    let routing = active.mounts.routing();
    let found = routing.find(&lease.path);
    found.map_or_else(|| "mount-accessor-not-found".to_owned(), |(mounted, _)| mounted.mount.accessor.clone())
}

fn lease_id<'a>(matched: &Matched<'a>) -> Result<std::borrow::Cow<'a, str>, Failure> {
    let (given, in_path) = (matched.fields.text_or_empty("lease_id")?, matched.fields.text_or_empty("url_lease_id")?);
    // The policy has decided on the one in the path.
    if !given.is_empty() && !in_path.is_empty() && given != in_path {
        return Err(Failure::invalid("the lease_id in the path and the one in the body are not the same"));
    }
    let id = if in_path.is_empty() { given } else { in_path };
    if id.is_empty() {
        return Err(Failure::invalid("lease_id must be specified"));
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_vault_reads_them() {
        assert_eq!(limit("").unwrap(), Some(MAX_SHOWN));
        assert_eq!(limit("NONE").unwrap(), None);
        assert_eq!(limit("7").unwrap(), Some(7));
        for wrong in ["0", "-1", "x", "1.5"] {
            assert!(matches!(limit(wrong), Err(Failure::Fault(_))), "{wrong}");
        }
    }
}
