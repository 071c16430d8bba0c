//! `-dev-tls`: a CA for one run, and a certificate by it.

use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use coffer_tls::{Authority, IssueError, LeafRequest};

use crate::command::DevFlags;

pub(super) const LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// Files of a CA, a certificate and its key.
#[derive(Debug)]
pub struct DevCertificates {
    folder: PathBuf,
    /// Removes the folder at the end, if it was made for the purpose.
    _temporary: Option<tempfile::TempDir>,
}

/// The certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateFailure {
    /// By the cryptography.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// On disk.
    #[error("{}: {reason}: check that the folder exists and may be written to", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
}

/// Makes certificates if development mode shall speak TLS.
///
/// # Errors
/// They cannot be made or written.
pub fn certificates(flags: Option<&DevFlags>) -> Result<Option<DevCertificates>, CertificateFailure> {
    let Some(flags) = flags.filter(|flags| flags.tls) else { return Ok(None) };
    let (folder, temporary) = match &flags.tls_cert_dir {
        Some(folder) => (folder.clone(), None),
        None => {
            let made = tempfile::Builder::new().prefix("coffer-tls").tempdir();
            let made = made.map_err(|reason| CertificateFailure::Write { path: std::env::temp_dir(), reason })?;
            (made.path().to_owned(), Some(made))
        }
    };
    let made = DevCertificates { folder, _temporary: temporary };
    let authority = Authority::new("coffer development CA", LIFETIME)?;
    let request = LeafRequest { common_name: "localhost".to_owned(), names: names(flags), lifetime: LIFETIME };
    let issued = authority.issue(&request)?;
    write(&made.authority(), authority.certificate(), 0o644)?;
    write(&made.certificate(), &issued.certificate, 0o644)?;
    write(&made.key(), &issued.key, 0o600)?;
    Ok(Some(made))
}

impl DevCertificates {
    /// The CA that clients are to trust.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("vault-ca.pem")
    }

    /// The listener's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("vault-cert.pem")
    }

    /// Its key.
    pub fn key(&self) -> PathBuf {
        self.folder.join("vault-key.pem")
    }
}

fn names(flags: &DevFlags) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.extend(host_name());
    if !flags.listen.is_unspecified() {
        names.push(flags.listen.host.clone());
    }
    names.extend(flags.tls_names.iter().cloned());
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The machine's name. Some have names that no certificate can bear; nobody connects by them.
pub(super) fn host_name() -> Option<String> {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let fits = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    (fits && !host.is_empty()).then_some(host)
}

/// Writes a file that only its mode says who may read.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<(), CertificateFailure> {
    use std::io::Write;
    // Removed first: a file that is there would keep its own mode.
    let _ = std::fs::remove_file(path);
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|reason| CertificateFailure::Write { path: path.to_owned(), reason })
}
