//! What tokens and leases need of the mounts, so that they know neither routing nor backends.

use std::sync::Arc;
use std::time::Duration;

use crate::active::{Active, LeaseLimits};
use crate::mount::Mounted;
use crate::{Context, Failure, Grant, Payload, Timestamp, Transaction};

/// The mounts as the owner of a lease sees them. `path` is a request's path.
pub trait MountAccess {
    /// Default and longest life of leases made through the path.
    fn limits(&self, path: &str) -> LeaseLimits;

    /// Storage prefix of all cubbyholes, ending in `/`, and the UUID of their mount.
    fn cubbyholes(&self) -> Option<(String, String)>;

    /// Lets the auth method that gave a token decide on its renewal.
    fn renew_login(&self, tx: &mut Transaction, path: &str, grant: Grant, now: Timestamp) -> Result<Grant, Failure>;

    /// Lets the engine renew its secret; gives the life to add.
    fn renew_secret(
        &self,
        tx: &mut Transaction,
        path: &str,
        internal: &Payload,
        now: Timestamp,
    ) -> Result<Duration, Failure>;

    /// Lets the engine end its secret. One whose mount is gone has ended.
    fn revoke_secret(
        &self,
        tx: &mut Transaction,
        path: &str,
        internal: &Payload,
        now: Timestamp,
    ) -> Result<(), Failure>;
}

impl MountAccess for Arc<Active> {
    fn limits(&self, path: &str) -> LeaseLimits {
        match mounted(self, path) {
            Some(mounted) => self.settings.lease_limits(&mounted.mount),
            None => LeaseLimits { default: self.settings.default_lease_ttl, max: self.settings.max_lease_ttl },
        }
    }

    fn cubbyholes(&self) -> Option<(String, String)> {
        let routing = self.mounts.routing();
        let mount = &routing.at("cubbyhole/")?.mount;
        Some((mount.storage_prefix().to_owned(), mount.uuid.clone()))
    }

    fn renew_login(&self, tx: &mut Transaction, path: &str, grant: Grant, now: Timestamp) -> Result<Grant, Failure> {
        let mounted = mounted(self, path).ok_or_else(|| no_mount(path))?;
        mounted.backend.renew_login(&mut Context::new(tx, &mounted.mount, now, self), grant)
    }

    fn renew_secret(
        &self,
        tx: &mut Transaction,
        path: &str,
        internal: &Payload,
        now: Timestamp,
    ) -> Result<Duration, Failure> {
        let mounted = mounted(self, path).ok_or_else(|| no_mount(path))?;
        mounted.backend.renew_secret(&mut Context::new(tx, &mounted.mount, now, self), internal)
    }

    fn revoke_secret(
        &self,
        tx: &mut Transaction,
        path: &str,
        internal: &Payload,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match mounted(self, path) {
            Some(mounted) => mounted.backend.revoke_secret(&mut Context::new(tx, &mounted.mount, now, self), internal),
            None => Ok(()),
        }
    }
}

fn mounted(active: &Active, path: &str) -> Option<Arc<Mounted>> {
    active.mounts.routing().find(path).map(|(mounted, _)| Arc::clone(mounted))
}

fn no_mount(path: &str) -> Failure {
    Failure::NoRoute(path.to_owned())
}
