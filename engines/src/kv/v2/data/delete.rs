//! Deleting versions softly, taking that back, and destroying them.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};

use crate::kv::v2::Versioned;
use crate::kv::v2::fields::sent_versions;
use crate::kv::v2::key_window::VersionState;
use crate::kv::v2::moment::ProtoTimestamp;
use crate::kv::v2::records::KeyMetadata;
use crate::kv::v2::secret_path::SecretPath;
use crate::kv::v2::space::Space;

impl Versioned {
    /// DELETE of a secret: its current version.
    pub(in crate::kv::v2) fn delete_data(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        self.change(cx, matched, |metadata, space, _| {
            let current = metadata.current_version;
            mark_deleted(metadata, space, &[current]);
        })
    }

    /// POST to `delete/`.
    pub(in crate::kv::v2) fn delete_versions(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let numbers = sent_versions(&matched.fields, "No version number provided")?;
        self.change(cx, matched, |metadata, space, _| mark_deleted(metadata, space, &numbers))
    }

    /// POST to `undelete/`. A version that ends by itself gets its whole life again.
    pub(in crate::kv::v2) fn undelete_versions(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let numbers = sent_versions(&matched.fields, "No version number provided")?;
        let config = self.config(cx)?;
        self.change(cx, matched, |metadata, space, _| {
            let deletion_time = config.deletion_time(metadata, space.now());
            for number in &numbers {
                if let Some(version) = metadata.versions.get_mut(number).filter(|version| !version.destroyed) {
                    version.deletion_time = deletion_time;
                }
            }
        })
    }

    /// POST to `destroy/`.
    pub(in crate::kv::v2) fn destroy_versions(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let numbers = sent_versions(&matched.fields, "no version number provided")?;
        self.change(cx, matched, |metadata, space, key| {
            for number in &numbers {
                if let Some(version) = metadata.versions.get_mut(number) {
                    version.destroyed = true;
                    space.delete_version(key, *number);
                }
            }
        })
    }

    /// Changes the metadata of a key; no error where there is no such key.
    fn change(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
        change: impl FnOnce(&mut KeyMetadata, &mut Space<'_, '_>, SecretPath<'_>),
    ) -> Result<Response, Failure> {
        let Some(key) = SecretPath::parse(matched.fields.capture("path")) else { return Ok(Response::empty()) };
        let Some(mut space) = self.space(cx)? else { return Ok(Response::empty()) };
        let Some(before) = space.metadata(key)? else { return Ok(Response::empty()) };
        let mut metadata = before.clone();
        change(&mut metadata, &mut space, key);
        if metadata != before {
            space.put_metadata(key, &metadata)?;
        }
        Ok(Response::empty())
    }
}

fn mark_deleted(metadata: &mut KeyMetadata, space: &Space<'_, '_>, numbers: &[u64]) {
    let now = space.now();
    for number in numbers {
        if let Some(version) =
            metadata.versions.get_mut(number).filter(|version| version.state(now) == VersionState::Live)
        {
            version.deletion_time = Some(ProtoTimestamp::from(now));
        }
    }
}
