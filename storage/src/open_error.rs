//! Why a data folder cannot be used: each says what, where and what to do.

use std::path::PathBuf;

use crate::StoreFault;

/// The stores could not be opened; nothing was changed that a later start would miss.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The path is something else.
    #[error("the data folder {path} is not a folder; name one in the storage stanza's \"path\"", path = path.display())]
    NotAFolder {
        /// Configured path.
        path: PathBuf,
    },
    /// Anyone could exchange the files.
    #[error(
        "the data folder {path} can be written by every user (mode {mode:04o}); run \"chmod 0700 {path}\", or name a \
         folder below it, which is then created", path = path.display()
    )]
    FolderPermissions {
        /// The folder.
        path: PathBuf,
        /// Its mode bits.
        mode: u32,
    },
    /// Others may read or write a file.
    #[error("{path} is open to other users (mode {mode:04o}); run \"chmod 0600 {path}\"", path = path.display())]
    FilePermissions {
        /// The file.
        path: PathBuf,
        /// Its mode bits.
        mode: u32,
    },
    /// The system denies access.
    #[error(
        "{path} cannot be used by this user ({reason}); give the folder and its files to the user that runs the \
         server (chown)", path = path.display()
    )]
    Denied {
        /// File or folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Another process has it open.
    #[error("the data folder {path} is in use by another process; stop that one, or name another folder", path = path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// One of the two files is gone.
    #[error(
        "{missing} is missing from the data folder, while {present} holds data: restore it from a backup; where other \
         members hold the data, remove this one, empty the folder and let it join again",
        missing = missing.display(), present = present.display()
    )]
    Incomplete {
        /// What is there.
        present: PathBuf,
        /// What is not.
        missing: PathBuf,
    },
    /// A file that this program cannot have written in this form.
    #[error(
        "{path} is damaged: {what}. Restore the data folder from a snapshot or a backup; where other members hold the \
         data, remove this one, empty its data folder and let it join again", path = path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// Written by a later release.
    #[error("{path} has format {found}, this release knows up to {known}: start the release that wrote it, or a later one", path = path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u8,
        /// The last one known here.
        known: u8,
    },
    /// Files of two nodes or clusters in one folder.
    #[error("{log} and {state} do not belong together ({what}); put back the pair that was made together", log = log.display(), state = state.display())]
    Mixed {
        /// Log file.
        log: PathBuf,
        /// State file.
        state: PathBuf,
        /// What differs.
        what: &'static str,
    },
    /// The folder was made by a node of another name.
    #[error(
        "the data folder {path} belongs to node \"{found}\", the configuration says node_id = \"{wanted}\": change \
         node_id back, or name another folder", path = path.display()
    )]
    OtherNode {
        /// The folder.
        path: PathBuf,
        /// Name on disk.
        found: String,
        /// Name in the configuration.
        wanted: String,
    },
    /// `node_id` is empty or too long.
    #[error("node_id must be 1 to 256 bytes long, this one has {len}")]
    BadNodeId {
        /// Its bytes.
        len: usize,
    },
    /// No random numbers.
    #[error("the system gives no random numbers: {0}")]
    NoRandom(String),
    /// Everything else the system can say.
    #[error("{path}: {action} failed: {reason}", path = path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        reason: String,
    },
}

impl OpenError {
    /// Sorts an error of the system into "denied" and the rest.
    pub(crate) fn io(path: impl Into<PathBuf>, action: &'static str, error: &std::io::Error) -> Self {
        let (path, reason) = (path.into(), error.to_string());
        match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, reason }
            }
            std::io::ErrorKind::NotADirectory => Self::NotAFolder { path },
            _ => Self::Io { path, action, reason },
        }
    }
}

impl From<StoreFault> for OpenError {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Damaged { file, what } | StoreFault::Misuse { file, what } => {
                Self::Damaged { path: file.into(), what }
            }
            StoreFault::Io { file, action, reason } => Self::Io { path: file.into(), action, reason },
            StoreFault::Closed { file } => Self::Io { path: file.into(), action: "open", reason: "closed".into() },
        }
    }
}
