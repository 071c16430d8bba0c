//! The one path by which every cache on every node learns of a change, by key, before the writer is answered.

use std::sync::Weak;

use coffer_model::ApplyObserver;
use coffer_seal::{KEYRING_PATH, SEAL_CONFIG_PATH};

use super::Node;
use crate::active::Active;
use crate::cluster_time::MARK_PATH;
use crate::follower_unseal::EPOCH_PATH;
use crate::local::{CORS_PATH, UI_HEADERS_PATH};
use crate::mount::MountKind;

/// Passes applied keys on to whoever keeps something of them.
pub(super) struct Invalidation(pub(super) Weak<Node>);

impl ApplyObserver for Invalidation {
    fn applied(&self, keys: &mut dyn Iterator<Item = &str>) {
        let Some(node) = self.0.upgrade() else { return };
        let active = node.active();
        for key in keys {
            match key {
                SEAL_CONFIG_PATH => node.seal_config_changed(),
                KEYRING_PATH => node.keyring_changed(),
                MARK_PATH => node.cluster_time().mark_applied(node.store().as_ref()),
                EPOCH_PATH => node.follower_unseal().epoch_changed(),
                CORS_PATH | UI_HEADERS_PATH => node.load_browser_rules(),
                _ => {}
            }
            if let Some(active) = &active {
                invalidate(active, key);
            }
        }
    }

    fn replaced(&self) {
        if let Some(node) = self.0.upgrade() {
            node.state_replaced();
        }
    }
}

fn invalidate(active: &Active, key: &str) {
    let (folder, rest) = key.split_once('/').unwrap_or((key, ""));
    match folder {
        "logical" | "auth" => {
            if let Some((mounted, path)) = active.mounts.routing().by_storage_key(key) {
                mounted.backend.changed(path);
            }
        }
        "sys" if rest.starts_with("policy/") => active.policies.changed(),
        "sys" if rest.starts_with("token/") => active.tokens.changed(key),
        "sys" if rest.starts_with("expire/") => {
            active.tokens.changed(key);
            active.leases.changed(key);
        }
        "sys" if rest.starts_with("quotas/") => active.quotas.changed(&mut active.transaction()),
        "core" => core_changed(active, key),
        _ => {}
    }
}

fn core_changed(active: &Active, key: &str) {
    let reloaded = if key == MountKind::Secrets.storage_path() || key == MountKind::Auth.storage_path() {
        active.mount_work.notify_one();
        active.mounts.reload(&mut active.transaction())
    } else if key.starts_with("core/audit") {
        active.audit.reload(&mut active.transaction())
    } else {
        if key.starts_with("core/coffer/") {
            active.tokens.changed(key);
            active.leases.changed(key);
        }
        Ok(())
    };
    if let Err(failure) = reloaded {
        // The entry is committed: the node serves on with what it had, and says so.
        tracing::error!(key, "a change could not be taken into use: {failure}");
    }
}
