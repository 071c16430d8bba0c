//! The threads that carry connections. Each has a runtime of its own: a connection stays where it was taken, and no
//! thread ever wakes another for its bytes.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// More threads than this gain nothing: the work is the kernel's.
const MOST: usize = 16;
/// Shorter than the time limits that are set for each connection.
const TICK: Duration = Duration::from_secs(1);

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
                runtime.block_on(async {
                    tokio::select! {
                        () = closed.cancelled() => {}
                        () = tick() => {}
                    }
                });
                runtime.shutdown_background();
            })?;
        }
        Ok(workers)
    }

    pub(crate) fn handles(&self) -> &[Handle] {
        &self.handles
    }
}

/// Never ends. A timer that is the next one of its runtime wakes the thread that sets it, by two system calls: with this one
/// before it, the time limit of a connection is set without.
async fn tick() {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}
