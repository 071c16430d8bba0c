//! What is learnt of a request on its way, for the audit log: filled in as it becomes known.

use std::sync::Arc;

use crate::mount::Mounted;
use crate::token::Caller;

/// The known facts of a request so far.
#[derive(Default)]
pub struct Trail {
    /// The token behind it, once found good.
    pub caller: Option<Caller>,
    /// The mount that serves it.
    pub mounted: Option<Arc<Mounted>>,
    /// Whether policy allowed it; `None`: policy was not asked.
    pub allowed: Option<bool>,
    /// Names of the policies that allowed it.
    pub granting: Vec<Arc<str>>,
    /// Uses the token had left before this request; 0: not counted.
    pub uses_left: u64,
}
