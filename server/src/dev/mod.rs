//! `server -dev`: in memory, initialised, unsealed, and printed with everything that one needs to try it out.

mod begin;
mod certificates;
mod print;
pub mod three_node;

pub use begin::{Begun, begin};
pub use certificates::{CertificateFailure, DevCertificates, certificates};
pub use print::announce;

use crate::command::DevFlags;

/// The configuration that development mode begins with; files given beside it lie over it.
pub fn configuration(flags: &DevFlags, certificates: Option<&DevCertificates>) -> String {
    let scheme = if certificates.is_some() { "https" } else { "http" };
    let tls = match certificates {
        Some(made) => serde_json::json!({"tls_cert_file": made.certificate(), "tls_key_file": made.key()}),
        None => serde_json::json!({"tls_disable": true}),
    };
    let mut listener = serde_json::json!({
        "address": flags.listen.to_string(),
        "telemetry": {"unauthenticated_metrics_access": true},
    });
    if let (Some(listener), Some(tls)) = (listener.as_object_mut(), tls.as_object()) {
        listener.extend(tls.clone());
    }
    // A system-chosen port is not known yet, and all interfaces are no address.
    let reachable = !flags.listen.is_unspecified() && flags.listen.port != 0;
    let mut configuration = serde_json::json!({
        "storage": {"inmem": {}},
        "listener": [{"tcp": listener}],
        "disable_mlock": true,
        "ui": true,
    });
    if reachable {
        configuration["api_addr"] = format!("{scheme}://{}", flags.listen).into();
    }
    configuration.to_string()
}
