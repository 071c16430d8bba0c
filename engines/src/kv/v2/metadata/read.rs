//! GET of a key's metadata.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};
use serde_json::{Map, Value, json};

use crate::kv::v2::Versioned;
use crate::kv::v2::data::custom_metadata;
use crate::kv::v2::moment::{shown, span_shown};
use crate::kv::v2::records::KeyMetadata;
use crate::kv::v2::secret_path::SecretPath;

impl Versioned {
    pub(in crate::kv::v2) fn read_metadata(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let key = SecretPath::parse(matched.fields.capture("path")).ok_or(Failure::NotFound)?;
        let mut space = self.space(cx)?.ok_or(Failure::NotFound)?;
        let metadata = space.peek_metadata(key)?.ok_or(Failure::NotFound)?;
        Ok(Response::data(shape(&metadata)))
    }
}

/// Metadata as it is shown.
pub(super) fn shape(metadata: &KeyMetadata) -> Value {
    let versions: Map<String, Value> = metadata
        .versions
        .iter()
        .map(|(number, version)| {
            let facts = json!({
                "created_time": shown(version.created_time),
                "deletion_time": shown(version.deletion_time),
                "destroyed": version.destroyed,
            });
            (number.to_string(), facts)
        })
        .collect();
    json!({
        "versions": versions,
        "current_version": metadata.current_version,
        "current_metadata_version": metadata.current_metadata_version,
        "oldest_version": metadata.oldest_version,
        "created_time": shown(metadata.created_time),
        "updated_time": shown(metadata.updated_time),
        "max_versions": metadata.max_versions,
        "cas_required": metadata.cas_required,
        "metadata_cas_required": metadata.metadata_cas_required,
        "delete_version_after": span_shown(metadata.delete_version_after),
        "custom_metadata": custom_metadata(metadata),
    })
}
