//! Key/value secrets: version 1 keeps the last value of a key, version 2 a window of versions.

mod listing;
mod v1;
mod v2;

use std::sync::Arc;

use coffer_core::mount::Mount;
use coffer_core::{Backend, Failure};

/// The backend for a mount of type `kv`, by its option `version`: 1 (also where it is not given) or 2.
pub fn kv(mount: &Mount) -> Result<Arc<dyn Backend>, Failure> {
    match mount.option("version") {
        None | Some("" | "1") => Ok(Arc::new(v1::Passthrough::new(mount))),
        Some("2") => Ok(Arc::new(v2::Versioned::new(mount)?)),
        Some(_) => Err(Failure::invalid("the kv engine has versions 1 and 2 only")),
    }
}
