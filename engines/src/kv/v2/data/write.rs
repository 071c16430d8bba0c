//! PUT and POST of a secret: the next version.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{check_and_set, facts};
use crate::kv::v2::Versioned;
use crate::kv::v2::fields::{SentMap, sent_map};
use crate::kv::v2::moment::ProtoTimestamp;
use crate::kv::v2::records::{Configuration, KeyMetadata};
use crate::kv::v2::secret_path::SecretPath;
use crate::kv::v2::space::Space;
use crate::kv::v2::version_data::encode;
use crate::plaintext::to_json;

impl Versioned {
    pub(in crate::kv::v2) fn write_data(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let key = SecretPath::for_write(matched.fields.capture("path"))?;
        let json = match sent_map(&matched.fields, "data")?.ok_or_else(no_data)? {
            SentMap::Object(data) => to_json(&*data)?,
            SentMap::Null => to_json(&Value::Null)?,
        };
        let config = self.config(cx)?;
        let mut space = self.space_for_write(cx)?;
        let metadata = space.metadata(key)?.unwrap_or_else(|| KeyMetadata::new(key.text()));
        check_and_set::check(&matched.fields, &config, &metadata)?;
        add_version(&mut space, &config, key, metadata, json)
    }
}

pub(super) fn no_data() -> Failure {
    Failure::invalid("no data provided")
}

/// Stores the next version of a key, removes those that leave the window, and tells of the new one.
pub(super) fn add_version(
    space: &mut Space<'_, '_>,
    config: &Configuration,
    key: SecretPath<'_>,
    mut metadata: KeyMetadata,
    json: Zeroizing<Vec<u8>>,
) -> Result<Response, Failure> {
    let now = space.now();
    let deletion_time = config.deletion_time(&metadata, now);
    let left = metadata.add_version(config, now, deletion_time);
    let number = metadata.current_version;
    space.put_version(key, number, encode(&json, ProtoTimestamp::from(now), deletion_time));
    space.put_metadata(key, &metadata)?;
    left.into_iter().for_each(|number| space.delete_version(key, number));
    let version = metadata.versions.get(&number).cloned().unwrap_or_default();
    Ok(Response::data(Value::Object(facts(number, &version, &metadata))))
}
