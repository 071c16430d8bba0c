//! The keys that tell of the mount.

use serde::ser::{SerializeMap, Serializer};

use super::put;
use crate::facts::MountFacts;

/// Writes them; the version's key differs between request and response.
pub(super) fn mount<S: Serializer>(
    out: &mut S::SerializeMap,
    facts: &MountFacts<'_>,
    version_key: &'static str,
) -> Result<(), S::Error> {
    put!(out, "mount_point", text facts.point);
    put!(out, "mount_type", text facts.kind);
    put!(out, "mount_accessor", text facts.accessor);
    if !facts.running_version.is_empty() {
        out.serialize_entry(version_key, facts.running_version)?;
    }
    put!(out, "mount_running_sha256", text facts.running_sha256);
    put!(out, "mount_class", text facts.class);
    put!(out, "mount_is_external_plugin", flag facts.is_external_plugin);
    Ok(())
}
