//! Tokens: their records, their life, their kinship.

mod caller;
mod entry;

pub use caller::Caller;
pub use entry::{StoredTokenType, TokenEntry};
