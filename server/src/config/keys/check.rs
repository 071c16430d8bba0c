//! Holds a block against its table.

use std::path::Path;

use coffer_hcl::{Body, ValueKind};

use super::{Scope, Standing};
use crate::config::problem::{ConfigError, Warning};

/// Refuses keys that nobody knows and protections that are not built; collects a warning for each key without use.
pub(crate) fn check(scope: &Scope, file: &Path, body: &Body, warnings: &mut Vec<Warning>) -> Result<(), ConfigError> {
    for item in body.items() {
        let (name, position) = (item.key.text.as_str(), item.key.position);
        match scope.keys.iter().find(|(known, _)| *known == name).map(|(_, standing)| *standing) {
            Some(Standing::Used) => {}
            Some(Standing::Unused(reason)) => {
                let message = format!("{}{name:?} has no effect: {reason}", of(scope));
                warnings.push(Warning::at(file, position, message));
            }
            Some(Standing::Guarded(_)) if is_off(&item.value.kind) => {}
            Some(Standing::Guarded(instead)) => {
                let message = format!(
                    "{}{name:?} is not built yet, and ignoring it would weaken a protection: {instead}",
                    of(scope)
                );
                return Err(ConfigError::at(file, position, message));
            }
            None => return Err(ConfigError::at(file, position, unknown(scope, name))),
        }
    }
    Ok(())
}

fn of(scope: &Scope) -> String {
    if scope.name.is_empty() { String::new() } else { format!("{}: ", scope.name) }
}

fn unknown(scope: &Scope, name: &str) -> String {
    let nearest = scope
        .keys
        .iter()
        .map(|(known, _)| (strsim::damerau_levenshtein(known, &name.to_ascii_lowercase()), *known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= known.len().max(name.len()).div_ceil(3));
    match nearest {
        Some((_, known)) => format!("{}unknown key {name:?}: did you mean {known:?}?", of(scope)),
        None => format!("{}unknown key {name:?}", of(scope)),
    }
}

/// The value that leaves the protection off, as it is without the key.
fn is_off(kind: &ValueKind) -> bool {
    match kind {
        ValueKind::Null => true,
        ValueKind::Bool(on) => !on,
        ValueKind::Integer(number) => *number == 0,
        ValueKind::Float(number) => *number == 0.0,
        ValueKind::String(text) => coffer_hcl::parse_bool(text.trim()) == Some(false),
        ValueKind::List(values) => values.iter().all(|value| is_off(&value.kind)),
        ValueKind::Object(_) => false,
    }
}
