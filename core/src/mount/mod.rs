//! Mounts: what is mounted where, kept in storage as Vault keeps it, and routed by longest path.

pub mod clearing;
mod config;
mod entry;
mod registry;
mod routing;
mod table;
mod timings;

pub use config::{ListingVisibility, MountConfig, UserLockout, nanos};
pub use entry::{Mount, MountKind};
pub use registry::{BackendFactory, Registry};
pub use routing::{Mounted, Protection, Routing};
pub use table::{MountTable, Mounts};
pub use timings::RouteTimings;
