//! Who makes a request, once the token was found good.

use std::sync::Arc;

use coffer_policy::Acl;

use super::TokenEntry;

/// A live token with all it stands for.
#[derive(Clone)]
pub struct Caller {
    /// The record.
    pub entry: Arc<TokenEntry>,
    /// Policies of the entity behind it.
    pub identity_policies: Arc<[String]>,
    /// What all its policies allow together.
    pub acl: Arc<Acl>,
}

impl Caller {
    /// Whether its policies hold `root`.
    pub fn is_root(&self) -> bool {
        self.entry.is_root()
    }
}
