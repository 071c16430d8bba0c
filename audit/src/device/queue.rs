//! What waits for a device: bounded by bytes, first in first out.

use std::collections::VecDeque;

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, TryAcquireError};

use super::ticket::{Delivery, Reason};

/// Bytes that may wait for one device.
pub(super) const CAPACITY: usize = 32 << 20;

/// Bytes and lines handed to a device in one go.
const BATCH_BYTES: usize = 1 << 20;
const BATCH_LINES: usize = 1024;

/// What a device is asked to do.
pub(super) enum Task {
    Line {
        line: Bytes,
        delivery: Delivery,
    },
    /// A line for which there is always room.
    Test {
        line: Bytes,
        delivery: Delivery,
    },
    /// Close and open again, so that a log that was moved away is let go.
    Reopen(Delivery),
    /// Done when all before it is.
    Flush(Delivery),
}

pub(super) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    room: Semaphore,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    closed: bool,
}

/// The queue is full; what did not fit is given back.
pub(super) struct Full(pub(super) Delivery);

impl Queue {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), room: Semaphore::new(CAPACITY) }
    }

    /// Appends a line if it fits.
    pub(super) fn offer(&self, line: Bytes, delivery: Delivery) -> Result<(), Full> {
        match self.room.try_acquire_many(weight(&line)) {
            Ok(permit) => {
                permit.forget();
                self.push(Task::Line { line, delivery });
                Ok(())
            }
            Err(TryAcquireError::NoPermits) => Err(Full(delivery)),
            Err(TryAcquireError::Closed) => {
                delivery.complete(Err(Reason::from("the device has stopped")));
                Ok(())
            }
        }
    }

    /// Appends a line as soon as it fits; those who wait are served in order.
    pub(super) async fn push_line(&self, line: Bytes, delivery: Delivery) {
        if let Ok(permit) = self.room.acquire_many(weight(&line)).await {
            permit.forget();
            self.push(Task::Line { line, delivery });
        }
    }

    /// Appends whatever it is; on a closed queue it is dropped, which counts as failed.
    pub(super) fn push(&self, task: Task) {
        let mut state = self.state.lock();
        if !state.closed {
            state.tasks.push_back(task);
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Waits for work: one task that is no line, or as many lines as go into a batch. `None`: closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Task>> {
        let mut state = self.state.lock();
        while state.tasks.is_empty() {
            if state.closed {
                return None;
            }
            self.filled.wait(&mut state);
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(task) = state.tasks.pop_front() {
            match &task {
                Task::Line { line, .. } => bytes += line.len(),
                _ if batch.is_empty() => return Some(vec![task]),
                _ => {
                    state.tasks.push_front(task);
                    break;
                }
            }
            batch.push(task);
            if bytes >= BATCH_BYTES || batch.len() == BATCH_LINES {
                break;
            }
        }
        // A burst must not hold its memory for ever.
        if state.tasks.is_empty() && state.tasks.capacity() > BATCH_LINES {
            state.tasks.shrink_to(BATCH_LINES);
        }
        Some(batch)
    }

    /// Lines that were taken are dealt with: gives their room back.
    pub(super) fn release(&self, lines: &[Bytes]) {
        let weight = lines.iter().map(|line| weight(line) as usize).sum();
        self.room.add_permits(weight);
    }

    /// Nothing more is taken in; what is there is still given out.
    pub(super) fn close(&self) {
        self.room.close();
        self.state.lock().closed = true;
        self.filled.notify_one();
    }

    /// Closes and drops what is there.
    pub(super) fn abandon(&self) {
        self.close();
        let left = std::mem::take(&mut self.state.lock().tasks);
        drop(left);
    }
}

/// A line longer than the queue takes all of it.
fn weight(line: &Bytes) -> u32 {
    u32::try_from(line.len().min(CAPACITY)).unwrap_or(u32::MAX)
}
