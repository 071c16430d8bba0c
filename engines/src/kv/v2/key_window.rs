//! The versions of a key: which there are, which are live, which leave when one is added.

use std::time::Duration;

use coffer_core::Timestamp;

use super::moment::{ProtoDuration, ProtoTimestamp};
use super::records::{Configuration, KeyMetadata, VersionMetadata};

/// Versions kept where neither mount nor key says.
const DEFAULT_MAX_VERSIONS: u32 = 10;

/// `delete_version_after` of a mount that forbids it for all keys.
pub(super) const NEVER_DELETE: ProtoDuration = ProtoDuration::from_seconds(-1);

/// What can be had of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VersionState {
    /// Its data.
    Live,
    /// Its data again, after an undelete.
    Deleted,
    /// Nothing any more.
    Destroyed,
}

impl VersionMetadata {
    pub(super) fn state(&self, now: Timestamp) -> VersionState {
        if self.destroyed {
            VersionState::Destroyed
        } else if self.deletion_time.is_some_and(|at| at.to_timestamp() <= now) {
            VersionState::Deleted
        } else {
            VersionState::Live
        }
    }
}

impl Configuration {
    /// When a version of the key that is made or restored now ends, by the shorter of both lives.
    pub(super) fn deletion_time(&self, key: &KeyMetadata, now: Timestamp) -> Option<ProtoTimestamp> {
        if self.delete_version_after == Some(NEVER_DELETE) {
            return None;
        }
        let lives = [self.delete_version_after, key.delete_version_after];
        let shortest: Duration = lives.into_iter().flatten().filter_map(ProtoDuration::to_positive).min()?;
        Some(now.plus(shortest).into())
    }

    fn versions_kept(&self, key: &KeyMetadata) -> u32 {
        match self.max_versions.max(key.max_versions) {
            0 => DEFAULT_MAX_VERSIONS,
            most => most,
        }
    }
}

impl KeyMetadata {
    /// A key that has nothing yet.
    pub(super) fn new(key: &str) -> Self {
        Self { key: key.to_owned(), ..Self::default() }
    }

    /// Adds the next version and gives the numbers of those whose data is to be removed: they left the window.
    pub(super) fn add_version(
        &mut self,
        config: &Configuration,
        now: Timestamp,
        deletion_time: Option<ProtoTimestamp>,
    ) -> Vec<u64> {
        let created = Some(ProtoTimestamp::from(now));
        self.current_version += 1;
        let added = VersionMetadata { created_time: created, deletion_time, destroyed: false };
        self.versions.insert(self.current_version, added);
        self.updated_time = created;
        self.created_time = self.created_time.or(created);

        let kept = u64::from(config.versions_kept(self));
        if self.current_version.saturating_sub(self.oldest_version) < kept {
            return Vec::new();
        }
        self.oldest_version = self.current_version - kept + 1;
        let stay = self.versions.split_off(&self.oldest_version);
        let left = std::mem::replace(&mut self.versions, stay);
        left.into_iter().filter(|(_, version)| !version.destroyed).map(|(number, _)| number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(writes: u32, mount: u32, key: u32) -> (KeyMetadata, Vec<u64>) {
        let config = Configuration { max_versions: mount, ..Configuration::default() };
        let mut metadata = KeyMetadata { max_versions: key, ..KeyMetadata::new("k") };
        let mut removed = Vec::new();
        for _ in 0..writes {
            removed.extend(metadata.add_version(&config, Timestamp::ZERO, None));
        }
        (metadata, removed)
    }

    #[test]
    fn ten_versions_are_kept_unless_somebody_wants_more() {
        let (metadata, removed) = after(12, 0, 0);
        assert_eq!(metadata.versions.keys().copied().collect::<Vec<_>>(), (3..=12).collect::<Vec<_>>());
        assert_eq!((metadata.oldest_version, removed), (3, vec![1, 2]));
        assert_eq!(after(10, 0, 0).0.oldest_version, 1);
        assert_eq!(after(9, 0, 0).0.oldest_version, 0);
        assert_eq!(after(12, 2, 4).0.versions.len(), 4);
        assert_eq!(after(12, 4, 2).0.versions.len(), 4);
        assert_eq!(after(3, 1, 0).1, [1, 2]);
    }

    #[test]
    fn a_smaller_limit_takes_effect_at_the_next_write() {
        let (mut metadata, _) = after(6, 0, 0);
        metadata.versions.get_mut(&2).unwrap().destroyed = true;
        let config = Configuration { max_versions: 2, ..Configuration::default() };
        assert_eq!(metadata.add_version(&config, Timestamp::ZERO, None), [1, 3, 4, 5]);
        assert_eq!(metadata.versions.keys().copied().collect::<Vec<_>>(), [6, 7]);
    }

    #[test]
    fn the_shorter_life_counts_and_the_mount_can_forbid_any() {
        let now = Timestamp::from_unix(1000).unwrap();
        let at = |mount: Option<i64>, key: Option<i64>| {
            let of = |seconds: Option<i64>| seconds.map(ProtoDuration::from_seconds);
            let config = Configuration { delete_version_after: of(mount), ..Configuration::default() };
            let key = KeyMetadata { delete_version_after: of(key), ..KeyMetadata::new("k") };
            config.deletion_time(&key, now).map(|at| at.seconds - 1000)
        };
        assert_eq!(at(None, None), None);
        assert_eq!(at(Some(60), None), Some(60));
        assert_eq!(at(None, Some(30)), Some(30));
        assert_eq!(at(Some(60), Some(90)), Some(60));
        assert_eq!(at(Some(60), Some(0)), Some(60));
        assert_eq!(at(Some(-1), Some(90)), None);
        assert!(at(Some(i64::MAX), None).is_some());
    }
}
