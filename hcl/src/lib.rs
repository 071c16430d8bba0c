//! HCL version 1 and its JSON form, as Vault's configuration files and policies use them.
//!
//! This crate owns the syntax: text in, one small tree out ([`Body`] of [`Item`]s), the same for
//! both forms, plus readers that turn values into typed settings. It must not know what any key
//! means: which keys exist, and which are allowed where, is its callers' business.
//!
//! Untrusted text never panics here; nesting and size are bounded ([`MAX_DEPTH`], [`MAX_BYTES`]).

mod body;
mod error;
mod json;
mod parse;
mod read;
mod text;

pub use body::{Block, Body, Item, Key, Position, Syntax, Value, ValueKind};
pub use error::ParseError;
pub use parse::{MAX_BYTES, MAX_DEPTH, parse, parse_bytes};
pub use read::{DurationError, ReadError, parse_bool, parse_duration, parse_size};
