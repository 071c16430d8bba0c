//! Leases: what a token or a leased secret lives by, kept as Vault keeps it, with an index by time of our own so that
//! expiry survives a restart and nothing has to be scanned for it.

mod due;
mod expire;
pub(crate) mod keys;
mod lookup;
mod mounts;
mod prefix;
mod record;
mod register;
mod renew;
mod revoke;
mod schedule;
mod stuck;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod tidy;
mod ttl;

pub use lookup::LeaseView;
pub use mounts::MountAccess;
pub use record::{AliasRecord, AuthRecord, LeaseRecord, SecretRecord};
pub use register::Registered;
pub use renew::RenewedSecret;
pub use revoke::{Force, Outcome};
pub use schedule::{Leases, NextWork};
pub use ttl::{TtlRequest, grant_ttl, human_duration};

pub(crate) use due::Due;
pub(crate) use expire::MAX_STEP;
pub(crate) use lookup::{of_token as token_lease, peek_token_lease};
pub(crate) use prefix::is_being_revoked;
pub(crate) use register::{register_token, token_lease_id};
pub(crate) use tidy::{Pass, start as start_tidy_run};
