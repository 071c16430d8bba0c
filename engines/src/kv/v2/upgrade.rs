//! From version 1 to version 2: every value becomes the first version of its key.
//!
//! A mount with little in it is converted in the transaction that changes its option. A larger one is marked as upgrading in
//! that transaction and converted in steps, each a transaction of its own; what is still to do is what still lies where
//! version 1 kept it, so a step that was lost is simply done again. Until the end the mount answers that it is busy.

use coffer_core::mount::Mount;
use coffer_core::{Context, Failure, Progress};
use prost::Message;

use super::Versioned;
use super::layout::Layout;
use super::moment::ProtoTimestamp;
use super::records::{Configuration, KeyMetadata, UpgradeInfo};
use super::secret_path::SecretPath;
use super::space::{Keys, Space};
use super::version_data::encode;

/// Keys converted in one step at most.
const STEP_KEYS: usize = 128;

/// Said while the mount is being upgraded.
const BUSY: &str = "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and \
                    will resume service shortly.";

/// Kept in memory once the mount is known to be of version 2 throughout.
pub(super) struct Upgraded;

/// Where the mount's storage says that it is, or becomes, version 2.
pub(in crate::kv) fn upgrade_marker(mount: &Mount) -> String {
    Layout::of(mount).map(|layout| layout.upgrading()).unwrap_or_else(|_| "upgrading".to_owned())
}

impl Versioned {
    /// An error while version 1 data is left.
    pub(super) fn check_upgraded(&self, cx: &mut Context<'_>) -> Result<(), Failure> {
        let done = self.ready.get(|| Ok(self.upgrade_info(cx)?.filter(|info| info.done).map(|_| Upgraded)))?;
        if done.is_some() || (self.upgrade_info(cx)?.is_none() && self.left_over(cx, 1)?.is_empty()) {
            return Ok(());
        }
        Err(Failure::invalid(BUSY))
    }

    /// Called in the transaction that makes the mount a version 2 one.
    pub(super) fn begin_upgrade(&self, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.upgrade_info(cx)?.is_none() {
            let info = UpgradeInfo { started_time: Some(cx.now().into()), done: false };
            cx.put(&self.layout.upgrading(), info.encode_to_vec());
        }
        self.continue_upgrade(cx).map(drop)
    }

    /// One step.
    pub(super) fn continue_upgrade(&self, cx: &mut Context<'_>) -> Result<Progress, Failure> {
        let info = match cx.get(&self.layout.upgrading())? {
            Some(stored) => decode(&stored)?,
            None => UpgradeInfo { started_time: Some(cx.now().into()), done: false },
        };
        if info.done {
            return Ok(Progress::Done);
        }
        let keys = std::sync::Arc::new(Keys::create(cx, &self.layout)?);
        let left = self.left_over(cx, STEP_KEYS + 1)?;
        for (count, key) in left.iter().enumerate() {
            if count == STEP_KEYS || cx.is_full() {
                return Ok(Progress::More);
            }
            let Some(value) = cx.get(key)? else { continue };
            cx.delete(key);
            // Version 1 took no such key; if there is one, nobody could reach it.
            let Some(path) = SecretPath::parse(key) else { continue };
            let mut space = Space::new(cx, &self.layout, std::sync::Arc::clone(&keys));
            let mut metadata = KeyMetadata::new(key);
            let now = space.now();
            // As Vault does it: the window begins with this version.
            metadata.add_version(&Configuration { max_versions: 1, ..Configuration::default() }, now, None);
            space.put_version(path, 1, encode(&value, ProtoTimestamp::from(now), None));
            space.put_metadata(path, &metadata)?;
        }
        cx.put(&self.layout.upgrading(), UpgradeInfo { done: true, ..info }.encode_to_vec());
        Ok(Progress::Done)
    }

    fn upgrade_info(&self, cx: &mut Context<'_>) -> Result<Option<UpgradeInfo>, Failure> {
        cx.peek(&self.layout.upgrading())?.map(|stored| decode(&stored)).transpose()
    }

    /// Keys that still lie where version 1 kept them.
    fn left_over(&self, cx: &Context<'_>, limit: usize) -> Result<Vec<String>, Failure> {
        let root = self.layout.root();
        let mut keys = cx.scan("", "", limit)?;
        if keys.last().is_some_and(|last| last.as_str() >= root) {
            keys.retain(|key| key.as_str() < root);
            // Names of version 2 are ASCII.
            let behind = cx.scan("", &format!("{root}\u{10ffff}"), limit - keys.len())?;
            keys.extend(behind);
        }
        Ok(keys)
    }
}

fn decode(stored: &[u8]) -> Result<UpgradeInfo, Failure> {
    UpgradeInfo::decode(stored)
        .map_err(|_| Failure::Internal("the upgrade record of a kv mount is not the record it should be".to_owned()))
}
