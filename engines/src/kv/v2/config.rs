//! `config`: settings of the mount.

use coffer_core::framework::Matched;
use coffer_core::{Context, Failure, Response};
use prost::Message;
use serde_json::json;

use super::Versioned;
use super::fields::{sent_flag, sent_int};
use super::key_window::NEVER_DELETE;
use super::moment::{ProtoDuration, span_shown};
use super::records::Configuration;

/// The record, or the default where there is none.
pub(super) fn load(stored: Option<&Vec<u8>>) -> Result<Configuration, Failure> {
    let Some(bytes) = stored else { return Ok(Configuration::default()) };
    Configuration::decode(&bytes[..])
        .map_err(|_| Failure::Internal("the configuration of a kv mount is not the record it should be".to_owned()))
}

impl Versioned {
    pub(super) fn read_config(&self, cx: &mut Context<'_>, _: &Matched<'_>) -> Result<Response, Failure> {
        let config = self.config(cx)?;
        Ok(Response::data(json!({
            "max_versions": config.max_versions,
            "cas_required": config.cas_required,
            "metadata_cas_required": config.metadata_cas_required,
            "delete_version_after": span_shown(config.delete_version_after),
        })))
    }

    pub(super) fn write_config(&self, cx: &mut Context<'_>, matched: &Matched<'_>) -> Result<Response, Failure> {
        let fields = &matched.fields;
        let max_versions = sent_int(fields, "max_versions")?;
        let cas_required = sent_flag(fields, "cas_required")?;
        let metadata_cas_required = sent_flag(fields, "metadata_cas_required")?;
        let delete_version_after = fields.signed_seconds("delete_version_after")?;
        let settings = [max_versions.is_some(), cas_required.is_some(), metadata_cas_required.is_some()];
        if !settings.contains(&true) && delete_version_after.is_none() {
            return Ok(Response::empty());
        }

        // Read guarded, not from the cache: two changes of different settings must both last.
        let path = self.layout.config();
        let mut config = load(cx.get(&path)?.as_deref())?;
        if let Some(number) = max_versions {
            // Vault keeps the lower 32 bits.
            config.max_versions = number as u32;
        }
        if let Some(required) = cas_required {
            config.cas_required = required;
        }
        if let Some(required) = metadata_cas_required {
            config.metadata_cas_required = required;
        }
        match delete_version_after {
            None => {}
            Some(0) => config.delete_version_after = None,
            Some(..0) => config.delete_version_after = Some(NEVER_DELETE),
            Some(seconds) => config.delete_version_after = Some(ProtoDuration::from_seconds(seconds)),
        }
        cx.put(&path, config.encode_to_vec());
        Ok(Response::empty())
    }
}
