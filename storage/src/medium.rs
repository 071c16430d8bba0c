//! Where the two redb databases live, and how one is made, opened and headed.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::backends::InMemoryBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition};

use crate::fault::FaultContext;
use crate::folder::create_private;
use crate::header::{FORMAT, Header, HeaderError};
use crate::patient_file::{Patience, PatientFile};
use crate::reserve::Reserve;
use crate::{OpenError, StoreFault};

/// Small records of either file: header, vote, positions.
pub(crate) const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");

const HEADER: &str = "header";

/// Where the stores live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Medium {
    /// In this folder, which is made where it is not there.
    Folder(PathBuf),
    /// Nowhere: gone with the process.
    Memory,
}

/// A database and the name it has in errors.
#[derive(Debug)]
pub(crate) struct NamedDb {
    pub(crate) db: Database,
    pub(crate) file: String,
}

/// How a file is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileUse {
    /// Bytes of redb's page cache.
    pub(crate) cache: usize,
    /// Up to this size all checksums are verified before the file is used; `u64::MAX`: always.
    pub(crate) verify_up_to: u64,
}

impl NamedDb {
    /// A database in memory with its header.
    pub(crate) fn in_memory(name: &str, cache: usize, header: &Header) -> Result<Self, OpenError> {
        let db = Builder::new()
            .set_cache_size(cache)
            .create_with_backend(InMemoryBackend::new())
            .map_err(|error| open_failure(Path::new(name), error))?;
        let named = Self { db, file: format!("{name} (in memory)") };
        named.write_header(header)?;
        Ok(named)
    }

    /// Makes a complete file, header included, at a path that is not there yet, and closes it.
    pub(crate) fn create_file(path: &Path, header: &Header) -> Result<(), OpenError> {
        create_private(path).map_err(|error| OpenError::io(path, "creating it", &error))?;
        let db = Builder::new().create(path).map_err(|error| open_failure(path, error))?;
        Self { db, file: path.display().to_string() }.write_header(header)?;
        Ok(())
    }

    /// The file at `path`, new or made so before, that is to take the place of the one at `place`; until then its writes do
    /// not wait for room on the disk.
    pub(crate) fn successor(
        path: &Path,
        place: &str,
        cache: usize,
        reserve: &Arc<Reserve>,
    ) -> Result<(Self, Patience), OpenError> {
        let file = if path.exists() {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(path)
                .map_err(|error| OpenError::io(path, "opening it", &error))?
        } else {
            create_private(path).map_err(|error| OpenError::io(path, "creating it", &error))?
        };
        let patience = Patience::new(false);
        let file = PatientFile::new(file, Arc::clone(reserve), patience.clone());
        let file = file.map_err(|error| open_failure(path, error))?;
        let db = Builder::new().set_cache_size(cache).create_with_backend(file);
        let db = db.map_err(|error| open_failure(path, error))?;
        Ok((Self { db, file: place.to_owned() }, patience))
    }

    /// Opens a file made by [`NamedDb::create_file`].
    pub(crate) fn open_file(path: &Path, file_use: FileUse, reserve: &Arc<Reserve>) -> Result<Self, OpenError> {
        let size = fs::metadata(path).map_err(|error| OpenError::io(path, "reading its attributes", &error))?.len();
        if size == 0 {
            // redb would make a new database of it.
            return Err(damaged(path, "it is empty"));
        }
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| OpenError::io(path, "opening it", &error))?;
        let file = PatientFile::new(file, Arc::clone(reserve), Patience::new(true));
        let file = file.map_err(|error| open_failure(path, error))?;
        let open = || {
            Builder::new()
                .set_cache_size(file_use.cache)
                .set_check_integrity_on_open(size <= file_use.verify_up_to)
                .create_with_backend(file)
        };
        // redb says that opening an altered file without the integrity check may panic.
        let db = catch_unwind(AssertUnwindSafe(open))
            .map_err(|_| damaged(path, "its structure makes no sense"))?
            .map_err(|error| open_failure(path, error))?;
        Ok(Self { db, file: path.display().to_string() })
    }

    pub(crate) fn read_header(&self) -> Result<Header, OpenError> {
        let missing = || damaged(Path::new(&self.file), "it has no header");
        let bytes = (|| {
            let reading = self.db.begin_read().map_err(redb::Error::from)?;
            let meta = reading.open_table(META).map_err(redb::Error::from)?;
            let found = meta.get(HEADER).map_err(redb::Error::from)?;
            Ok::<_, redb::Error>(found.map(|found| found.value().to_vec()))
        })();
        let bytes = match bytes {
            Ok(found) => found.ok_or_else(missing)?,
            Err(redb::Error::TableDoesNotExist(_)) => return Err(missing()),
            Err(error) => return Err(StoreFault::from_redb(&self.file, "reading", error).into()),
        };
        Header::decode(&bytes).map_err(|error| match error {
            HeaderError::NewerFormat(found) => {
                OpenError::NewerFormat { path: self.file.clone().into(), found, known: FORMAT }
            }
            HeaderError::Malformed => damaged(Path::new(&self.file), "its header makes no sense"),
        })
    }

    /// Durable when it returns.
    pub(crate) fn write_header(&self, header: &Header) -> Result<(), StoreFault> {
        let write = || {
            let writing = self.db.begin_write().map_err(redb::Error::from)?;
            writing.open_table(META)?.insert(HEADER, header.encode().as_slice())?;
            writing.commit().map_err(redb::Error::from)
        };
        write().fault(&self.file, "writing its header")
    }
}

fn damaged(path: &Path, what: &str) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), what: what.to_owned() }
}

fn open_failure(path: &Path, error: DatabaseError) -> OpenError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::Locked { path: path.parent().unwrap_or(path).to_owned() }
        }
        DatabaseError::Storage(StorageError::Corrupted(what)) => damaged(path, &what),
        DatabaseError::Storage(StorageError::Io(error)) => match error.kind() {
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof => damaged(path, &error.to_string()),
            _ => OpenError::io(path, "opening it", &error),
        },
        DatabaseError::UpgradeRequired(format) => damaged(path, &format!("it has the old database format {format}")),
        other => damaged(path, &other.to_string()),
    }
}
