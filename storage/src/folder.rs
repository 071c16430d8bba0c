//! The data folder: made and kept for this user alone, and locked for this process.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::OpenError;

pub(crate) const LOCK_FILE: &str = "lock";

/// Suffix of files that are not yet, or no longer, of use; removed at every start.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// An existing folder that this process alone uses.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// The lock goes with the open file.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder (0700) where it is not there, checks it, locks it, clears what an interrupted run left.
    pub(crate) fn prepare(path: &Path) -> Result<Self, OpenError> {
        match fs::metadata(path) {
            Ok(found) => check_existing(path, &found)?,
            Err(error) if error.kind() == ErrorKind::NotFound => create(path)?,
            Err(error) => return Err(OpenError::io(path, "reading its attributes", &error)),
        }
        let folder = Self { path: path.to_owned(), _lock: lock(path)? };
        folder.remove_unfinished()?;
        crate::set_aside::complete_interrupted(path)?;
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether the file is there; if so, it must be this user's alone.
    pub(crate) fn has_private(&self, name: &str) -> Result<bool, OpenError> {
        let path = self.file(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => Err(OpenError::Damaged { path, what: "not a plain file".into() }),
            Ok(found) if found.mode() & 0o077 != 0 => {
                Err(OpenError::FilePermissions { path, mode: found.mode() & 0o7777 })
            }
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(OpenError::io(path, "reading its attributes", &error)),
        }
    }

    /// Makes names that were created, renamed or removed here durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    fn remove_unfinished(&self) -> Result<(), OpenError> {
        let list = fs::read_dir(&self.path).map_err(|error| OpenError::io(&self.path, "listing it", &error))?;
        for entry in list {
            let entry = entry.map_err(|error| OpenError::io(&self.path, "listing it", &error))?;
            if entry.file_name().to_string_lossy().ends_with(UNFINISHED) {
                fs::remove_file(entry.path()).map_err(|error| OpenError::io(entry.path(), "removing it", &error))?;
            }
        }
        Ok(())
    }
}

/// A new file, 0600, that must not be there yet.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
}

pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn check_existing(path: &Path, found: &fs::Metadata) -> Result<(), OpenError> {
    if !found.is_dir() {
        return Err(OpenError::NotAFolder { path: path.to_owned() });
    }
    let mode = found.mode() & 0o7777;
    let (world_writable, sticky) = (mode & 0o002 != 0, mode & 0o1000 != 0);
    if world_writable && !sticky {
        return Err(OpenError::FolderPermissions { path: path.to_owned(), mode });
    }
    Ok(())
}

fn create(path: &Path) -> Result<(), OpenError> {
    let denied = |error: io::Error| OpenError::io(path, "creating it", &error);
    // The first ancestor that is there gets the new name, and has to keep it through a power cut.
    let above = path.ancestors().skip(1).find(|above| above.exists()).map(Path::to_owned);
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(denied)?;
    if let Some(above) = above.filter(|above| !above.as_os_str().is_empty()) {
        sync_folder(&above).map_err(denied)?;
    }
    Ok(())
}

fn lock(folder: &Path) -> Result<File, OpenError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| OpenError::io(&path, "opening it", &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(OpenError::io(&path, "locking it", &error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_folder_is_private() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let folder = DataFolder::prepare(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        create_private(&folder.file("f")).unwrap();
        assert_eq!(mode(&folder.file("f")), 0o600);
    }

    #[test]
    fn a_second_process_is_kept_out() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::prepare(parent.path()).unwrap();
        assert!(matches!(DataFolder::prepare(parent.path()), Err(OpenError::Locked { .. })));
        drop(folder);
        DataFolder::prepare(parent.path()).unwrap();
    }

    #[test]
    fn what_everyone_can_write_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), Permissions::from_mode(0o777)).unwrap();
        let refused = DataFolder::prepare(parent.path());
        assert!(matches!(refused, Err(OpenError::FolderPermissions { mode: 0o777, .. })), "{refused:?}");
    }

    #[test]
    fn a_file_open_to_others_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::prepare(parent.path()).unwrap();
        create_private(&folder.file("f")).unwrap();
        assert!(folder.has_private("f").unwrap());
        fs::set_permissions(folder.file("f"), Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(folder.has_private("f"), Err(OpenError::FilePermissions { .. })));
    }

    #[test]
    fn a_file_is_no_folder() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("f");
        create_private(&path).unwrap();
        assert!(matches!(DataFolder::prepare(&path), Err(OpenError::NotAFolder { .. })));
        assert!(matches!(DataFolder::prepare(&path.join("x")), Err(OpenError::NotAFolder { .. })));
    }

    #[test]
    fn leftovers_go() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join(format!("x{UNFINISHED}"));
        fs::write(&left, "").unwrap();
        DataFolder::prepare(parent.path()).unwrap();
        assert!(!left.exists());
    }
}
