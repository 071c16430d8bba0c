//! Opening the pair of stores: made together, kept together.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::folder::{DataFolder, UNFINISHED};
use crate::header::{FileKind, Header, is_valid_node_id};
use crate::medium::{FileUse, NamedDb};
use crate::reserve::Reserve;
use crate::{ClusterId, Faults, LogStore, Medium, NodeIdentity, OpenError, StateStore, StoreFault};

const LOG_FILE: &str = "raft.redb";
pub(crate) const STATE_FILE: &str = "state.redb";

/// The log is always verified: a voter that forgot what it acknowledged would break Raft's promise.
const LOG_USE: FileUse = FileUse { cache: 2 << 20, verify_up_to: u64::MAX };
/// Verifying reads the whole file, so a large one is trusted until something in it makes no sense.
pub(crate) const STATE_USE: FileUse = FileUse { cache: 16 << 20, verify_up_to: 64 << 20 };

/// The two stores of a node, open.
#[derive(Debug)]
pub struct Stores {
    /// Log and vote.
    pub log: LogStore,
    /// Applied state.
    pub state: StateStore,
    /// Where errors that end the node appear.
    pub faults: Faults,
    pub(crate) folder: Option<DataFolder>,
    pub(crate) reserve: Option<Arc<Reserve>>,
    /// In place of files where there is no folder.
    pub(crate) passing_files: Mutex<BTreeMap<String, Vec<u8>>>,
    header: Mutex<Header>,
}

/// Opens what `medium` holds, or makes it. `node_id` is the configured name; without one the name on disk is kept,
/// or a random one made.
///
/// # Errors
/// See [`OpenError`]: permissions, another process, damage, files that do not belong together.
pub fn open(medium: &Medium, node_id: Option<&str>) -> Result<Stores, OpenError> {
    if let Some(node_id) = node_id
        && !is_valid_node_id(node_id)
    {
        return Err(OpenError::BadNodeId { len: node_id.len() });
    }
    let (log, state, folder, reserve) = match medium {
        Medium::Folder(path) => {
            let folder = DataFolder::prepare(path)?;
            let reserve = Arc::new(Reserve::prepare(&folder));
            if !has_pair(&folder, &reserve)? {
                create_pair(&folder, &new_header(node_id)?)?;
            }
            let log = NamedDb::open_file(&folder.file(LOG_FILE), LOG_USE, &reserve)?;
            let state = NamedDb::open_file(&folder.file(STATE_FILE), STATE_USE, &reserve)?;
            (log, state, Some(folder), Some(reserve))
        }
        Medium::Memory => {
            let header = new_header(node_id)?;
            let log = NamedDb::in_memory("raft log", LOG_USE.cache, &of_kind(&header, FileKind::Log))?;
            let state = NamedDb::in_memory("state", STATE_USE.cache, &of_kind(&header, FileKind::State))?;
            (log, state, None, None)
        }
    };
    let header = matching_header(&log, &state)?;
    if let Some(wanted) = node_id.filter(|wanted| *wanted != header.identity.node_id) {
        return Err(OpenError::OtherNode {
            path: folder.map(|folder| folder.path().to_owned()).unwrap_or_default(),
            found: header.identity.node_id,
            wanted: wanted.to_owned(),
        });
    }
    let faults = Faults::default();
    let state = StateStore::open(state, faults.clone())?;
    let log = LogStore::open(log, faults.clone())?;
    if let Some(reserve) = &reserve {
        reserve.set_waits(true);
    }
    Ok(Stores { log, state, faults, folder, reserve, passing_files: Mutex::default(), header: Mutex::new(header) })
}

impl Stores {
    /// Who this node is.
    pub fn identity(&self) -> NodeIdentity {
        self.header.lock().identity.clone()
    }

    /// The cluster it belongs to, if any.
    pub fn cluster_id(&self) -> Option<ClusterId> {
        self.header.lock().cluster
    }

    /// The data folder, if there is one.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(DataFolder::path)
    }

    /// Free bytes where the data lies, without what is yet to be kept back, and the size of that file system; `None` in
    /// memory, or where it can't be asked.
    pub fn disk_space(&self) -> Option<(u64, u64)> {
        let found = rustix::fs::statvfs(self.folder()?).ok()?;
        let missing = self.reserve.as_ref().map_or(0, |reserve| reserve.missing());
        let free = found.f_bavail.saturating_mul(found.f_frsize).saturating_sub(missing);
        Some((free, found.f_blocks.saturating_mul(found.f_frsize)))
    }

    /// Bytes that writes of the two stores can still take, with what is kept back for them, and how much that is at most.
    /// `None` in memory, or where it can't be asked.
    pub fn room_left(&self) -> Option<(u64, u64)> {
        let found = rustix::fs::statvfs(self.folder()?).ok()?;
        let reserve = self.reserve.as_ref()?;
        let held = reserve.size() - reserve.missing();
        Some((found.f_bavail.saturating_mul(found.f_frsize).saturating_add(held), reserve.size()))
    }

    /// Whether a write may have to wait until the disk has room.
    pub fn may_wait_for_room(&self) -> bool {
        self.reserve.as_ref().is_some_and(|reserve| !reserve.is_held())
    }

    /// The node ends: a write that finds no room on the disk fails.
    pub fn wait_for_room_no_more(&self) {
        if let Some(reserve) = &self.reserve {
            reserve.set_waits(false);
        }
    }

    /// Binds both files to a cluster, durably. Blocks for two syncs.
    ///
    /// # Errors
    /// [`StoreFault::Misuse`] when they belong to another one.
    pub fn set_cluster_id(&self, cluster: ClusterId) -> Result<(), StoreFault> {
        let mut header = self.header.lock();
        match header.cluster {
            Some(held) if held == cluster => return Ok(()),
            Some(held) => {
                let what = format!("it belongs to cluster {held} and cannot join {cluster}");
                return Err(StoreFault::Misuse { file: self.log.file().to_owned(), what });
            }
            None => header.cluster = Some(cluster),
        }
        // The state first: `matching_header` completes the pair if the second write is lost.
        self.state.write_header(&of_kind(&header, FileKind::State))?;
        self.log.write_header(&of_kind(&header, FileKind::Log))
    }

    /// Makes durable what is held back, ends the threads. Blocks; later writes fail with [`StoreFault::Closed`].
    pub fn close(&self) {
        self.wait_for_room_no_more();
        self.log.close();
        self.state.close();
    }
}

fn of_kind(header: &Header, kind: FileKind) -> Header {
    Header { kind, ..header.clone() }
}

/// True for both, false for none.
fn has_pair(folder: &DataFolder, reserve: &Arc<Reserve>) -> Result<bool, OpenError> {
    match (folder.has_private(LOG_FILE)?, folder.has_private(STATE_FILE)?) {
        (true, true) => Ok(true),
        (false, false) => Ok(false),
        (true, false) => {
            Err(OpenError::Incomplete { present: folder.file(LOG_FILE), missing: folder.file(STATE_FILE) })
        }
        (false, true) => {
            // The state is named first: alone and empty it is what a first start left when it was cut short.
            let path = folder.file(STATE_FILE);
            if !StateStore::is_pristine(NamedDb::open_file(&path, STATE_USE, reserve)?)? {
                return Err(OpenError::Incomplete { present: path, missing: folder.file(LOG_FILE) });
            }
            fs::remove_file(&path).map_err(|error| OpenError::io(&path, "removing it", &error))?;
            Ok(false)
        }
    }
}

/// Both files complete before either has its name.
fn create_pair(folder: &DataFolder, header: &Header) -> Result<(), OpenError> {
    for (name, kind) in [(STATE_FILE, FileKind::State), (LOG_FILE, FileKind::Log)] {
        NamedDb::create_file(&folder.file(&format!("{name}{UNFINISHED}")), &of_kind(header, kind))?;
    }
    for name in [STATE_FILE, LOG_FILE] {
        let path = folder.file(name);
        fs::rename(folder.file(&format!("{name}{UNFINISHED}")), &path)
            .map_err(|error| OpenError::io(&path, "naming it", &error))?;
        folder.sync().map_err(|error| OpenError::io(folder.path(), "syncing it", &error))?;
    }
    Ok(())
}

fn new_header(node_id: Option<&str>) -> Result<Header, OpenError> {
    let mut random = [0u8; 40];
    getrandom::fill(&mut random).map_err(|error| OpenError::NoRandom(error.to_string()))?;
    let (raft_id, rest) = random.split_first_chunk::<8>().ok_or_else(|| OpenError::NoRandom("too few".into()))?;
    let (pair, name) = rest.split_first_chunk::<16>().ok_or_else(|| OpenError::NoRandom("too few".into()))?;
    let node_id = node_id.map_or_else(|| name.iter().map(|byte| format!("{byte:02x}")).collect(), str::to_owned);
    let identity = NodeIdentity { node_id, raft_id: u64::from_be_bytes(*raft_id).max(1) };
    Ok(Header { kind: FileKind::Log, pair: *pair, identity, cluster: None })
}

fn matching_header(log: &NamedDb, state: &NamedDb) -> Result<Header, OpenError> {
    let (log_header, state_header) = (log.read_header()?, state.read_header()?);
    let mixed = |what| OpenError::Mixed { log: log.file.clone().into(), state: state.file.clone().into(), what };
    if log_header.kind != FileKind::Log || state_header.kind != FileKind::State {
        return Err(mixed("they have changed places"));
    }
    if log_header.pair != state_header.pair || log_header.identity != state_header.identity {
        return Err(mixed("they were made by different nodes"));
    }
    match (log_header.cluster, state_header.cluster) {
        (log_cluster, state_cluster) if log_cluster == state_cluster => Ok(log_header),
        (None, Some(cluster)) => {
            let header = Header { cluster: Some(cluster), ..log_header };
            log.write_header(&header)?;
            Ok(header)
        }
        _ => Err(mixed("they belong to different clusters")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn data(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("data")
    }

    fn open_at(path: &Path) -> Result<Stores, OpenError> {
        open(&Medium::Folder(path.to_owned()), None)
    }

    #[test]
    fn identity_and_cluster_stay() {
        let folder = tempfile::tempdir().unwrap();
        let first = open_at(&data(&folder)).unwrap();
        let identity = first.identity();
        assert_eq!(first.cluster_id(), None);
        first.set_cluster_id(ClusterId([1; 16])).unwrap();
        assert!(first.set_cluster_id(ClusterId([2; 16])).is_err());
        drop(first);
        let again = open_at(&data(&folder)).unwrap();
        assert_eq!((again.identity(), again.cluster_id()), (identity, Some(ClusterId([1; 16]))));
    }

    #[test]
    fn files_of_two_nodes_are_not_mixed() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        drop(open_at(&data(&one)).unwrap());
        drop(open_at(&data(&two)).unwrap());
        fs::copy(data(&two).join(STATE_FILE), data(&one).join(STATE_FILE)).unwrap();
        let refused = open_at(&data(&one)).unwrap_err();
        assert!(matches!(refused, OpenError::Mixed { .. }), "{refused}");
        fs::copy(data(&one).join(LOG_FILE), data(&one).join(STATE_FILE)).unwrap();
        let refused = open_at(&data(&one)).unwrap_err();
        assert!(matches!(refused, OpenError::Mixed { .. }), "{refused}");
    }

    #[test]
    fn a_lost_file_is_not_silently_made_anew() {
        for lost in [LOG_FILE, STATE_FILE] {
            let folder = tempfile::tempdir().unwrap();
            open_at(&data(&folder)).unwrap().set_cluster_id(ClusterId([1; 16])).unwrap();
            fs::remove_file(data(&folder).join(lost)).unwrap();
            let refused = open_at(&data(&folder)).unwrap_err();
            assert!(matches!(&refused, OpenError::Incomplete { missing, .. } if missing.ends_with(lost)), "{refused}");
        }
    }

    #[test]
    fn a_first_start_that_was_cut_short_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        drop(open_at(&data(&folder)).unwrap());
        fs::remove_file(data(&folder).join(LOG_FILE)).unwrap();
        open_at(&data(&folder)).unwrap();
    }

    #[test]
    fn damage_is_named_and_never_a_panic() {
        for name in [LOG_FILE, STATE_FILE] {
            for (what, damage) in [
                ("emptied", (|_: &[u8]| Vec::new()) as fn(&[u8]) -> Vec<u8>),
                ("cut", |bytes| bytes[..bytes.len() / 2].to_vec()),
                ("not a database", |_| b"hello".repeat(2000)),
                ("first page overwritten", |bytes| [&[0x55; 4096], &bytes[4096..]].concat()),
            ] {
                let folder = tempfile::tempdir().unwrap();
                drop(open_at(&data(&folder)).unwrap());
                let path = data(&folder).join(name);
                let bytes = fs::read(&path).unwrap();
                fs::write(&path, damage(&bytes)).unwrap();
                let refused = open_at(&data(&folder)).expect_err(what);
                assert!(
                    matches!(&refused, OpenError::Damaged { path: named, .. } if *named == path),
                    "{what}: {refused:?}"
                );
            }
        }
    }

    #[test]
    fn a_configured_name_must_be_the_one_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let medium = Medium::Folder(data(&folder));
        drop(open(&medium, Some("one")).unwrap());
        assert!(matches!(open(&medium, Some("two")), Err(OpenError::OtherNode { .. })));
        assert_eq!(open(&medium, None).unwrap().identity().node_id, "one");
        assert!(matches!(open(&Medium::Memory, Some("")), Err(OpenError::BadNodeId { len: 0 })));
    }
}
