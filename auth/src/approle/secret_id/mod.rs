//! Secret ids of roles.

mod destroy;
mod find;
mod generate;
mod metadata;
mod record;

use coffer_core::framework::Route;

use super::AppRole;

pub(super) use record::{SecretId, by_secret, key_of, peek, remove, remove_some_of};

/// All paths of secret ids.
pub(super) fn routes() -> Vec<Route<AppRole>> {
    let mut routes = generate::routes();
    routes.extend(find::routes());
    routes.extend(destroy::routes());
    routes
}
