//! The thread of a device.

use bytes::Bytes;

use super::pulse::Pulse;
use super::queue::{Queue, Task};
use super::sink::{Sink, Written};
use super::ticket::{Delivery, Reason};

/// Works until the queue is closed and empty.
pub(super) fn run(queue: &Queue, mut sink: Box<dyn Sink>, pulse: &Pulse, shortened: impl Fn()) {
    let _end = AbandonAtEnd(queue);
    while let Some(tasks) = queue.take() {
        pulse.beat();
        let mut lines = Vec::with_capacity(tasks.len());
        let mut deliveries = Vec::with_capacity(tasks.len());
        for task in tasks {
            match task {
                Task::Line { line, delivery } => {
                    lines.push(line);
                    deliveries.push(delivery);
                }
                Task::Test { line, delivery } => {
                    answer(vec![delivery], sink.write(&[line], pulse));
                }
                Task::Reopen(delivery) => delivery.complete(sink.reopen(pulse)),
                Task::Flush(delivery) => delivery.complete(Ok(())),
            }
        }
        if !lines.is_empty() {
            write(queue, sink.as_mut(), pulse, &lines, deliveries, &shortened);
        }
        pulse.rest();
    }
}

fn write(
    queue: &Queue,
    sink: &mut dyn Sink,
    pulse: &Pulse,
    lines: &[Bytes],
    deliveries: Vec<Delivery>,
    shortened: &impl Fn(),
) {
    let written = sink.write(lines, pulse);
    (0..written.shortened).for_each(|_| shortened());
    queue.release(lines);
    answer(deliveries, written);
}

fn answer(deliveries: Vec<Delivery>, written: Written) {
    let failure = written.failure.unwrap_or_else(|| Reason::from("not written"));
    for (at, delivery) in deliveries.into_iter().enumerate() {
        delivery.complete(if at < written.lines { Ok(()) } else { Err(Reason::clone(&failure)) });
    }
}

/// However the thread ends, nobody waits for it in vain.
struct AbandonAtEnd<'a>(&'a Queue);

impl Drop for AbandonAtEnd<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
