//! Making commits durable: every second, after much was written, and on demand.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

use crate::StoreFault;
use crate::fault::FaultContext;
use crate::medium::NamedDb;

use super::{Shared, StateStore, Writer};

/// How long a commit may stay unsynced. Bounds what is applied again after a crash.
const INTERVAL: Duration = Duration::from_secs(1);
/// Commits that bring forward the sync.
const MAX_COMMITS: usize = 4096;
/// Written bytes that bring forward the sync: pages of unsynced states pile up in the file.
const MAX_BYTES: usize = 8 << 20;

/// What was committed since the last sync.
#[derive(Debug, Default)]
pub(super) struct Unsynced {
    commits: usize,
    bytes: usize,
}

impl Unsynced {
    /// True when the checkpointer has to be told: at the first commit, to start its clock, and at the bounds.
    pub(super) fn add(&mut self, bytes: usize) -> bool {
        let was_clean = self.commits == 0;
        let was_due = self.is_due();
        self.commits += 1;
        self.bytes += bytes;
        was_clean || (self.is_due() && !was_due)
    }

    fn is_due(&self) -> bool {
        self.commits >= MAX_COMMITS || self.bytes >= MAX_BYTES
    }
}

/// The checkpointer's letter box.
#[derive(Debug, Default)]
pub(super) struct Request {
    wanted: bool,
    pub(super) closing: bool,
}

impl StateStore {
    /// Makes all commits so far durable. Blocks for the sync.
    ///
    /// # Errors
    /// Those of the file, which end the store.
    pub fn checkpoint(&self) -> Result<(), StoreFault> {
        self.shared.checkpoint_holding(self.shared.writer.lock()).map(drop)
    }
}

impl Shared {
    pub(super) fn request_checkpoint(&self) {
        self.checkpointer.lock().wanted = true;
        self.work.notify_one();
    }

    pub(super) fn checkpoint_holding<'g>(
        &self,
        mut writer: MutexGuard<'g, Writer>,
    ) -> Result<MutexGuard<'g, Writer>, StoreFault> {
        self.check(&writer)?;
        if writer.unsynced.commits > 0 {
            let outcome = sync(&writer.named);
            self.keep_fault(&mut writer, outcome)?;
            writer.unsynced = Unsynced::default();
            self.publish(&mut writer)?;
        }
        Ok(writer)
    }
}

pub(super) fn spawn(shared: &Arc<Shared>) -> Result<JoinHandle<()>, StoreFault> {
    let thread = std::thread::Builder::new().name("coffer-state".into());
    let run = {
        let shared = Arc::clone(shared);
        move || run(&shared)
    };
    thread.spawn(run).map_err(|error| StoreFault::Io {
        file: shared.file.clone(),
        action: "starting its thread",
        reason: error.to_string(),
    })
}

fn run(shared: &Shared) {
    let mut closing = false;
    while !closing {
        closing = wait_until_due(shared);
        if shared.checkpoint_holding(shared.writer.lock()).is_err() {
            // Reported; nothing can be made durable any more.
            return;
        }
    }
}

/// True when the store is closing.
fn wait_until_due(shared: &Shared) -> bool {
    let mut request = shared.checkpointer.lock();
    while !request.wanted && !request.closing {
        shared.work.wait(&mut request);
    }
    let deadline = Instant::now() + INTERVAL;
    loop {
        request.wanted = false;
        if request.closing {
            return true;
        }
        if MutexGuard::unlocked(&mut request, || shared.writer.lock().unsynced.is_due()) {
            return false;
        }
        if !request.wanted && shared.work.wait_until(&mut request, deadline).timed_out() {
            return request.closing;
        }
    }
}

/// An empty durable commit syncs all commits before it. The allocator's state is saved with it, so that opening the
/// file after a crash need not walk it.
fn sync(named: &NamedDb) -> Result<(), StoreFault> {
    let mut writing = named.db.begin_write().fault(&named.file, "syncing")?;
    writing.set_quick_repair(true);
    writing.commit().fault(&named.file, "syncing")
}
