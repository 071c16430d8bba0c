//! Typed readers: what callers ask a [`Body`](crate::Body) for.

mod blocks;
mod duration;
mod error;
mod scalar;
mod size;

pub use duration::{DurationError, parse_duration};
pub use error::ReadError;
pub use scalar::parse_bool;
pub use size::parse_size;
