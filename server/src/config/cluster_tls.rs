//! How the nodes speak with each other: the `cluster_*` keys of the file.

use std::path::PathBuf;

use super::problem::ConfigError;
use super::section::Files;

/// What nodes show each other, and whom they believe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterTlsSettings {
    /// `cluster_tls = "internal"`: keys that the nodes made themselves and pin in the member list.
    Internal,
    /// Certificates; `None` falls back to the listener's, and to internal where no listener has one.
    Certificates {
        /// `cluster_tls_cert_file` and `cluster_tls_key_file`.
        own: Option<(PathBuf, PathBuf)>,
        /// `cluster_ca_file`, a file or a folder of them.
        ca: Option<PathBuf>,
    },
}

impl Default for ClusterTlsSettings {
    fn default() -> Self {
        Self::Certificates { own: None, ca: None }
    }
}

pub(super) fn read(files: &Files<'_>) -> Result<ClusterTlsSettings, ConfigError> {
    let text = |key: &str| files.last(|section| section.string(key));
    let file = |key: &str| Ok::<_, ConfigError>(text(key)?.map(PathBuf::from));
    let (certificate, key) = (file("cluster_tls_cert_file")?, file("cluster_tls_key_file")?);
    let ca = file("cluster_ca_file")?;
    let own = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            return Err(ConfigError::whole("cluster_tls_cert_file needs cluster_tls_key_file beside it"));
        }
        (None, Some(_)) => {
            return Err(ConfigError::whole("cluster_tls_key_file needs cluster_tls_cert_file beside it"));
        }
    };
    match text("cluster_tls")?.as_deref() {
        None | Some("" | "certificates") => Ok(ClusterTlsSettings::Certificates { own, ca }),
        Some("internal") if own.is_none() && ca.is_none() => Ok(ClusterTlsSettings::Internal),
        Some("internal") => Err(ConfigError::whole(
            "cluster_tls = \"internal\" needs no certificates: remove cluster_tls_cert_file, cluster_tls_key_file and \
             cluster_ca_file, or set cluster_tls = \"certificates\"",
        )),
        Some(other) => {
            Err(ConfigError::whole(format!("cluster_tls: {other:?} is neither \"certificates\" nor \"internal\"")))
        }
    }
}
