//! Metrics written out.

mod go_metrics;
mod text;

pub use go_metrics::json;
pub use text::prometheus_text;
