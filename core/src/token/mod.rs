//! Tokens: their records, their life, their kinship.

mod address;
mod authenticate;
mod batch;
mod cache;
mod caller;
mod create;
mod entry;
mod id;
mod keys;
mod login;
mod lookup;
mod payload;
mod renew;
mod revoke;
mod root;
mod salt;
#[cfg(test)]
mod tests;
mod tidy;
mod uses;

pub use address::{parse_cidr, show_cidr};
pub use authenticate::Live;
pub use caller::Caller;
pub use create::{Created, NewToken, Shown};
pub use entry::{StoredTokenType, TokenEntry};
pub use id::{ROOT_TOKEN_LEN, base62};
pub use login::{LoggedIn, is_not_assignable};
pub use payload::auth_payload;
pub use renew::{ROLE, RenewedToken};
pub use salt::{Salt, SaltedId};
pub use uses::Uses;

pub(crate) use entry::{null_as_default, secret};
pub(crate) use lookup::{exists, open_batch};
pub(crate) use revoke::revoke_leased;
pub(crate) use tidy::PASSES as TIDY_PASSES;

use arc_swap::ArcSwapOption;

use cache::TokenCache;

/// The token store of an active node. All that lasts is in storage; this keeps the live tokens of late.
#[derive(Default)]
pub struct Tokens {
    salt: ArcSwapOption<Salt>,
    cache: TokenCache,
}

impl Tokens {
    /// The whole state was exchanged.
    pub fn forget_all(&self) {
        self.salt.store(None);
        self.cache.clear();
    }

    /// A storage key was written or removed, on whichever node.
    pub fn changed(&self, key: &str) {
        if let Some(id) = key.strip_prefix(keys::ID_PREFIX) {
            self.cache.forget(id);
        } else if let Some(lease_id) = key.strip_prefix(crate::lease::keys::ID_PREFIX) {
            // A token's lease ends in its salted id.
            self.cache.forget(lease_id.rsplit('/').next().unwrap_or(lease_id));
        } else if key == salt::SALT_PATH {
            self.forget_all();
        } else if key.starts_with(crate::lease::keys::PREFIX_JOBS) {
            self.cache.clear();
        }
    }
}
