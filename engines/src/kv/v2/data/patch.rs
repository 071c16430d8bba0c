//! PATCH of a secret: the current version with what is sent merged in, as the next one.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Payload, Response};
use serde_json::Value;

use super::write::{add_version, no_data};
use super::{check_and_set, facts, merge_patch};
use crate::kv::v2::Versioned;
use crate::kv::v2::fields::{SentMap, sent_map};
use crate::kv::v2::key_window::VersionState;
use crate::kv::v2::secret_path::SecretPath;
use crate::kv::v2::version_data::json_of;
use crate::plaintext::{from_json, to_json};

impl Versioned {
    pub(in crate::kv::v2) fn patch_data(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let patch = sent_map(&matched.fields, "data")?.ok_or_else(no_data)?;
        let key = SecretPath::for_write(matched.fields.capture("path"))?;
        let config = self.config(cx)?;
        let mut space = self.space(cx)?.ok_or_else(nothing)?;
        let metadata = space.metadata(key)?.ok_or_else(nothing)?;
        check_and_set::check(&matched.fields, &config, &metadata)?;
        let number = metadata.current_version;
        let version = metadata.versions.get(&number).ok_or_else(nothing)?;
        if version.state(space.now()) != VersionState::Live {
            let facts = Value::Object(facts(number, version, &metadata));
            return Err(Failure::Gone(Box::new(Response::data(facts))));
        }
        let stored =
            space.version(key, number)?.ok_or_else(|| Failure::Internal("could not find version data".to_owned()))?;
        let data = from_json(json_of(&stored)?)?.ok_or_else(|| Failure::Fault("resource does not exist".to_owned()))?;
        let mut data = Payload::from(data);
        match patch {
            SentMap::Object(patch) => merge_patch::merge(data.map_mut(), &patch),
            SentMap::Null => {}
        }
        add_version(&mut space, &config, key, metadata, to_json(data.map())?)
    }
}

/// Nothing to patch: 404 without a body.
fn nothing() -> Failure {
    Failure::Gone(Box::new(Response::empty()))
}
