//! `sys/policies/password`: rules that passwords are made by.

mod generate;
mod rules;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use coffer_core::Operation::{Delete, List, Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response, Transaction};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::SystemBackend;
use rules::PasswordRules;

const PREFIX: &str = "sys/password_policy/";

/// Policies there may be.
const MAX_POLICIES: usize = 10_000;

const FIELDS: &[Field] = &[
    Field::new("name", Kind::Text, "Name of the policy."),
    Field::new("policy", Kind::Text, "The rules in HCL or JSON, plain or in base64."),
];

/// As Vault stores it.
#[derive(Serialize, Deserialize)]
struct Stored {
    policy: String,
}

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("policies/password/?", &[], "List the password policies.").on(List, list),
        Route::new("policies/password/{name...}", FIELDS, "Make a password.").only_suffix("/generate").on(Read, make),
        Route::new("policies/password/{name...}", FIELDS, "A password policy.")
            .on(Read, read)
            .on(Update, write)
            .on(Delete, delete),
    ]
}

fn list(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let keys = tx.scan(PREFIX, "", MAX_POLICIES)?;
    Response::keys(keys.into_iter().map(|key| key[PREFIX.len()..].to_owned()).collect())
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    Ok(Response::data(json!({ "policy": find(tx, matched)? })))
}

fn write(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let given = matched.fields.text_or_empty("policy")?;
    if given.is_empty() {
        return Err(Failure::Invalid(in_vaults_frame("missing policy")));
    }
    let decoded = STANDARD.decode(given.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let policy = decoded.unwrap_or_else(|| given.into_owned());
    PasswordRules::parse(&policy).map_err(|wrong| Failure::Invalid(in_vaults_frame(&wrong.to_string())))?;
    let (tx, _) = cx.system(backend.access());
    tx.put_json(key(matched), &Stored { policy })?;
    Ok(Response::empty())
}

fn delete(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    tx.delete(key(matched));
    Ok(Response::empty())
}

fn make(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, _) = cx.system(backend.access());
    let rules = PasswordRules::parse(&find(tx, matched)?)
        .map_err(|_| Failure::Fault("stored password policy configuration failed to parse".to_owned()))?;
    let password = generate::password(&rules).map_err(Failure::internal)?;
    Ok(Response::data(json!({ "password": password.as_str() })))
}

fn find(tx: &mut Transaction, matched: &Matched<'_>) -> Result<String, Failure> {
    let stored: Option<Stored> = tx.get_json(&key(matched))?;
    let missing = || Failure::NotFoundBecause(in_vaults_frame("policy does not exist"));
    Ok(stored.ok_or_else(missing)?.policy)
}

fn key(matched: &Matched<'_>) -> String {
    format!("{PREFIX}{}", matched.fields.capture("name"))
}

/// Vault lets its router word these refusals.
fn in_vaults_frame(text: &str) -> String {
    format!("1 error occurred:\n\t* {text}\n\n")
}
