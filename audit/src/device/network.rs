//! Lines to a socket, or to the local syslog daemon over one.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use bytes::Bytes;
use time::OffsetDateTime;

use super::connection::Connection;
use super::pulse::Pulse;
use super::sink::{Batch, Sink, Written, reason};
use super::ticket::Reason;
use crate::config::{Network, SocketConfig, SyslogConfig};
use crate::entry::shortened;

pub(super) struct NetworkSink {
    target: Target,
    place: String,
    timeout: Option<Duration>,
    connection: Option<Connection>,
    /// No try before this, and why the last one failed.
    pause: Option<(Instant, Reason)>,
    batch: Batch,
}

pub(super) enum Target {
    Socket(SocketConfig),
    Syslog(SyslogConfig),
}

/// Lengths to shorten a line to, when a datagram of its own length is refused.
const SHORTER: [usize; 3] = [60_000, 8_000, 1_000];

/// Longest time a peer that keeps us waiting is left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl NetworkSink {
    pub(super) fn new(target: Target, timeout: Option<Duration>) -> Self {
        let place = match &target {
            Target::Socket(socket) => format!("{} {}", socket.network.name(), socket.address),
            Target::Syslog(_) => "syslog".to_owned(),
        };
        Self { target, place, timeout, connection: None, pause: None, batch: Batch::default() }
    }

    /// A connection that is not known to be dead.
    fn connect(&mut self) -> Result<(), Failed> {
        self.connection = self.connection.take().filter(|connection| !connection.is_closed());
        if self.connection.is_some() {
            return Ok(());
        }
        if let Some((until, reason)) = &self.pause
            && Instant::now() < *until
        {
            return Err(Failed { reason: Reason::clone(reason), again: false });
        }
        let started = Instant::now();
        match self.target.connect(self.timeout) {
            Ok(connection) => {
                self.connection = Some(connection);
                self.pause = None;
                Ok(())
            }
            Err(error) => Err(self.failed("connect", &error, started.elapsed(), false)),
        }
    }

    /// Drops the connection. The longer the peer kept us, the longer it is left alone.
    fn failed(&mut self, what: &str, error: &io::Error, took: Duration, again: bool) -> Failed {
        let reason = reason(what, &self.place, error);
        self.connection = None;
        let until = Instant::now() + took.saturating_mul(10).min(LONGEST_PAUSE);
        self.pause = Some((until, Reason::clone(&reason)));
        Failed { reason, again }
    }

    fn attempt(&mut self, lines: &[Bytes], pulse: &Pulse, written: &mut Written) -> Option<Failed> {
        if let Err(failed) = self.connect() {
            return Some(failed);
        }
        pulse.beat();
        let datagrams = self.connection.as_ref().is_some_and(Connection::is_datagram);
        let started = Instant::now();
        let error =
            if datagrams { self.send_each(lines, pulse, written)? } else { self.send_all(lines, pulse, written)? };
        // A peer that does not take anything is left alone; one that went away may be back.
        let again = !matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock);
        let took = if again { Duration::ZERO } else { started.elapsed() };
        Some(self.failed("write", &error, took, again))
    }

    fn send_all(&mut self, lines: &[Bytes], pulse: &Pulse, written: &mut Written) -> Option<io::Error> {
        let header = self.target.header();
        self.batch.clear();
        lines.iter().for_each(|line| self.batch.line(&[header.as_bytes(), line]));
        let progress = self.batch.write_to(self.connection.as_mut()?, None, pulse);
        written.lines += progress.lines;
        progress.error
    }

    fn send_each(&mut self, lines: &[Bytes], pulse: &Pulse, written: &mut Written) -> Option<io::Error> {
        let header = self.target.header();
        let connection = self.connection.as_mut()?;
        for line in lines {
            let whole = [header.as_bytes(), line].concat();
            let mut sent = connection.write(&whole);
            for max in SHORTER {
                if !sent.as_ref().is_err_and(is_too_long) {
                    break;
                }
                let entry = line.strip_suffix(b"\n").unwrap_or(line);
                let room = max.saturating_sub(header.len() + 1);
                let short = [header.as_bytes(), &shortened(entry, room), b"\n"].concat();
                sent = connection.write(&short);
                written.shortened += usize::from(sent.is_ok());
            }
            match sent {
                Ok(_) => written.lines += 1,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Some(io::ErrorKind::TimedOut.into());
                }
                Err(error) => return Some(error),
            }
            pulse.beat();
        }
        None
    }
}

struct Failed {
    reason: Reason,
    /// Another try, on a new connection, could help at once.
    again: bool,
}

impl Sink for NetworkSink {
    fn write(&mut self, lines: &[Bytes], pulse: &Pulse) -> Written {
        let mut written = Written::default();
        let mut failed = self.attempt(lines, pulse, &mut written);
        if failed.as_ref().is_some_and(|failed| failed.again) {
            self.pause = None;
            let left = &lines[written.lines..];
            failed = self.attempt(left, pulse, &mut written);
        }
        written.failure = failed.map(|failed| failed.reason);
        written
    }

    fn reopen(&mut self, _: &Pulse) -> Result<(), Reason> {
        self.connection = None;
        self.pause = None;
        self.connect().map_err(|failed| failed.reason)
    }
}

impl Target {
    fn connect(&self, timeout: Option<Duration>) -> io::Result<Connection> {
        match self {
            Self::Socket(socket) => Connection::open(socket.network, &socket.address, timeout),
            Self::Syslog(syslog) => local_daemon(syslog, timeout),
        }
    }

    /// What stands before each line: for syslog, RFC 3164 as local daemons take it. The time is UTC;
    /// daemons replace it by their own.
    fn header(&self) -> String {
        let Self::Syslog(syslog) = self else { return String::new() };
        let now = OffsetDateTime::now_utc();
        let month = &now.month().to_string()[..3];
        let (day, (hour, minute, second)) = (now.day(), now.time().as_hms());
        let (priority, tag, process) = (syslog.priority, &syslog.tag, std::process::id());
        format!("<{priority}>{month} {day:2} {hour:02}:{minute:02}:{second:02} {tag}[{process}]: ")
    }
}

fn local_daemon(syslog: &SyslogConfig, timeout: Option<Duration>) -> io::Result<Connection> {
    for path in &syslog.sockets {
        let connection = Connection::unixgram(path, timeout);
        if let Ok(connection) = connection.or_else(|_| Connection::unix(path, timeout)) {
            return Ok(connection);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "Unix syslog delivery error"))
}

fn is_too_long(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error())
}

impl Network {
    fn name(self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Udp(_) => "udp",
            Self::Unix => "unix",
            Self::Unixgram => "unixgram",
        }
    }
}
