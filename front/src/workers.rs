//! The threads that carry connections. Each has a runtime of its own: a connection stays where it was taken, and no
//! thread ever wakes another for its bytes.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// More threads than this gain nothing: the work is the kernel's.
const MOST: usize = 16;

/// Runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    handles: Vec<Handle>,
    closed: CancellationToken,
}

impl Workers {
    /// One thread for each processor.
    pub(crate) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from).min(MOST);
        let mut workers = Self { handles: Vec::with_capacity(count), closed: CancellationToken::new() };
        for number in 1..=count {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            workers.handles.push(runtime.handle().clone());
            let closed = workers.closed.clone();
            thread::Builder::new().name(format!("front-{number}")).spawn(move || {
                runtime.block_on(closed.cancelled());
                runtime.shutdown_background();
            })?;
        }
        Ok(workers)
    }

    pub(crate) fn handles(&self) -> &[Handle] {
        &self.handles
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}
