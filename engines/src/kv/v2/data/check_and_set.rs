//! Whether a write replaces what its sender thinks it does.

use coffer_core::Failure;
use coffer_core::framework::Fields;

use crate::kv::v2::fields::{SentMap, loose_int, sent_map};
use crate::kv::v2::records::{Configuration, KeyMetadata};

/// An error where `cas` does not match, or is missing and the mount or the key demands it.
pub(super) fn check(fields: &Fields<'_>, config: &Configuration, key: &KeyMetadata) -> Result<(), Failure> {
    let options = sent_map(fields, "options")?;
    let cas = match &options {
        Some(SentMap::Object(options)) => options.get("cas"),
        Some(SentMap::Null) | None => None,
    };
    let refused = |text: &str| Err(Failure::CheckAndSet(text.to_owned()));
    match cas {
        Some(value) => match loose_int(value).map(u64::try_from) {
            None => Err(Failure::invalid("error parsing check-and-set parameter")),
            Some(Ok(wanted)) if wanted == key.current_version => Ok(()),
            Some(_) => refused("check-and-set parameter did not match the current version"),
        },
        None if config.cas_required || key.cas_required => refused("check-and-set parameter required for this call"),
        None => Ok(()),
    }
}
