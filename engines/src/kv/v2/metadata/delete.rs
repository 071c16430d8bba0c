//! DELETE of a key: with all its versions, for good.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};

use crate::kv::v2::Versioned;
use crate::kv::v2::secret_path::SecretPath;

impl Versioned {
    pub(in crate::kv::v2) fn delete_metadata(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let Some(key) = SecretPath::parse(matched.fields.capture("path")) else { return Ok(Response::empty()) };
        let Some(mut space) = self.space(cx)? else { return Ok(Response::empty()) };
        let Some(metadata) = space.metadata(key)? else { return Ok(Response::empty()) };
        metadata.versions.keys().for_each(|number| space.delete_version(key, *number));
        space.delete_metadata(key)?;
        Ok(Response::empty())
    }
}
