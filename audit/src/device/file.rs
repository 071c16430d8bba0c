//! A log file: appended to, and followed when it is moved away.

use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use bytes::Bytes;
use rustix::fs::{FileType, Mode, OFlags, Stat, fcntl_getfl, fcntl_setfl, fstat, open, stat};

use super::pulse::Pulse;
use super::sink::{Batch, Sink, Written, reason};
use super::ticket::Reason;
use crate::config::{FileConfig, FileMode};

pub(super) struct FileSink {
    config: FileConfig,
    place: String,
    /// Mode of new files; `None` until the file whose mode is to be kept has been seen.
    mode: Option<u32>,
    open: Option<Open>,
    /// The file whose last line has no end, because the disk was full for instance.
    torn: Option<Identity>,
    batch: Batch,
}

struct Open {
    file: File,
    identity: Identity,
    regular: bool,
    mode: u32,
}

/// Device and inode.
type Identity = (u64, u64);

impl FileSink {
    pub(super) fn new(config: FileConfig) -> Self {
        let place = config.path.display().to_string();
        let mode = match config.mode {
            FileMode::Keep => None,
            FileMode::Set(mode) => Some(mode),
        };
        Self { config, place, mode, open: None, torn: None, batch: Batch::default() }
    }

    /// The file at the path, opened if it is not open or is not the one there any more.
    fn current(&mut self) -> Result<&mut Open, Reason> {
        let there = stat(&self.config.path).ok().map(|found| identity(&found));
        let open = self.open.take().filter(|open| !open.regular || there == Some(open.identity));
        let open = match open {
            Some(open) => open,
            None => {
                let open = open_file(&self.config, self.mode);
                open.map_err(|error| format!("open {:?} for writing: {error}", self.config.path))?
            }
        };
        // Once known, a file to follow it is made with the same.
        self.mode.get_or_insert(open.mode);
        Ok(self.open.insert(open))
    }

    /// Lines that are safe, and what stopped the others.
    fn attempt(&mut self, lines: &[Bytes], pulse: &Pulse) -> (usize, Option<Stopped>) {
        let torn = self.torn;
        if let Err(reason) = self.current() {
            return (0, Some(Stopped { reason, again: false }));
        }
        let Some(open) = self.open.as_mut() else { return (0, None) };
        self.batch.clear();
        if torn == Some(open.identity) {
            self.batch.lead(b"\n");
        }
        lines.iter().for_each(|line| self.batch.line(&[line]));
        let Open { file, identity, regular, .. } = open;
        let mut out: &File = file;
        let wait_on = (!*regular).then(|| file.as_fd());
        let progress = self.batch.write_to(&mut out, wait_on, pulse);
        if progress.torn {
            self.torn = Some(*identity);
        } else if progress.lines > 0 {
            self.torn = None;
        }
        let stopped = progress.error.map(|error| Stopped {
            again: !matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded),
            reason: reason("write", &self.place, &error),
        });
        if self.config.fsync && *regular && progress.lines > 0 {
            let synced = file.sync_data();
            pulse.beat();
            if let Err(error) = synced {
                // The kernel may have dropped what it could not write: another try would say nothing.
                let reason = reason("fsync", &self.place, &error);
                self.open = None;
                return (0, Some(Stopped { reason, again: false }));
            }
        }
        (progress.lines, stopped)
    }
}

struct Stopped {
    reason: Reason,
    /// Another try, on the file opened anew, could help.
    again: bool,
}

impl Sink for FileSink {
    fn write(&mut self, lines: &[Bytes], pulse: &Pulse) -> Written {
        let (mut done, mut stopped) = self.attempt(lines, pulse);
        if stopped.is_some() {
            self.open = None;
        }
        if stopped.as_ref().is_some_and(|stopped| stopped.again) {
            let (more, still) = self.attempt(&lines[done..], pulse);
            done += more;
            stopped = still;
        }
        if stopped.is_some() {
            self.open = None;
        }
        Written { lines: done, failure: stopped.map(|stopped| stopped.reason), shortened: 0 }
    }

    fn reopen(&mut self, _: &Pulse) -> Result<(), Reason> {
        self.open = None;
        self.current().map(|_| ())
    }
}

/// Without a mode, the file must be there.
fn open_file(config: &FileConfig, mode: Option<u32>) -> io::Result<Open> {
    refuse_forbidden(config)?;
    let folder = config.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        refuse_forbidden(config)?;
    }
    let create = mode.map_or(OFlags::empty(), |_| OFlags::CREATE);
    let fd = open(&config.path, FLAGS | create, Mode::from_raw_mode(mode.unwrap_or_default()))?;
    let found = fstat(&fd)?;
    let regular = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
    let file = File::from(fd);
    let has = found.st_mode & 0o7777;
    if regular {
        fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
        if let (FileMode::Set(mode), true) = (config.mode, config.mode != FileMode::Set(has)) {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        if config.fsync {
            file.sync_all()?;
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
    }
    Ok(Open { file, identity: identity(&found), regular, mode: has & 0o666 })
}

/// Non-blocking, not to hang on a pipe that nobody reads.
const FLAGS: OFlags =
    OFlags::WRONLY.union(OFlags::APPEND).union(OFlags::CLOEXEC).union(OFlags::NOCTTY).union(OFlags::NONBLOCK);

/// Neither the path nor what it is a link to may lie in the node's own folders.
fn refuse_forbidden(config: &FileConfig) -> io::Result<()> {
    let folder = config.path.parent().and_then(|folder| existing_part(folder).canonicalize().ok());
    let target = config.path.canonicalize().ok();
    for forbidden in &config.forbidden {
        let forbidden = forbidden.canonicalize().unwrap_or_else(|_| forbidden.clone());
        let below = |path: &Option<std::path::PathBuf>| path.as_ref().is_some_and(|path| path.starts_with(&forbidden));
        if below(&folder) || below(&target) || config.path.starts_with(&forbidden) {
            return Err(io::Error::other("audit logs are not allowed in this folder"));
        }
    }
    Ok(())
}

fn existing_part(path: &Path) -> &Path {
    let existing = path.ancestors().find(|part| part.exists());
    existing.unwrap_or(Path::new("."))
}

fn identity(found: &Stat) -> Identity {
    (found.st_dev, found.st_ino)
}
