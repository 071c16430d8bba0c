//! `sys/rotate/root`: new shares for the root key, by callers with a token and the present shares. The same ceremony as
//! `sys/rekey`, which needs no token.

use coffer_core::Operation::{Delete, Read, Update};
use coffer_core::active::Active;
use coffer_core::ceremony::{CeremonyError, CeremonyKind};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Afterwards, Context, Failure, Response};
use coffer_seal::{
    Fault, KeyShare, RekeyError, RekeyRequest, RekeyStatus, RekeyStep, RekeyVerifyError, SEAL_CONFIG_PATH, SealConfig,
    VerificationStatus, VerifyStep,
};
use serde_json::{Value, json};

use super::SystemBackend;

const INIT_FIELDS: &[Field] = &[
    Field::new("secret_shares", Kind::Int, "How many shares there shall be."),
    Field::new("secret_threshold", Kind::Int, "How many of them open the server."),
    Field::new("require_verification", Kind::Bool, "The new shares must be given back before they count."),
    Field::new("pgp_keys", Kind::CommaList, "Not built; must be left out."),
    Field::new("backup", Kind::Bool, "Not built; must be left out."),
];

const SHARE_FIELDS: &[Field] =
    &[Field::new("key", Kind::Text, "A share."), Field::new("nonce", Kind::Text, "The run that it is meant for.")];

const NO_BACKUP: &str = "no backed-up keys found";
const NO_RECOVERY: &str = "recovery keys not supported";

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    vec![
        Route::new("rotate/root/init", INIT_FIELDS, "New shares: how far it is, begin, cancel.")
            .on(Read, read)
            .on(Update, begin)
            .on(Delete, cancel),
        Route::new("rotate/root/update", SHARE_FIELDS, "Give a present share.").on(Update, provide),
        Route::new("rotate/root/verify", SHARE_FIELDS, "Give a new share back.")
            .on(Read, verification)
            .on(Update, verify)
            .on(Delete, restart_verification),
        backup("rotate/root/backup"),
        backup("rekey/backup"),
        backup("rekey/recovery-key-backup"),
        backup("rotate/recovery/backup"),
        recovery("rotate/recovery/init"),
        recovery("rotate/recovery/update"),
        recovery("rotate/recovery/verify"),
    ]
}

/// Shares are only ever backed up encrypted with PGP keys, which are not built: there are none.
fn backup(pattern: &'static str) -> Route<SystemBackend> {
    Route::new(pattern, &[], "Shares that were backed up.")
        .on(Read, |_, _, _| Err(Failure::invalid(NO_BACKUP)))
        .on(Delete, |_, _, _| Ok(Response::empty()))
}

/// A Shamir seal has no recovery keys.
fn recovery(pattern: &'static str) -> Route<SystemBackend> {
    Route::new(pattern, SHARE_FIELDS, "Recovery keys, which a Shamir seal has none of.")
        .on(Read, |_, _, _| Err(Failure::invalid(NO_RECOVERY)))
        .on(Update, |_, _, _| Err(Failure::invalid(NO_RECOVERY)))
        .on(Delete, |_, _, _| Err(Failure::invalid(NO_RECOVERY)))
}

fn read(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    status(backend, cx).map(Response::data)
}

fn begin(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let request = RekeyRequest {
        secret_shares: fields.int("secret_shares")?.unwrap_or_default(),
        secret_threshold: fields.int("secret_threshold")?.unwrap_or_default(),
        pgp_keys: fields.list("pgp_keys")?.unwrap_or_default().len(),
        backup: fields.flag("backup")?.unwrap_or_default(),
        verification_required: fields.flag("require_verification")?.unwrap_or_default(),
    };
    let (tx, active) = cx.system(backend.access());
    let started = matched.call.request.once.run(|| active.ceremonies.start_rekey(&request));
    let started = started.map_err(|error| match error {
        // Vault blames itself for it on the old path, and the caller here.
        RekeyError::Config(_) => Failure::Invalid(in_words_of_rotation(&error)),
        error => refused(error.fault(), &error),
    })?;
    CeremonyKind::Rekey.note(tx, active, started.nonce.to_string())?;
    status(backend, cx).map(Response::data)
}

fn cancel(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    active.ceremonies.cancel_rekey();
    CeremonyKind::Rekey.forget(tx)?;
    Ok(Response::empty())
}

fn provide(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (share, nonce) = share(matched)?;
    let (tx, active) = cx.system(backend.access());
    // A refusal is kept as well: the share may have been the last, and the progress is gone.
    let taken = matched.call.request.once.run(|| match active.ceremonies.provide_rekey(tx, share, &nonce) {
        Ok(step) => Ok(Ok(step)),
        Err(CeremonyError::Refused(error)) => Ok(Err(Refused::of(error.fault(), &error).or_lost(active))),
        Err(CeremonyError::Failure(failure)) => Err(failure),
    })?;
    let step = taken?;
    Ok(match step {
        RekeyStep::Incomplete(_) => Response::data(status(backend, cx)?),
        RekeyStep::ToVerify { nonce, shares, verification_nonce } => {
            Response::data(new_shares(&nonce.to_string(), &shares, &verification_nonce.to_string()))
        }
        RekeyStep::Complete { nonce, shares, change } => {
            CeremonyKind::Rekey.forget(tx)?;
            Response {
                afterwards: Afterwards::ChangeKeys(Box::new(change)),
                ..Response::data(new_shares(&nonce.to_string(), &shares, ""))
            }
        }
    })
}

fn verification(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let standing = active.ceremonies.verification_status();
    standing.map(|standing| Response::data(shown(&standing))).map_err(verification_refused)
}

fn restart_verification(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let standing = active.ceremonies.restart_verification();
    standing.map(|standing| Response::data(shown(&standing))).map_err(verification_refused)
}

fn verify(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let (share, nonce) = share(matched)?;
    let (tx, active) = cx.system(backend.access());
    let taken = matched.call.request.once.run(|| {
        let taken = active.ceremonies.verify_rekey(tx, share, &nonce);
        Ok::<_, Failure>(taken.map_err(|error| Refused::of(error.fault(), &error).or_lost(active)))
    })?;
    Ok(match taken? {
        VerifyStep::Incomplete(standing) => Response::data(shown(&standing)),
        VerifyStep::Complete { nonce, change } => {
            CeremonyKind::Rekey.forget(tx)?;
            Response {
                afterwards: Afterwards::ChangeKeys(Box::new(change)),
                ..Response::data(json!({ "nonce": nonce.to_string(), "complete": true }))
            }
        }
    })
}

fn status(backend: &SystemBackend, cx: &mut Context<'_>) -> Result<Value, Failure> {
    let (tx, active) = cx.system(backend.access());
    let config = tx.get_clear(SEAL_CONFIG_PATH)?.ok_or(Failure::Uninitialized)?;
    let required = SealConfig::read(&config).map_err(Failure::internal)?.threshold();
    Ok(running(required, active.ceremonies.rekey_status()))
}

fn running(required: usize, status: Option<RekeyStatus>) -> Value {
    let Some(status) = status else { return json!({ "started": false, "n": 0, "t": 0, "required": required }) };
    json!({
        "nonce": status.nonce.to_string(),
        "started": true,
        "n": status.config.shares(),
        "t": status.config.threshold(),
        "progress": status.progress,
        "required": required,
        "verification_required": status.verification_required,
        "verification_nonce": status.verification_nonce.map(|nonce| nonce.to_string()).unwrap_or_default(),
    })
}

fn new_shares(nonce: &str, shares: &[KeyShare], verification_nonce: &str) -> Value {
    json!({
        "nonce": nonce,
        "complete": true,
        "keys": shares.iter().map(|share| share.to_hex().to_string()).collect::<Vec<_>>(),
        "keys_base64": shares.iter().map(|share| share.to_base64().to_string()).collect::<Vec<_>>(),
        "pgp_fingerprints": null,
        "backup": false,
        "verification_required": !verification_nonce.is_empty(),
        "verification_nonce": verification_nonce,
    })
}

fn shown(standing: &VerificationStatus) -> Value {
    json!({
        "nonce": standing.nonce.map(|nonce| nonce.to_string()).unwrap_or_default(),
        "started": standing.nonce.is_some(),
        "n": standing.config.shares(),
        "t": standing.config.threshold(),
        "progress": standing.progress,
    })
}

fn share<'a>(matched: &Matched<'a>) -> Result<(KeyShare, std::borrow::Cow<'a, str>), Failure> {
    let (key, nonce) = (matched.fields.text_or_empty("key")?, matched.fields.text_or_empty("nonce")?);
    for (name, value) in [("key", &key), ("nonce", &nonce)] {
        if value.is_empty() {
            return Err(Failure::Invalid(format!("missing required field '{name}'")));
        }
    }
    let share = KeyShare::parse(&key).map_err(|error| Failure::Invalid(error.to_string()))?;
    Ok((share, nonce))
}

fn verification_refused(error: RekeyVerifyError) -> Failure {
    refused(error.fault(), &error)
}

fn refused(fault: Fault, error: &dyn std::error::Error) -> Failure {
    Refused::of(fault, error).into()
}

/// A refusal that a second run of the request can tell again.
#[derive(Clone)]
struct Refused {
    fault: Fault,
    text: String,
}

impl Refused {
    fn of(fault: Fault, error: &dyn std::error::Error) -> Self {
        Self { fault, text: in_words_of_rotation(error) }
    }

    /// With what became of the run that the share is for, where it was another leader's.
    fn or_lost(mut self, active: &Active) -> Self {
        if let Some(lost) = CeremonyKind::Rekey.fate_of_last(active) {
            self = Self { fault: Fault::Request, text: self.text + &lost };
        }
        self
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused.fault {
            Fault::Request => Self::Invalid(refused.text),
            Fault::Server => Self::Fault(refused.text),
        }
    }
}

fn in_words_of_rotation(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    text.replace("barrier rekey", "rotation").replace("rekey operation", "rotation").replace("rekey", "rotation")
}
