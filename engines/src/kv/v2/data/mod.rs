//! `data/`, `delete/`, `undelete/`, `destroy/` and `subkeys/`: the versions of secrets.

mod check_and_set;
mod delete;
mod merge_patch;
mod patch;
mod read;
mod subkeys;
mod write;

use serde_json::{Map, Value, json};

use super::moment::shown;
use super::records::{KeyMetadata, VersionMetadata};

/// What is shown of a version beside its data.
fn facts(number: u64, version: &VersionMetadata, key: &KeyMetadata) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("version".to_owned(), number.into());
    facts.insert("created_time".to_owned(), shown(version.created_time).into());
    facts.insert("deletion_time".to_owned(), shown(version.deletion_time).into());
    facts.insert("destroyed".to_owned(), version.destroyed.into());
    facts.insert("custom_metadata".to_owned(), custom_metadata(key));
    facts
}

/// `null` where there is none.
pub(super) fn custom_metadata(key: &KeyMetadata) -> Value {
    if key.custom_metadata.is_empty() { Value::Null } else { json!(key.custom_metadata) }
}
