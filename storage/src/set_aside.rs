//! Moving everything that a data folder holds into a folder below it, so that the node can begin anew and nothing is lost.
//! The folder itself stays: it may be a mount point.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::folder::{LOCK_FILE, create_private, sync_folder};
use crate::reserve::RESERVE_FILE;
use crate::{OpenError, StoreFault, Stores};

/// Begins the names of folders that hold data set aside.
const PREFIX: &str = "set-aside-";

/// Holds the name of the folder that data is being moved to; there only while that is going on.
const UNDER_WAY: &str = "setting-aside";

impl Stores {
    /// Moves all files of a node that is closed into a new folder below the data folder, named by the time, and says which.
    /// One that is cut short is completed at the next opening. `None` in memory. Blocks.
    ///
    /// # Errors
    /// Files can't be moved.
    pub fn set_aside(&self, now: SystemTime) -> Result<Option<PathBuf>, StoreFault> {
        let Some(folder) = self.folder() else { return Ok(None) };
        begin(folder, now).and_then(|()| complete(folder)).map_err(|error| StoreFault::Io {
            file: folder.display().to_string(),
            action: "setting its content aside",
            reason: error.to_string(),
        })
    }
}

/// Completes what an interrupted [`Stores::set_aside`] began.
pub(crate) fn complete_interrupted(folder: &Path) -> Result<(), OpenError> {
    complete(folder).map(drop).map_err(|error| OpenError::io(folder, "setting its content aside", &error))
}

fn begin(folder: &Path, now: SystemTime) -> io::Result<()> {
    let stamp = stamp(now);
    let mut name = format!("{PREFIX}{stamp}");
    for number in 2.. {
        match DirBuilder::new().mode(0o700).create(folder.join(&name)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => name = format!("{PREFIX}{stamp}-{number}"),
            other => {
                other?;
                break;
            }
        }
    }
    let marker = folder.join(UNDER_WAY);
    let mut file = create_private(&marker)?;
    io::Write::write_all(&mut file, name.as_bytes())?;
    file.sync_all()?;
    sync_folder(folder)
}

fn complete(folder: &Path) -> io::Result<Option<PathBuf>> {
    let marker = folder.join(UNDER_WAY);
    let name = match fs::read_to_string(&marker) {
        Ok(name) => name,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !name.starts_with(PREFIX) || name.contains('/') {
        // The power failed before the name was written, and so before anything was moved.
        fs::remove_file(&marker)?;
        sync_folder(folder)?;
        return Ok(None);
    }
    let target = folder.join(&name);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name();
        let stays = file.to_string_lossy();
        let kept = [LOCK_FILE, UNDER_WAY, RESERVE_FILE, "lost+found"].iter().any(|kept| stays == *kept);
        if !kept && !stays.starts_with(PREFIX) {
            fs::rename(entry.path(), target.join(&file))?;
        }
    }
    sync_folder(&target)?;
    fs::remove_file(&marker)?;
    sync_folder(folder)?;
    Ok(Some(target))
}

/// UTC, as 20261124T083000Z.
fn stamp(now: SystemTime) -> String {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The date so many days after 1970-01-01.
fn date(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Medium, open};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn times_are_written_as_dates() {
        assert_eq!(stamp(at(0)), "19700101T000000Z");
        assert_eq!(stamp(at(951_782_400)), "20000229T000000Z");
        assert_eq!(stamp(at(1_798_761_599)), "20261231T235959Z");
        assert_eq!(stamp(at(1_798_761_600)), "20270101T000000Z");
        assert_eq!(stamp(at(4_107_542_399)), "21000228T235959Z");
        assert_eq!(stamp(at(4_107_542_400)), "21000301T000000Z");
    }

    #[test]
    fn a_node_begins_anew_and_what_it_had_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::Folder(folder.path().to_owned());
        let stores = open(&medium, Some("n1")).unwrap();
        let before = stores.identity();
        stores.keep_private_file("some-key", b"secret").unwrap();
        stores.close();
        let aside = stores.set_aside(at(0)).unwrap().unwrap();
        drop(stores);
        assert!(aside.join("raft.redb").exists() && aside.join("state.redb").exists());
        assert_eq!(fs::read(aside.join("some-key")).unwrap(), b"secret");
        let stores = open(&medium, Some("n1")).unwrap();
        assert_eq!(stores.identity().node_id, before.node_id);
        assert_ne!(stores.identity().raft_id, before.raft_id);
        stores.close();
        let again = stores.set_aside(at(0)).unwrap().unwrap();
        assert_ne!(again, aside);
        assert!(aside.join("raft.redb").exists() && again.join("raft.redb").exists());
    }

    #[test]
    fn one_that_was_cut_short_is_completed_at_the_next_opening() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::Folder(folder.path().to_owned());
        drop(open(&medium, Some("n1")).unwrap());
        begin(folder.path(), at(7)).unwrap();
        let aside = folder.path().join("set-aside-19700101T000007Z");
        fs::rename(folder.path().join("raft.redb"), aside.join("raft.redb")).unwrap();
        drop(open(&medium, Some("n1")).unwrap());
        assert!(aside.join("state.redb").exists());
        assert!(!folder.path().join(UNDER_WAY).exists());
        assert!(folder.path().join("raft.redb").exists());
    }

    #[test]
    fn one_that_was_cut_short_before_it_had_a_name_never_was() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::Folder(folder.path().to_owned());
        let stores = open(&medium, Some("n1")).unwrap();
        let before = stores.identity();
        drop(stores);
        fs::write(folder.path().join(UNDER_WAY), b"").unwrap();
        assert_eq!(open(&medium, Some("n1")).unwrap().identity(), before);
        assert!(!folder.path().join(UNDER_WAY).exists());
    }
}
