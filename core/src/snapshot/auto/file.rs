//! One file: written under a passing name, read again to its end, then named; and the older ones that go for it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use coffer_model::{ClusterStatus, Frozen};
use coffer_seal::Barrier;

use super::AutoSnapshot;
use crate::Timestamp;
use crate::snapshot::check::check;
use crate::snapshot::passing_file::{create, require_room};
use crate::snapshot::save::write_archive;

/// End of the names.
const SUFFIX: &str = ".snap";
/// `20261124T010203Z`
const TIME_LEN: usize = 16;

/// Takes a snapshot; gives where it is and how many bytes it has. Blocks.
pub(super) fn take(
    config: &AutoSnapshot,
    frozen: &dyn Frozen,
    barrier: &Barrier,
    status: &ClusterStatus,
    now: Timestamp,
    max_entry_size: usize,
) -> Result<(PathBuf, u64), String> {
    let folder = &config.path_prefix;
    let in_words = |error: io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(in_words)?;
    require_room(folder, 0).map_err(|failure| failure.to_string())?;
    let known = existing(config).map_err(in_words)?;
    // Those that will go anyway make no difference.
    let stay = known.len().saturating_sub(usize::saturating_sub(known.len() + 1, config.retain));
    let taken: u64 = known.iter().rev().take(stay).map(|(_, size)| size).sum();
    let path = folder.join(format!("{}-{}{SUFFIX}", config.file_prefix, name_of(now)));
    let partial = folder.join(format!(".{}-{}.partial", config.file_prefix, name_of(now)));
    let written =
        write_checked(&partial, frozen, barrier, status, config.local_max_space.saturating_sub(taken), max_entry_size)
            .and_then(|size| fs::rename(&partial, &path).map(|()| size).map_err(in_words));
    match written {
        Ok(size) => {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(in_words)?;
            retain(config).map_err(in_words)?;
            Ok((path, size))
        }
        Err(error) => {
            let _ = fs::remove_file(&partial);
            Err(error)
        }
    }
}

fn write_checked(
    partial: &Path,
    frozen: &dyn Frozen,
    barrier: &Barrier,
    status: &ClusterStatus,
    room: u64,
    max_entry_size: usize,
) -> Result<u64, String> {
    let named = |error: io::Error| format!("{}: {error}", partial.display());
    // Left by a process that ended in the middle, within the same second.
    let _ = fs::remove_file(partial);
    let file = create(partial).map_err(named)?;
    let out = BufWriter::with_capacity(256 << 10, Bounded { file, room });
    let out = write_archive(out, frozen, barrier, status).map_err(|error| error.to_string())?;
    let file = out.into_inner().map_err(|error| named(error.into_error()))?.file;
    file.sync_all().map_err(named)?;
    let written = File::open(partial).map_err(named)?;
    let size = written.metadata().map_err(named)?.len();
    check(written, max_entry_size).map_err(|failure| format!("the file is not as it was written: {failure}"))?;
    Ok(size)
}

/// The snapshots that are there, oldest first, with their bytes. Nothing else in the folder is looked at.
fn existing(config: &AutoSnapshot) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(&config.path_prefix)? {
        let entry = entry?;
        if is_ours(&entry.file_name().to_string_lossy(), &config.file_prefix) {
            found.push((entry.path(), entry.metadata()?.len()));
        }
    }
    found.sort();
    Ok(found)
}

fn is_ours(name: &str, prefix: &str) -> bool {
    let time =
        name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.strip_suffix(SUFFIX));
    time.is_some_and(|time| {
        time.len() == TIME_LEN
            && time.bytes().enumerate().all(|(at, byte)| match at {
                8 => byte == b'T',
                15 => byte == b'Z',
                _ => byte.is_ascii_digit(),
            })
    })
}

fn retain(config: &AutoSnapshot) -> io::Result<()> {
    let known = existing(config)?;
    let too_many = known.len().saturating_sub(config.retain);
    known.iter().take(too_many).try_for_each(|(path, _)| fs::remove_file(path))
}

/// The moment in UTC, sortable, without signs that file systems mind.
fn name_of(at: Timestamp) -> String {
    let text = at.rfc3339();
    let seconds = text.split(['.', 'Z']).next().unwrap_or_default();
    let digits: String = seconds.chars().filter(|sign| !matches!(sign, '-' | ':')).collect();
    format!("{digits}Z")
}

/// Refuses to grow beyond a number of bytes.
struct Bounded {
    file: File,
    room: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.room {
            return Err(io::Error::other("the snapshots would take more than local_max_space"));
        }
        let written = self.file.write(bytes)?;
        self.room -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_only_such_are_ours() {
        let at = |text: &str| name_of(Timestamp::parse(text).unwrap());
        assert_eq!(at("2026-11-24T01:02:03.456Z"), "20261124T010203Z");
        assert!(is_ours("vault-snapshot-20261124T010203Z.snap", "vault-snapshot"));
        for strange in
            ["vault-snapshot-x.snap", "vault-snapshot-20261124T010203Z", "a-20261124T010203Z.snap", "notes.txt"]
        {
            assert!(!is_ours(strange, "vault-snapshot"), "{strange}");
        }
    }

    #[test]
    fn the_oldest_go_and_strangers_stay() {
        let folder = std::env::temp_dir().join(format!("snapshots-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).unwrap();
        let config = AutoSnapshot {
            interval: std::time::Duration::from_secs(1),
            retain: 2,
            path_prefix: folder.clone(),
            file_prefix: "a".into(),
            local_max_space: 100,
        };
        for name in [
            "a-20261124T010203Z.snap",
            "a-20261124T010204Z.snap",
            "a-20261124T010205Z.snap",
            "a-note",
            "b-20261124T010203Z.snap",
        ] {
            fs::write(folder.join(name), "x").unwrap();
        }
        retain(&config).unwrap();
        let mut left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a-20261124T010204Z.snap", "a-20261124T010205Z.snap", "a-note", "b-20261124T010203Z.snap"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
