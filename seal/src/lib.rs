//! The seal: what keeps everything in the store encrypted, and the ceremonies by which operators open it.
mod barrier;
mod record;
mod secret_key;
pub mod shamir;
mod stored_keys;

pub use barrier::*;
pub use record::*;
pub use secret_key::{EntropyError, KEY_LEN};
pub use stored_keys::StoredKeysError;
