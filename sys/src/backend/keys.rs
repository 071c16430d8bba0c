//! `sys/key-status`, `sys/rotate`: the keys that the storage is encrypted with, and their replacement.

use std::time::Duration;

use coffer_core::Operation::{Read, Update};
use coffer_core::framework::{Field, Kind, Matched, Route};
use coffer_core::{Context, Failure, Response, Timestamp};
use coffer_seal::{SetRotationError, UNSEAL_KEY_PATH};
use serde_json::{Value, json};

use super::SystemBackend;

const CONFIG_FIELDS: &[Field] = &[
    Field::new("enabled", Kind::Bool, "Rotate by itself."),
    Field::new("max_operations", Kind::Int, "Encryptions after which the key is replaced."),
    Field::new("interval", Kind::Duration, "Age at which the key is replaced; 0 for never."),
];

pub(super) fn routes() -> Vec<Route<SystemBackend>> {
    let config = |pattern| {
        Route::new(pattern, CONFIG_FIELDS, "When the encryption key is replaced by itself.")
            .on(Read, config)
            .on(Update, set_config)
    };
    vec![
        Route::new("key-status", &[], "The encryption key in use.").on(Read, status),
        Route::new("rotate", &[], "Replace the encryption key.").on(Update, rotate),
        Route::new("rotate/keyring", &[], "Replace the encryption key.").on(Update, rotate),
        config("rotate/config"),
        config("rotate/keyring/config"),
        Route::new("rotate/root", &[], "Replace the root key; the shares stay.").on(Update, rotate_root),
    ]
}

fn status(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let key = active.barrier.key_status();
    Ok(Response::doubled(json!({
        "term": key.term,
        "install_time": Timestamp::from(key.install_time),
        "encryptions": key.encryptions,
    })))
}

/// What lies under the old key stays readable, and is written under the new one when it is next written.
fn rotate(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let now = cx.now();
    let (tx, active) = cx.system(backend.access());
    let change = active.barrier.plan_rotation(now.into()).map_err(Failure::internal)?;
    tx.put_keyring_change(&change)?;
    tracing::info!(term = change.term(), "rotating the encryption key as asked");
    Ok(Response::empty())
}

fn rotate_root(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (tx, active) = cx.system(backend.access());
    let unseal_key = tx.get_clear(UNSEAL_KEY_PATH)?.ok_or_else(|| {
        Failure::invalid("the unseal key does not lie behind the barrier: rekey with the shares instead")
    })?;
    let change = active.barrier.plan_root_rotation(&unseal_key).map_err(Failure::internal)?;
    tx.put_keyring_change(&change)?;
    Ok(Response::empty())
}

fn config(backend: &SystemBackend, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
    let (_, active) = cx.system(backend.access());
    let config = active.barrier.rotation_config();
    Ok(Response::data(json!({
        "enabled": config.enabled,
        "max_operations": config.max_operations,
        "interval": config.interval.map_or(json!(0), go_duration),
    })))
}

fn set_config(backend: &SystemBackend, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
    let fields = &matched.fields;
    let (tx, active) = cx.system(backend.access());
    let mut config = active.barrier.rotation_config();
    if let Some(enabled) = fields.flag("enabled")? {
        config.enabled = enabled;
    }
    if let Some(operations) = fields.int("max_operations")? {
        config.max_operations = operations;
    }
    if let Some(interval) = fields.duration("interval")? {
        config.interval = Some(interval).filter(|interval| !interval.is_zero());
    }
    let change = active.barrier.plan_rotation_config(config).map_err(|error| match error {
        SetRotationError::Bounds(bounds) => Failure::Invalid(bounds.to_string()),
        SetRotationError::Write(error) => Failure::internal(error),
    })?;
    if let Some(change) = change {
        tx.put_keyring_change(&change)?;
    }
    Ok(Response::empty())
}

/// Whole seconds as Go prints them: `48h0m0s`.
fn go_duration(span: Duration) -> Value {
    let seconds = span.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    json!(match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_printed_as_go_prints_them() {
        for (seconds, shown) in [(48 * 3600, "48h0m0s"), (90, "1m30s"), (5, "5s"), (3600, "1h0m0s")] {
            assert_eq!(go_duration(Duration::from_secs(seconds)), shown);
        }
    }
}
