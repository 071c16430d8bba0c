//! The file that `operator raft snapshot save` writes, in the format that Vault and OpenBao have: a gzipped tar of
//! `meta.json`, `state.bin` (the records of the store, as they are stored), `SHA256SUMS` of the two, and
//! `SHA256SUMS.sealed`, the same list encrypted by the seal.
//!
//! Owns: writing and reading that file as a stream, in memory that does not grow with it, and telling a whole one from
//! one that was cut short or changed.
//! Must not know: keys and seals (the encrypted list is bytes), what a record means, where the file comes from.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod meta;
mod read;
mod record;
mod sums;
mod tar;
#[cfg(test)]
mod tests;
mod write;

pub use meta::{Configuration, Meta, Server};
pub use read::{ReadError, Summary, read};
pub use record::{MAX_KEY, MAX_VALUE, encoded_len};
pub use sums::Sums;
pub use write::{StateWriter, WriteError, write};
