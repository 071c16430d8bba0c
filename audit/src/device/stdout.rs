//! The server's standard output.

use std::io::{self, Write};

use bytes::Bytes;

use super::pulse::Pulse;
use super::sink::{Batch, Sink, Written, reason};
use super::ticket::Reason;

#[derive(Default)]
pub(super) struct StdoutSink {
    batch: Batch,
    torn: bool,
}

/// Past the buffer that the process's other output goes through.
struct Unbuffered;

impl Write for Unbuffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for StdoutSink {
    fn write(&mut self, lines: &[Bytes], pulse: &Pulse) -> Written {
        self.batch.clear();
        if self.torn {
            self.batch.lead(b"\n");
        }
        lines.iter().for_each(|line| self.batch.line(&[line]));
        let stdout = rustix::stdio::stdout();
        let progress = self.batch.write_to(&mut Unbuffered, Some(stdout), pulse);
        self.torn = progress.torn || (self.torn && progress.lines == 0);
        let failure = progress.error.map(|error| reason("write", "stdout", &error));
        Written { lines: progress.lines, failure, shortened: 0 }
    }

    fn reopen(&mut self, _: &Pulse) -> Result<(), Reason> {
        Ok(())
    }
}
