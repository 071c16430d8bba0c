//! The file below a redb database, whose writes wait for room on the disk instead of failing for want of it.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};

use crate::reserve::Reserve;

type Range = Bound<u64>;

/// redb's own backend, with the reserve behind it.
#[derive(Debug)]
pub(crate) struct PatientFile {
    file: FileBackend,
    reserve: Arc<Reserve>,
    patience: Patience,
}

/// Whether a file waits for room. One that nobody needs yet must neither wait nor take the reserve.
#[derive(Clone, Debug)]
pub(crate) struct Patience(Arc<AtomicBool>);

impl Patience {
    pub(crate) fn new(patient: bool) -> Self {
        Self(Arc::new(AtomicBool::new(patient)))
    }

    /// From now on the file waits.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }
}

impl PatientFile {
    pub(crate) fn new(file: File, reserve: Arc<Reserve>, patience: Patience) -> Result<Self, DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, reserve, patience })
    }

    fn with_room(&self, mut attempt: impl FnMut() -> io::Result<()>) -> io::Result<()> {
        if self.patience.0.load(Ordering::Acquire) { self.reserve.with_room(attempt) } else { attempt() }
    }
}

impl StorageBackend for PatientFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with_room(|| self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        // Not tried again: after a failed sync the system may have forgotten what was to be synced.
        self.file.sync_data()?;
        self.reserve.renew();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with_room(|| self.file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Range, end: Range) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Range, end: Range) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
