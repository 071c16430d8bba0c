//! A file that is needed for as long as a request lasts.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use coffer_model::UNFINISHED;
use tokio::sync::mpsc;

use super::UploadPiece;
use crate::Failure;

/// Free bytes that are left to the log and the state.
pub(super) const RESERVE: u64 = 64 << 20;
/// Bytes written between two looks at the free space.
const LOOK_EVERY: u64 = 8 << 20;

/// Removed when it is dropped, and at the next start where it could not be.
pub(super) struct PassingFile {
    path: PathBuf,
}

impl PassingFile {
    /// Takes an upload. Blocks.
    pub(super) fn receive(folder: &Path, mut upload: mpsc::Receiver<UploadPiece>) -> Result<Self, Failure> {
        let path = folder.join(format!("restore-{}{UNFINISHED}", uuid::Uuid::new_v4().simple()));
        let mut file = create(&path).map_err(|error| unwritable(&error))?;
        let passing = Self { path };
        let (mut written, mut looked) = (0u64, 0u64);
        require_room(folder, 0)?;
        loop {
            match upload.blocking_recv() {
                Some(UploadPiece::Data(bytes)) => {
                    file.write_all(&bytes).map_err(|error| unwritable(&error))?;
                    written += bytes.len() as u64;
                    if written - looked >= LOOK_EVERY {
                        looked = written;
                        require_room(folder, 0)?;
                    }
                }
                Some(UploadPiece::End) => return Ok(passing),
                None => {
                    return Err(Failure::invalid("the snapshot did not arrive whole; nothing was changed"));
                }
            }
        }
    }

    pub(super) fn open(&self) -> Result<File, Failure> {
        File::open(&self.path)
            .map_err(|error| Failure::internal(format!("the uploaded snapshot cannot be read: {error}")))
    }
}

impl Drop for PassingFile {
    fn drop(&mut self) {
        // At worst the next start removes it.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A new file that only this user can read.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Refuses where less than `bytes` can be written without taking the room of log and state.
pub(super) fn require_room(folder: &Path, bytes: u64) -> Result<(), Failure> {
    let Some(free) = free_space(folder) else { return Ok(()) };
    if free >= bytes.saturating_add(RESERVE) {
        return Ok(());
    }
    Err(Failure::Unavailable(format!(
        "no room for the snapshot: {} MiB are free where the data lies, {} MiB are needed; nothing was changed",
        free >> 20,
        bytes.saturating_add(RESERVE) >> 20
    )))
}

pub(super) fn free_space(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

fn unwritable(error: &io::Error) -> Failure {
    Failure::Unavailable(format!("the snapshot cannot be put down in the data folder: {error}; nothing was changed"))
}
