//! PUT, POST and PATCH of a key's metadata.

use std::collections::BTreeMap;

use coffer_core::framework::{Fields, Matched};
use coffer_core::{Context, Failure, Response};

use super::custom;
use crate::kv::v2::Versioned;
use crate::kv::v2::fields::{SentMap, sent_flag, sent_int, sent_map};
use crate::kv::v2::moment::{ProtoDuration, ProtoTimestamp};
use crate::kv::v2::records::{Configuration, KeyMetadata};
use crate::kv::v2::secret_path::SecretPath;

impl Versioned {
    pub(in crate::kv::v2) fn write_metadata(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let key = SecretPath::for_write(matched.fields.capture("path"))?;
        let Some(settings) = Settings::of(&matched.fields)? else { return Ok(Response::empty()) };
        let custom = match sent_map(&matched.fields, "custom_metadata")? {
            Some(SentMap::Object(sent)) => Some(custom::to_write(&sent)?),
            Some(SentMap::Null) => Some(BTreeMap::new()),
            None => None,
        };
        let config = self.config(cx)?;
        let mut space = self.space_for_write(cx)?;
        let before = space.metadata(key)?;
        check_cas(&matched.fields, &config, before.as_ref())?;
        let mut metadata = settings.apply(before.unwrap_or_else(|| KeyMetadata::new(key.text())))?;
        metadata.custom_metadata = custom.unwrap_or(metadata.custom_metadata);
        count_change(&mut metadata, space.now().into());
        space.put_metadata(key, &metadata)?;
        Ok(settings.overruled(&config))
    }

    pub(in crate::kv::v2) fn patch_metadata(
        &self,
        cx: &mut Context<'_>,
        matched: &Matched<'_>,
    ) -> Result<Response, Failure> {
        let Some(settings) = Settings::of(&matched.fields)? else { return Ok(Response::empty()) };
        let key = SecretPath::for_write(matched.fields.capture("path"))?;
        let custom = match sent_map(&matched.fields, "custom_metadata")? {
            Some(SentMap::Object(sent)) => Some(Some(custom::to_patch(&sent)?)),
            Some(SentMap::Null) => Some(None),
            None => None,
        };
        let nothing = || Failure::Gone(Box::new(Response::empty()));
        let config = self.config(cx)?;
        let mut space = self.space(cx)?.ok_or_else(nothing)?;
        let before = space.metadata(key)?.ok_or_else(nothing)?;
        check_cas(&matched.fields, &config, Some(&before))?;
        if settings.max_versions.is_some_and(|number| u32::try_from(number).is_err()) {
            return Err(Failure::Fault("max_versions has to be a number from 0 to 4294967295".to_owned()));
        }
        let mut metadata = settings.apply(before)?;
        match custom {
            None => {}
            Some(None) => metadata.custom_metadata.clear(),
            Some(Some(changes)) => {
                for (name, change) in changes {
                    match change {
                        Some(text) => metadata.custom_metadata.insert(name, text),
                        None => metadata.custom_metadata.remove(&name),
                    };
                }
            }
        }
        count_change(&mut metadata, space.now().into());
        space.put_metadata(key, &metadata)?;
        Ok(settings.overruled(&config))
    }
}

/// What of a key can be set, `custom_metadata` aside.
struct Settings {
    max_versions: Option<i64>,
    cas_required: Option<bool>,
    metadata_cas_required: Option<bool>,
    /// In seconds.
    delete_version_after: Option<u64>,
}

impl Settings {
    /// `None` where nothing that can be set was sent.
    fn of(fields: &Fields<'_>) -> Result<Option<Self>, Failure> {
        let settings = Self {
            max_versions: sent_int(fields, "max_versions")?,
            cas_required: sent_flag(fields, "cas_required")?,
            metadata_cas_required: sent_flag(fields, "metadata_cas_required")?,
            delete_version_after: fields.duration("delete_version_after")?.map(|span| span.as_secs()),
        };
        let any = settings.max_versions.is_some()
            || settings.cas_required.is_some()
            || settings.metadata_cas_required.is_some()
            || settings.delete_version_after.is_some()
            || fields.has("custom_metadata");
        Ok(any.then_some(settings))
    }

    fn apply(&self, mut metadata: KeyMetadata) -> Result<KeyMetadata, Failure> {
        if let Some(number) = self.max_versions {
            // Vault keeps the lower 32 bits.
            metadata.max_versions = number as u32;
        }
        metadata.cas_required = self.cas_required.unwrap_or(metadata.cas_required);
        metadata.metadata_cas_required = self.metadata_cas_required.unwrap_or(metadata.metadata_cas_required);
        if let Some(seconds) = self.delete_version_after {
            let seconds = i64::try_from(seconds).map_err(|_| Failure::invalid("delete_version_after is too long"))?;
            metadata.delete_version_after = Some(ProtoDuration::from_seconds(seconds));
        }
        Ok(metadata)
    }

    /// Tells which settings have no effect, since the mount demands more.
    fn overruled(&self, config: &Configuration) -> Response {
        let pairs = [
            ("cas_required", self.cas_required, config.cas_required),
            ("metadata_cas_required", self.metadata_cas_required, config.metadata_cas_required),
        ];
        let mut response = Response::empty();
        for (name, set, demanded) in pairs {
            if demanded && set == Some(false) {
                let text = "set to false, but is mandated by backend config. This value will be ignored.";
                response = response.warn(format!("{name:?} {text}"));
            }
        }
        response
    }
}

/// Whether the change replaces the metadata that its sender thinks it does.
fn check_cas(fields: &Fields<'_>, config: &Configuration, before: Option<&KeyMetadata>) -> Result<(), Failure> {
    let refused = |text: &str| Err(Failure::CheckAndSet(text.to_owned()));
    let required = config.metadata_cas_required || before.is_some_and(|metadata| metadata.metadata_cas_required);
    let Some(wanted) = sent_int(fields, "metadata_cas")? else {
        return if required { refused("metadata check-and-set parameter required for this call") } else { Ok(()) };
    };
    let current = before.map_or(0, |metadata| metadata.current_metadata_version);
    match (u64::try_from(wanted) == Ok(current), before) {
        (true, _) => Ok(()),
        (false, None) => refused("metadata_cas must be 0 when creating new metadata"),
        (false, Some(_)) => refused("metadata check-and-set parameter does not match the current version"),
    }
}

fn count_change(metadata: &mut KeyMetadata, now: ProtoTimestamp) {
    metadata.current_metadata_version += 1;
    metadata.created_time = metadata.created_time.or(Some(now));
    metadata.updated_time = Some(now);
}
