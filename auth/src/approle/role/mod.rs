//! Roles.

mod counts;
mod fields;
mod networks;
mod policies;
mod record;
mod role_id;
mod show;
mod spans;
mod write;

use coffer_core::framework::Route;

use super::AppRole;

pub(super) use record::{Role, SecretIdFolder, exists, find, find_by_role_id, peek, scan_names};

/// All paths of roles themselves.
pub(super) fn routes() -> Vec<Route<AppRole>> {
    let mut routes = show::routes();
    routes.extend(spans::routes());
    routes.extend(counts::routes());
    routes.extend(networks::routes());
    routes.extend(policies::routes());
    routes.extend(role_id::routes());
    routes
}
