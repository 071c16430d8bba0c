//! One entry on its way to several devices.

use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Device;
use crate::metrics::{EntryKind, Metrics};

/// Why a device did not take something. Holds no part of an entry.
pub(crate) type Reason = Arc<str>;

/// Who is told about each outcome, on the device's thread.
pub(crate) type Report = (Arc<dyn Metrics>, EntryKind);

/// Collects what became of an entry on each device.
pub(crate) struct Ticket {
    slots: Mutex<Vec<Slot>>,
    changed: Notify,
    started: Instant,
    report: Option<Report>,
}

struct Slot {
    state: State,
    /// The entry does not count as logged before this device has it or has failed.
    awaited: bool,
}

enum State {
    Waiting,
    Done,
    Failed(Reason),
}

/// The part of a ticket that belongs to one device. Dropped without an outcome, it counts as failed.
pub(crate) struct Delivery {
    ticket: Option<Arc<Ticket>>,
    slot: usize,
    device: Arc<str>,
}

impl Ticket {
    /// A slot for each device, with whether it is to be awaited although another may have the entry.
    pub(crate) fn new(awaited: impl Iterator<Item = bool>, report: Option<Report>) -> Arc<Self> {
        let slots = awaited.map(|awaited| Slot { state: State::Waiting, awaited });
        Arc::new(Self { slots: Mutex::new(slots.collect()), changed: Notify::new(), started: Instant::now(), report })
    }

    /// The part of the device at `slot`, whose name is `device`.
    pub(crate) fn delivery(self: &Arc<Self>, slot: usize, device: &Arc<str>) -> Delivery {
        Delivery { ticket: Some(Arc::clone(self)), slot, device: Arc::clone(device) }
    }

    /// Waits until one device has the entry and each that is to be awaited has it or has failed. A
    /// device that stands still longer than it may counts as failed. `Err` lists all, by slot.
    pub(crate) async fn wait(&self, devices: &[Arc<Device>]) -> Result<(), Vec<(usize, Reason)>> {
        loop {
            if let Some(verdict) = self.verdict() {
                return verdict;
            }
            match self.next_deadline(devices) {
                None => self.changed.notified().await,
                Some(deadline) => {
                    let changed = self.changed.notified();
                    if tokio::time::timeout_at(deadline.into(), changed).await.is_err() {
                        self.give_up_on_stalled(devices);
                    }
                }
            }
        }
    }

    fn verdict(&self) -> Option<Result<(), Vec<(usize, Reason)>>> {
        let slots = self.slots.lock();
        let done = slots.iter().any(|slot| matches!(slot.state, State::Done));
        let mut waiting = slots.iter().filter(|slot| matches!(slot.state, State::Waiting));
        if waiting.any(|slot| slot.awaited || !done) {
            return None;
        }
        if done {
            return Some(Ok(()));
        }
        let failures = slots.iter().enumerate().filter_map(|(at, slot)| match &slot.state {
            State::Failed(reason) => Some((at, Arc::clone(reason))),
            State::Waiting | State::Done => None,
        });
        Some(Err(failures.collect()))
    }

    fn waiting(&self) -> Vec<usize> {
        let slots = self.slots.lock();
        let waiting = |at: &usize| matches!(slots[*at].state, State::Waiting);
        (0..slots.len()).filter(waiting).collect()
    }

    fn next_deadline(&self, devices: &[Arc<Device>]) -> Option<Instant> {
        let devices = self.waiting().into_iter().filter_map(|at| devices.get(at));
        devices.filter_map(|device| device.stall_deadline()).min()
    }

    fn give_up_on_stalled(&self, devices: &[Arc<Device>]) {
        for at in self.waiting() {
            if let Some(reason) = devices.get(at).and_then(|device| device.stalled()) {
                self.settle(at, Err(reason));
            }
        }
    }

    fn settle(&self, at: usize, outcome: Result<(), Reason>) {
        let mut slots = self.slots.lock();
        let Some(slot) = slots.get_mut(at) else { return };
        slot.state = match outcome {
            Ok(()) => State::Done,
            Err(reason) => State::Failed(reason),
        };
        drop(slots);
        self.changed.notify_one();
    }
}

impl Delivery {
    /// The device has it, or says why not.
    pub(crate) fn complete(mut self, outcome: Result<(), Reason>) {
        self.finish(outcome);
    }

    /// Counts as failed for those who wait, while the device still may get to it.
    pub(super) fn presume_failed(&self, reason: Reason) {
        if let Some(ticket) = &self.ticket {
            ticket.settle(self.slot, Err(reason));
        }
    }

    fn finish(&mut self, outcome: Result<(), Reason>) {
        let Some(ticket) = self.ticket.take() else { return };
        if let Some((metrics, kind)) = &ticket.report {
            let took = ticket.started.elapsed();
            metrics.device_logged(&self.device, *kind, took, outcome.is_ok());
        }
        ticket.settle(self.slot, outcome);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if self.ticket.is_some() {
            self.finish(Err(Reason::from("the device has stopped")));
        }
    }
}
