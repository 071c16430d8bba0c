//! Small files beside the stores that only this user may read: keys, and what a node has to know before it is a member.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::folder::{UNFINISHED, create_private};
use crate::{OpenError, StoreFault, Stores};

/// Longest that is read.
const MAX_LEN: u64 = 1 << 20;

impl Stores {
    /// What was last kept under this name. Blocks.
    ///
    /// # Errors
    /// The file is open to others, too long, or can't be read.
    pub fn private_file(&self, name: &str) -> Result<Option<Vec<u8>>, OpenError> {
        let Some(folder) = &self.folder else {
            return Ok(self.passing_files.lock().get(name).cloned());
        };
        if !folder.has_private(name)? {
            return Ok(None);
        }
        let path = folder.file(name);
        let length = fs::metadata(&path).map_err(|error| OpenError::io(&path, "reading its attributes", &error))?.len();
        if length > MAX_LEN {
            return Err(OpenError::Damaged { path, what: format!("longer than {MAX_LEN} bytes") });
        }
        fs::read(&path).map(Some).map_err(|error| OpenError::io(&path, "reading it", &error))
    }

    /// Keeps the bytes under this name, durably, in place of earlier ones: all of them or none. Blocks for two syncs.
    ///
    /// # Errors
    /// The file can't be written; what was kept before stays.
    pub fn keep_private_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreFault> {
        let Some(folder) = &self.folder else {
            self.passing_files.lock().insert(name.to_owned(), bytes.to_vec());
            return Ok(());
        };
        let (path, passing) = (folder.file(name), folder.file(&format!("{name}{UNFINISHED}")));
        let kept = remove(&passing)
            .and_then(|()| create_private(&passing))
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&passing, &path))
            .and_then(|()| folder.sync());
        kept.map_err(|error| StoreFault::Io {
            file: path.display().to_string(),
            action: "writing",
            reason: error.to_string(),
        })
    }

    /// Removes what was kept under this name, if anything was. Blocks.
    ///
    /// # Errors
    /// The file is there and can't be removed.
    pub fn remove_private_file(&self, name: &str) -> Result<(), StoreFault> {
        let Some(folder) = &self.folder else {
            self.passing_files.lock().remove(name);
            return Ok(());
        };
        let path = folder.file(name);
        remove(&path).and_then(|()| folder.sync()).map_err(|error| StoreFault::Io {
            file: path.display().to_string(),
            action: "removing",
            reason: error.to_string(),
        })
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use crate::{Medium, OpenError, open};

    #[test]
    fn what_is_kept_is_found_again_and_is_this_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::Folder(folder.path().join("data"));
        let stores = open(&medium, Some("one")).unwrap();
        assert_eq!(stores.private_file("key").unwrap(), None);
        stores.keep_private_file("key", b"first").unwrap();
        stores.keep_private_file("key", b"second").unwrap();
        drop(stores);
        let stores = open(&medium, Some("one")).unwrap();
        assert_eq!(stores.private_file("key").unwrap().unwrap(), b"second");
        let path = folder.path().join("data/key");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(stores.private_file("key"), Err(OpenError::FilePermissions { .. })));
        stores.remove_private_file("key").unwrap();
        stores.remove_private_file("key").unwrap();
        assert_eq!(stores.private_file("key").unwrap(), None);
    }

    #[test]
    fn in_memory_it_lasts_as_long_as_the_rest() {
        let stores = open(&Medium::Memory, Some("one")).unwrap();
        stores.keep_private_file("key", b"bytes").unwrap();
        assert_eq!(stores.private_file("key").unwrap().unwrap(), b"bytes");
    }
}
