//! Where lines end up.

use std::io::{self, Write};

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;

use super::pulse::Pulse;
use super::ticket::Reason;

/// A place that keeps lines. It is used by one thread, and may block it.
pub(super) trait Sink: Send {
    /// Hands lines, each with its line end, to the kernel (or to the disk, where that was asked for), in order.
    fn write(&mut self, lines: &[Bytes], pulse: &Pulse) -> Written;

    /// Opens or connects, anew if it was open.
    fn reopen(&mut self, pulse: &Pulse) -> Result<(), Reason>;
}

/// What became of lines.
#[derive(Default)]
pub(super) struct Written {
    /// So many, from the first on, are where they should be.
    pub(super) lines: usize,
    /// Why the others are not; always given when there are others.
    pub(super) failure: Option<Reason>,
    /// So many were shortened to fit.
    pub(super) shortened: usize,
}

/// `open /var/log/audit.log: Permission denied (os error 13)`.
pub(super) fn reason(what: &str, place: &str, error: &io::Error) -> Reason {
    format!("{what} {place}: {error}").into()
}

/// Lines one after the other, and where each ends.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// How far a batch got.
pub(super) struct Progress {
    /// Whole lines.
    pub(super) lines: usize,
    /// The next line was begun and not ended.
    pub(super) torn: bool,
    pub(super) error: Option<io::Error>,
}

impl Batch {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_CAPACITY);
        self.ends.clear();
    }

    /// Bytes that belong to no line.
    pub(super) fn lead(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn line(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part));
        self.ends.push(self.bytes.len());
    }

    /// Writes all of it; with a file descriptor, one that is not ready is waited for.
    pub(super) fn write_to(&self, out: &mut impl Write, wait_on: Option<BorrowedFd<'_>>, pulse: &Pulse) -> Progress {
        let mut done = 0;
        let error = loop {
            if done == self.bytes.len() {
                break None;
            }
            match out.write(&self.bytes[done..]) {
                Ok(0) => break Some(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    done += count;
                    pulse.beat();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match wait_on {
                    Some(fd) if !pulse.is_given_up() => wait_until_writable(fd),
                    _ => break Some(io::ErrorKind::TimedOut.into()),
                },
                Err(error) => break Some(error),
            }
        };
        let lines = self.ends.partition_point(|end| *end <= done);
        let whole = lines.checked_sub(1).map_or(0, |last| self.ends[last]);
        Progress { lines, torn: done > whole && !self.ends.is_empty(), error }
    }
}

const KEPT_CAPACITY: usize = 256 << 10;

/// Comes back now and then even if it is not: the next write tells.
fn wait_until_writable(fd: BorrowedFd<'_>) {
    let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
    let _ = poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::OUT)], Some(&limit));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes, then fails.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.0).min(3);
            self.0 -= count;
            if count == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn tells_whole_lines_from_torn_ones() {
        let mut batch = Batch::default();
        batch.lead(b"\n");
        batch.line(&[b"ab", b"c\n"]);
        batch.line(&[b"defg\n"]);
        for (room, lines, torn) in
            [(0, 0, false), (1, 0, true), (4, 0, true), (5, 1, false), (6, 1, true), (10, 2, false)]
        {
            let progress = batch.write_to(&mut Disk(room), None, &Pulse::new());
            assert_eq!((progress.lines, progress.torn), (lines, torn), "{room}");
            assert_eq!(progress.error.is_none(), room >= 10);
        }
    }
}
