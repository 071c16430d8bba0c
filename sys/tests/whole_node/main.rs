//! `sys/` on a whole node.

mod affairs;
mod metrics;
mod support;
