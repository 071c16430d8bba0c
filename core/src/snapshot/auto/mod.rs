//! Snapshots that the active node takes by itself, into a folder of its own machine.

mod file;
mod record;
mod worker;

pub use record::{AutoSnapshot, AutoStatus};
pub(crate) use worker::run;
