//! `sys/` on a whole node.

mod affairs;
mod audit;
mod keys;
mod metrics;
mod quotas;
mod support;
mod wrapping;
