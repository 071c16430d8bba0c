//! Where tokens lie in storage, as Vault lays them out.

use super::SaltedId;

/// Records by salted id.
pub(super) const ID_PREFIX: &str = "sys/token/id/";
/// Accessor to token, by salted accessor.
pub(super) const ACCESSOR_PREFIX: &str = "sys/token/accessor/";
/// Parent to children: salted parent, `/`, salted child.
pub(super) const PARENT_PREFIX: &str = "sys/token/parent/";

pub(super) fn record(id: &SaltedId) -> String {
    format!("{ID_PREFIX}{id}")
}

pub(super) fn accessor(accessor: &SaltedId) -> String {
    format!("{ACCESSOR_PREFIX}{accessor}")
}

pub(super) fn children(parent: &SaltedId) -> String {
    format!("{PARENT_PREFIX}{parent}/")
}

pub(super) fn child(parent: &SaltedId, child: &SaltedId) -> String {
    format!("{PARENT_PREFIX}{parent}/{child}")
}
