//! From root to a user without rights, as the container image has it: its folders are given to that user, and of root's
//! rights only what locks memory stays.
//!
//! The right to read others' files is kept where it can be raised for one read: certificates mounted for root alone have
//! to be readable when they are renewed.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Gid, Uid, chownat};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

/// The user to become, if the server is started as root: a name or a number, and a group after a colon.
pub(crate) const RUN_AS: &str = "COFFER_RUN_AS";
/// Further folders that are given to that user, parted by colons.
pub(crate) const OWNED: &str = "COFFER_OWNED_FOLDERS";

/// Rights that are in force all the time.
const KEPT: CapabilitySet = CapabilitySet::IPC_LOCK.union(CapabilitySet::NET_BIND_SERVICE);
/// Either is enough to read a file of root's.
const FILE_ACCESS: CapabilitySet = CapabilitySet::DAC_READ_SEARCH.union(CapabilitySet::DAC_OVERRIDE);

/// What became of root's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Privileges {
    /// The server was not started as root, or is to stay so.
    AsStarted,
    /// It runs as this user now.
    Dropped(String),
}

/// The server would have to run as root, which it was told not to.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// The user of `COFFER_RUN_AS`.
    #[error("{RUN_AS}: {0}")]
    User(String),
    /// A folder.
    #[error("{} cannot be given to the user {user:?}: {reason}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// To whom.
        user: String,
        /// Why.
        reason: io::Error,
    },
    /// The change itself.
    #[error("cannot become the user {user:?}: {reason}")]
    Change {
        /// Who.
        user: String,
        /// Why.
        reason: io::Error,
    },
}

/// Becomes the user that the environment names, if this is root. To be called while the process has one thread.
///
/// # Errors
/// The user is not known, or the system does not allow it: then the server does not start.
pub fn drop_root(folders: &[PathBuf]) -> Result<Privileges, PrivilegeError> {
    let Some(user) = crate::environment(RUN_AS).filter(|user| !user.is_empty()) else {
        return Ok(Privileges::AsStarted);
    };
    if !rustix::process::geteuid().is_root() {
        // Begun anew after it had become that user: the rights came along.
        lower().map_err(|reason| PrivilegeError::Change { user: user.clone(), reason })?;
        return Ok(Privileges::AsStarted);
    }
    let (uid, gid) = ids(&user).map_err(PrivilegeError::User)?;
    let more = crate::environment(OWNED).unwrap_or_default();
    let more = more.split(':').filter(|path| !path.is_empty()).map(PathBuf::from);
    for folder in folders.iter().cloned().chain(more).collect::<BTreeSet<_>>() {
        give(&folder, uid, gid).map_err(|reason| PrivilegeError::Folder {
            path: folder,
            user: user.clone(),
            reason,
        })?;
    }
    become_user(uid, gid).map_err(|reason| PrivilegeError::Change { user: user.clone(), reason })?;
    Ok(Privileges::Dropped(user))
}

/// Runs `read` with the right to read files of root's, where that was kept.
pub(crate) fn with_file_access<T>(read: impl FnOnce() -> T) -> T {
    let Ok(before) = capabilities(None) else { return read() };
    let raised = before.permitted.intersection(FILE_ACCESS);
    if raised.is_empty() || before.effective.contains(raised) {
        return read();
    }
    let sets = CapabilitySets { effective: before.effective.union(raised), ..before };
    // It is this thread's alone. Where it is not given, the read says what it lacks.
    let _ = set_capabilities(None, sets);
    let lowered = Lowered(before);
    let result = read();
    drop(lowered);
    result
}

/// Gives the right back, also where the read panics.
struct Lowered(CapabilitySets);

impl Drop for Lowered {
    fn drop(&mut self) {
        let _ = set_capabilities(None, self.0);
    }
}

fn become_user(uid: Uid, gid: Gid) -> io::Result<()> {
    rustix::thread::set_keep_capabilities(true)?;
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    rustix::thread::set_keep_capabilities(false)?;
    let permitted = capabilities(None)?.permitted.intersection(KEPT.union(FILE_ACCESS));
    set_capabilities(None, CapabilitySets { effective: permitted, permitted, inheritable: permitted })?;
    for capability in permitted.iter() {
        // For the process that this one may put in its own place.
        rustix::thread::configure_capability_in_ambient_set(capability, true)?;
    }
    lower()?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

/// What is only for reads is not in force outside of them.
fn lower() -> io::Result<()> {
    let now = capabilities(None)?;
    set_capabilities(None, CapabilitySets { effective: now.effective.difference(FILE_ACCESS), ..now })?;
    Ok(())
}

/// Gives a folder and what is in it; never what a link points at. A folder that is not there is made.
fn give(folder: &Path, uid: Uid, gid: Gid) -> io::Result<()> {
    match std::fs::create_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        let found = std::fs::symlink_metadata(&path)?;
        if found.uid() != uid.as_raw() {
            chownat(CWD, &path, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        if found.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                waiting.push(entry?.path());
            }
        }
    }
    Ok(())
}

/// `user`, `user:group`; names or numbers. Without a group, the user's own.
fn ids(text: &str) -> Result<(Uid, Gid), String> {
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    let line = find("/etc/passwd", user)?;
    let field = |at: usize| line.as_ref().and_then(|fields| fields.get(at)?.parse::<u32>().ok());
    let uid = field(2).or_else(|| user.parse().ok()).ok_or_else(|| format!("there is no user {user:?}"))?;
    let gid = match group {
        None => field(3).unwrap_or(uid),
        Some(group) => {
            let line = find("/etc/group", group)?;
            let known = line.and_then(|fields| fields.get(2)?.parse::<u32>().ok());
            known.or_else(|| group.parse().ok()).ok_or_else(|| format!("there is no group {group:?}"))?
        }
    };
    if uid == 0 {
        return Err("it names root, which is not dropped".to_owned());
    }
    Ok((Uid::from_raw(uid), Gid::from_raw(gid)))
}

/// The line of a file such as `/etc/passwd` that has this name or number.
fn find(file: &str, name: &str) -> Result<Option<Vec<String>>, String> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{file} cannot be read: {error}")),
    };
    let lines = text.lines().map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
    let has =
        |fields: &Vec<String>| fields.first().is_some_and(|f| f == name) || fields.get(2).is_some_and(|f| f == name);
    Ok(lines.into_iter().find(has))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_names_or_numbers() {
        assert_eq!(ids("1234:99").unwrap(), (Uid::from_raw(1234), Gid::from_raw(99)));
        assert_eq!(ids("65533").unwrap(), (Uid::from_raw(65533), Gid::from_raw(65533)));
        assert!(ids("root").unwrap_err().contains("names root"));
        assert!(ids("0").unwrap_err().contains("names root"));
        assert!(ids("nobody-of-that-name").unwrap_err().contains("no user"));
        assert_eq!(ids("daemon").unwrap().0, Uid::from_raw(1));
    }

    #[test]
    fn a_read_is_done_whatever_the_rights() {
        assert_eq!(with_file_access(|| 7), 7);
        let before = capabilities(None).unwrap();
        with_file_access(|| {});
        assert_eq!(capabilities(None).unwrap(), before);
    }
}
