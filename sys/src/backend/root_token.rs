//! `sys/generate-root-token`: a root token by callers with a token and shares; `sys/decode-token`. The same ceremony as
//! `sys/generate-root`, which needs no token.

use coffer_core::Operation::{Delete, Read, Update};
use coffer_core::ceremony::{CeremonyError, CeremonyKind};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::token::ROOT_TOKEN_LEN;
use coffer_core::{Context, Failure, Response};
use coffer_seal::{
    GenerateRootStatus, GenerateRootStep, KeyShare, SEAL_CONFIG_PATH, SealConfig, TokenCover, decode_root_token,
};
use serde_json::{Value, json};

use super::SystemBackend;

const BEGIN_FIELDS: &[Field] = &[
    Field::new("otp", Kind::Text, "As many characters as the token has; made where it is left out."),
    Field::new("pgp_key", Kind::Text, "Not built; must be left out."),
];

const SHARE_FIELDS: &[Field] =
    &[Field::new("key", Kind::Text, "A share."), Field::new("nonce", Kind::Text, "The run that it is meant for.")];

const DECODE_FIELDS: &[Field] = &[
    Field::new("encoded_token", Kind::Text, "The token as it was given out."),
    Field::new("otp", Kind::Text, "The characters it was encoded with."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("generate-root-token/attempt", BEGIN_FIELDS, "A root token: how far it is, begin, cancel.")
            .on(Read, read)
            .on(Update, begin)
            .on(Delete, cancel),
        Route::new("generate-root-token/update", SHARE_FIELDS, "Give a share.").on(Update, provide),
        Route::new("decode-token", DECODE_FIELDS, "Decode a root token.").on(Update, decode),
    ]
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    status(backend, cx, "").map(Response::data)
}

fn begin(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (otp, pgp) = (matched.fields.text_or_empty("otp")?, matched.fields.text_or_empty("pgp_key")?);
    let cover = match (otp.as_ref(), pgp.as_ref()) {
        ("", "") => TokenCover::NewOtp,
        (otp, "") => TokenCover::Otp(otp),
        _ => TokenCover::Pgp,
    };
    let (tx, active) = cx.system(backend.access());
    let start = || active.ceremonies.start_generate_root(cover, ROOT_TOKEN_LEN);
    let started = matched.call.request.once.run(start).map_err(|error| Failure::Invalid(error.to_string()))?;
    CeremonyKind::GenerateRoot.note(tx, active, started.nonce.to_string())?;
    status(backend, cx, started.otp.as_deref().map_or("", |otp| otp)).map(Response::data)
}

fn cancel(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    active.ceremonies.cancel_generate_root();
    CeremonyKind::GenerateRoot.forget(tx)?;
    Ok(Response::empty())
}

fn provide(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (nonce, key) = (matched.fields.text_or_empty("nonce")?, matched.fields.text_or_empty("key")?);
    for (name, value) in [("nonce", &nonce), ("key", &key)] {
        if value.is_empty() {
            return Err(Failure::Invalid(format!("{name} is required")));
        }
    }
    let share = KeyShare::parse(&key).map_err(|error| Failure::Fault(error.to_string()))?;
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    // A refusal is kept as well: the share may have been the last, and the progress is gone.
    let taken = matched.call.request.once.run(|| match active.ceremonies.provide_generate_root(tx, share, &nonce) {
        Ok(step) => Ok(Ok(step)),
        Err(CeremonyError::Refused(error)) => {
            let lost = CeremonyKind::GenerateRoot.fate_of_last(active).unwrap_or_default();
            Ok(Err(format!("{error}{lost}")))
        }
        Err(CeremonyError::Failure(failure)) => Err(failure),
    })?;
    // OpenBao, where this path comes from, answers 500 to every share that it does not take.
    let step = taken.map_err(Failure::Fault)?;
    let config = tx.get_clear(SEAL_CONFIG_PATH)?.ok_or(Failure::Uninitialized)?;
    let required = SealConfig::read(&config).map_err(Failure::internal)?.threshold();
    let answer = |progress: usize, encoded: &str| {
        Response::data(json!({
            "started": true,
            "complete": progress == required,
            "progress": progress,
            "required": required,
            "nonce": nonce,
            "encoded_token": encoded,
            "pgp_fingerprint": "",
        }))
    };
    Ok(match step {
        GenerateRootStep::Incomplete(status) => answer(status.progress, ""),
        GenerateRootStep::Authorized(permit) => {
            CeremonyKind::GenerateRoot.forget(tx)?;
            let token = active.tokens.create_root(tx, None, now)?;
            answer(required, &permit.encode(token.id.expose()).map_err(Failure::internal)?)
        }
    })
}

fn decode(_: &SystemBackend, _: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (encoded, otp) = (matched.fields.text_or_empty("encoded_token")?, matched.fields.text_or_empty("otp")?);
    if encoded.is_empty() || otp.is_empty() {
        return Err(Failure::invalid("provided 'encoded_token' or 'otp' is empty"));
    }
    let token = decode_root_token(&encoded, &otp).map_err(|error| Failure::Invalid(error.to_string()))?;
    Ok(Response::data(json!({ "token": token.as_str() })))
}

fn status(backend: &SystemBackend, cx: &mut Context<'_>, otp: &str) -> Result<Value, Failure> {
    let (tx, active) = cx.system(backend.access());
    let config = tx.get_clear(SEAL_CONFIG_PATH)?.ok_or(Failure::Uninitialized)?;
    let required = SealConfig::read(&config).map_err(Failure::internal)?.threshold();
    Ok(running(required, otp, active.ceremonies.generate_root_status()))
}

fn running(required: usize, otp: &str, status: Option<GenerateRootStatus>) -> Value {
    let mut shown = json!({
        "started": status.is_some(),
        "complete": false,
        "progress": status.map_or(0, |status| status.progress),
        "required": required,
        "otp": otp,
        "otp_length": ROOT_TOKEN_LEN,
    });
    if let Some(status) = status {
        shown["nonce"] = json!(status.nonce.to_string());
        shown["pgp_fingerprint"] = json!("");
    }
    shown
}
