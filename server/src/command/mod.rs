//! `coffer server`: its flags and its help.

mod flags;
mod help;

pub use flags::{BadFlags, DevFlags, Flags, KvVersion, Wanted};
pub use help::HELP;
