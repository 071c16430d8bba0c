//! Rate-limit quotas: how many requests a caller's address may make to the server, a mount or a path.

use crate::mount::Mount;
use crate::{Failure, Request, Transaction};

/// The quotas in use.
#[derive(Default)]
pub struct Quotas {}

impl Quotas {
    /// Counts a request against the quota that covers it.
    pub fn admit(&self, _request: &Request, _mount: &Mount) -> Result<(), Failure> {
        Ok(())
    }

    /// A quota was written or removed: takes the stored ones into use.
    pub fn changed(&self, _tx: &mut Transaction) {}
}
