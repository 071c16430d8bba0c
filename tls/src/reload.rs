//! An identity that is replaced while the configurations that use it, and their connections, stay.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

pub use crate::identity::IdentityFiles;
use crate::identity::{Identity, IdentityError};

/// The identity that new handshakes use, on both sides of a connection. Connections that stand are not touched.
#[derive(Debug)]
pub struct ReloadableIdentity {
    current: ArcSwap<Identity>,
    files: Option<Watched>,
}

/// What a reload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloaded {
    /// New handshakes use another certificate.
    Replaced,
    /// The files hold the certificate that is in use.
    Unchanged,
}

#[derive(Debug)]
struct Watched {
    files: IdentityFiles,
    /// How the files were when they were last read, with success or not.
    seen: Mutex<Stamps>,
}

impl ReloadableIdentity {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// They do not hold a usable identity.
    pub fn load(files: IdentityFiles) -> Result<Arc<Self>, IdentityError> {
        // Taken before they are read: a change in between is then seen as one.
        let seen = Mutex::new(Stamps::of(&files));
        let identity = Identity::from_files(&files.certificate, &files.key)?;
        let files = Some(Watched { files, seen });
        Ok(Arc::new(Self { current: ArcSwap::from_pointee(identity), files }))
    }

    /// An identity with no files behind it, which never changes.
    pub fn fixed(identity: Identity) -> Arc<Self> {
        Arc::new(Self { current: ArcSwap::from_pointee(identity), files: None })
    }

    /// The identity that a handshake would use now.
    pub fn current(&self) -> Arc<Identity> {
        self.current.load_full()
    }

    /// The files behind it.
    pub fn files(&self) -> Option<&IdentityFiles> {
        self.files.as_ref().map(|watched| &watched.files)
    }

    /// Reads the files again. All or nothing: on an error the identity in use stays.
    ///
    /// # Errors
    /// The files do not hold a usable identity.
    pub fn reload(&self) -> Result<Reloaded, IdentityError> {
        let Some(watched) = &self.files else {
            return Ok(Reloaded::Unchanged);
        };
        *watched.seen.lock().unwrap_or_else(PoisonError::into_inner) = Stamps::of(&watched.files);
        let identity = Identity::from_files(&watched.files.certificate, &watched.files.key)?;
        if identity.chain() == self.current.load().chain() {
            return Ok(Reloaded::Unchanged);
        }
        self.current.store(Arc::new(identity));
        Ok(Reloaded::Replaced)
    }

    /// Reads the files again if they are not as they were at the last reading. An error is told once a change, so
    /// that a pair that is half written can be polled until it is whole.
    ///
    /// # Errors
    /// The changed files do not hold a usable identity; the one in use stays.
    pub fn reload_if_changed(&self) -> Result<Reloaded, IdentityError> {
        let Some(watched) = &self.files else {
            return Ok(Reloaded::Unchanged);
        };
        if *watched.seen.lock().unwrap_or_else(PoisonError::into_inner) == Stamps::of(&watched.files) {
            return Ok(Reloaded::Unchanged);
        }
        self.reload()
    }
}

impl ResolvesServerCert for ReloadableIdentity {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load().certified_key())
    }
}

impl ResolvesClientCert for ReloadableIdentity {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load().certified_key())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stamps {
    certificate: Option<Stamp>,
    key: Option<Stamp>,
}

impl Stamps {
    fn of(files: &IdentityFiles) -> Self {
        Self { certificate: Stamp::of(&files.certificate), key: Stamp::of(&files.key) }
    }
}

/// Enough of a file's metadata to notice a rewrite, a rename over it and a swapped symbolic link.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    len: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::issue::testing;

    #[test]
    fn a_good_pair_replaces_and_a_bad_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let files = IdentityFiles { certificate: dir.path().join("c.pem"), key: dir.path().join("k.pem") };
        let first = testing::leaf(&["first"]);
        std::fs::write(&files.certificate, &first.chain).unwrap();
        std::fs::write(&files.key, &first.key).unwrap();
        let identity = ReloadableIdentity::load(files.clone()).unwrap();
        assert_eq!(identity.reload_if_changed().unwrap(), Reloaded::Unchanged);
        assert_eq!(identity.reload().unwrap(), Reloaded::Unchanged);

        // Half written: told once, then quiet until the files change again.
        let second = testing::leaf(&["second"]);
        std::fs::remove_file(&files.certificate).unwrap();
        std::fs::write(&files.certificate, &second.chain).unwrap();
        assert!(matches!(identity.reload_if_changed(), Err(IdentityError::Mismatch { .. })));
        assert_eq!(identity.reload_if_changed().unwrap(), Reloaded::Unchanged);
        assert_eq!(identity.current().names(), ["first"]);

        std::fs::remove_file(&files.key).unwrap();
        std::fs::write(&files.key, &second.key).unwrap();
        assert_eq!(identity.reload_if_changed().unwrap(), Reloaded::Replaced);
        assert_eq!(identity.current().names(), ["second"]);
    }
}
