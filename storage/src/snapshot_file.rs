//! A snapshot as a file: what goes to a member that is too far behind for the log.
//!
//! ```text
//! "coffersn" version(1) cluster(16, zeros: none)
//! has-applied(1) position(24)  has-membership(1) position(24) length(4) list
//! has-staging(1) id(16) keys(8)
//! records: key length(4, highest bit: staged) value length(4) key value(revision included)
//! end: 0xffffffff count(8) sha-256(32) of all before it
//! ```
//! Numbers are big endian. A reader checks the whole file before it uses any of it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::folder::{UNFINISHED, create_private, sync_folder};
use crate::{ClusterId, Committed, LogPosition, Part, Staging, StateSnapshot, StoreFault};

const MAGIC: &[u8; 8] = b"coffersn";
const VERSION: u8 = 2;
const END: u32 = u32::MAX;
const STAGED: u32 = 1 << 31;
/// Longest key, value or list; far above what a log entry can hold.
const MAX_FIELD: u32 = 64 << 20;

/// What a snapshot contains, before its records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SnapshotMeta {
    /// The cluster it was taken in.
    pub cluster: Option<ClusterId>,
    /// The last entry whose effect it holds.
    pub applied: Option<LogPosition>,
    /// The member list then.
    pub membership: Option<(LogPosition, Bytes)>,
    /// A state that was being staged then; its records come after the others.
    pub staging: Option<Staging>,
}

impl SnapshotMeta {
    /// Of a frozen state.
    pub fn new(cluster: Option<ClusterId>, committed: &Committed) -> Self {
        Self {
            cluster,
            applied: committed.applied,
            membership: committed.membership.clone(),
            staging: committed.staging,
        }
    }
}

/// A complete snapshot file; removed when this is dropped.
#[derive(Debug)]
pub struct SnapshotFile {
    path: PathBuf,
    meta: SnapshotMeta,
}

impl SnapshotFile {
    /// Streams a frozen state to a new file in `folder`: under a passing name, synced, then named. Blocks.
    ///
    /// # Errors
    /// The state cannot be read or the file not be written; what was written is removed.
    pub fn write(folder: &Path, cluster: Option<ClusterId>, state: &StateSnapshot) -> Result<Self, StoreFault> {
        let meta = SnapshotMeta::new(cluster, state.committed());
        let unfinished = folder.join(format!("snapshot-{}{UNFINISHED}", unique()?));
        // A name that a restart clears away as well: nobody asks for an old snapshot.
        let path = unfinished.with_extension(format!("complete{UNFINISHED}"));
        let written = write_file(&unfinished, &meta, state)
            .and_then(|()| fs::rename(&unfinished, &path).map_err(|error| failure(&path, "naming", &error)))
            .and_then(|()| sync_folder(folder).map_err(|error| failure(folder, "syncing", &error)));
        if let Err(fault) = written {
            let _ = fs::remove_file(&unfinished);
            return Err(fault);
        }
        Ok(Self { path, meta })
    }

    /// Takes over a file that was received, after checking all of it. Blocks.
    ///
    /// # Errors
    /// [`StoreFault::Damaged`] for anything but a whole snapshot.
    pub fn adopt(path: PathBuf) -> Result<Self, StoreFault> {
        let meta = Reader::open(&path)?.walk(|_, _, _| Ok::<_, StoreFault>(()))?;
        Ok(Self { path, meta })
    }

    /// A new file in `folder` for what is about to be received, under a passing name: to be filled, synced, and then
    /// [adopted](Self::adopt). Blocks.
    ///
    /// # Errors
    /// The file can't be made.
    pub fn receive(folder: &Path) -> Result<(PathBuf, File), StoreFault> {
        let path = folder.join(format!("snapshot-{}.received{UNFINISHED}", unique()?));
        let file = create_private(&path).map_err(|error| failure(&path, "creating", &error))?;
        Ok((path, file))
    }

    /// What it contains.
    pub fn meta(&self) -> &SnapshotMeta {
        &self.meta
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Hands each key and stored value to `each`, in key order.
    ///
    /// # Errors
    /// The file changed since it was checked; `each`'s own.
    pub fn for_each<E: From<StoreFault>>(&self, each: impl FnMut(Part, &str, &[u8]) -> Result<(), E>) -> Result<(), E> {
        Reader::open(&self.path)?.walk(each).map(drop)
    }
}

impl Drop for SnapshotFile {
    fn drop(&mut self) {
        // At worst the next start removes it.
        let _ = fs::remove_file(&self.path);
    }
}

fn unique() -> Result<String, StoreFault> {
    let mut random = [0u8; 8];
    getrandom::fill(&mut random).map_err(|error| StoreFault::Io {
        file: "snapshot".into(),
        action: "naming",
        reason: error.to_string(),
    })?;
    Ok(format!("{:016x}", u64::from_be_bytes(random)))
}

fn failure(path: &Path, action: &'static str, error: &io::Error) -> StoreFault {
    StoreFault::Io { file: path.display().to_string(), action, reason: error.to_string() }
}

/// Writes a frozen state as a snapshot file has it, wherever that goes. Blocks.
///
/// # Errors
/// The state can't be read, or `out` not be written to.
pub fn write_snapshot(out: impl Write, cluster: Option<ClusterId>, state: &StateSnapshot) -> Result<(), StoreFault> {
    let meta = SnapshotMeta::new(cluster, state.committed());
    write_to(out, &meta, state, &|error| failure(Path::new("snapshot"), "sending", &error)).map(drop)
}

fn write_file(path: &Path, meta: &SnapshotMeta, state: &StateSnapshot) -> Result<(), StoreFault> {
    let failed = |error: io::Error| failure(path, "writing", &error);
    let file = create_private(path).map_err(failed)?;
    let file = write_to(file, meta, state, &failed)?;
    file.sync_all().map_err(|error| failure(path, "syncing", &error))
}

fn write_to<W: Write>(
    out: W,
    meta: &SnapshotMeta,
    state: &StateSnapshot,
    failed: &dyn Fn(io::Error) -> StoreFault,
) -> Result<W, StoreFault> {
    let mut out = Hashing { inner: BufWriter::with_capacity(256 << 10, out), hash: Sha256::new() };
    write_meta(&mut out, meta).map_err(failed)?;
    let mut count = 0u64;
    state.for_each(|part, key, value| {
        count += 1;
        write_record(&mut out, part, key, value).map_err(failed)
    })?;
    out.write_all(&END.to_be_bytes()).and_then(|()| out.write_all(&count.to_be_bytes())).map_err(failed)?;
    let Hashing { mut inner, hash } = out;
    inner.write_all(&hash.finalize()).map_err(failed)?;
    inner.into_inner().map_err(|error| failed(error.into_error()))
}

fn write_meta(out: &mut impl Write, meta: &SnapshotMeta) -> io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(&[VERSION])?;
    out.write_all(&meta.cluster.map_or([0; 16], |id| id.0))?;
    write_position(out, meta.applied)?;
    write_position(out, meta.membership.as_ref().map(|(at, _)| *at))?;
    let list = meta.membership.as_ref().map_or(&[][..], |(_, list)| list);
    out.write_all(&length(list.len())?.to_be_bytes())?;
    out.write_all(list)?;
    out.write_all(&[u8::from(meta.staging.is_some())])?;
    out.write_all(&meta.staging.map_or([0; 24], Staging::encode))
}

fn write_position(out: &mut impl Write, at: Option<LogPosition>) -> io::Result<()> {
    out.write_all(&[u8::from(at.is_some())])?;
    out.write_all(&at.map_or([0; LogPosition::LEN], |at| at.encode()))
}

fn write_record(out: &mut impl Write, part: Part, key: &str, value: &[u8]) -> io::Result<()> {
    let mark = if part == Part::Staged { STAGED } else { 0 };
    out.write_all(&(length(key.len())? | mark).to_be_bytes())?;
    out.write_all(&length(value.len())?.to_be_bytes())?;
    out.write_all(key.as_bytes())?;
    out.write_all(value)
}

fn length(len: usize) -> io::Result<u32> {
    let fitting = u32::try_from(len).ok().filter(|len| *len <= MAX_FIELD);
    fitting.ok_or_else(|| io::Error::other("a field is too long for a snapshot"))
}

struct Hashing<T> {
    inner: T,
    hash: Sha256,
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

struct Reader {
    path: PathBuf,
    source: BufReader<File>,
    hash: Sha256,
}

impl Reader {
    fn open(path: &Path) -> Result<Self, StoreFault> {
        let file = File::open(path).map_err(|error| failure(path, "opening", &error))?;
        Ok(Self { path: path.to_owned(), source: BufReader::with_capacity(256 << 10, file), hash: Sha256::new() })
    }

    fn walk<E: From<StoreFault>>(
        mut self,
        mut each: impl FnMut(Part, &str, &[u8]) -> Result<(), E>,
    ) -> Result<SnapshotMeta, E> {
        let meta = self.meta()?;
        let mut count = 0u64;
        loop {
            let key_len = u32::from_be_bytes(self.array()?);
            if key_len == END {
                break;
            }
            let value_len = u32::from_be_bytes(self.array()?);
            let part = if key_len & STAGED == 0 { Part::Live } else { Part::Staged };
            let key = self.field(key_len & !STAGED)?;
            let value = self.field(value_len)?;
            let key = str::from_utf8(&key).map_err(|_| self.damaged("a key in it is not UTF-8"))?;
            count += 1;
            each(part, key, &value)?;
        }
        if u64::from_be_bytes(self.array()?) != count {
            return Err(self.damaged("its number of records is wrong").into());
        }
        let wanted: [u8; 32] = self.hash.clone().finalize().into();
        if self.array::<32>()? != wanted {
            return Err(self.damaged("its checksum is wrong").into());
        }
        if self.source.read(&mut [0]).map_err(|error| failure(&self.path, "reading", &error))? != 0 {
            return Err(self.damaged("something follows its end").into());
        }
        Ok(meta)
    }

    fn meta(&mut self) -> Result<SnapshotMeta, StoreFault> {
        if self.array::<8>()? != *MAGIC {
            return Err(self.damaged("it is no snapshot"));
        }
        if self.array()? != [VERSION] {
            return Err(self.damaged("its version is not known to this release"));
        }
        let cluster = self.array::<16>()?;
        let applied = self.position()?;
        let member_position = self.position()?;
        let list_len = u32::from_be_bytes(self.array()?);
        let list = Bytes::from(self.field(list_len)?);
        let [is_staging] = self.array()?;
        let staging = self.array::<24>()?;
        Ok(SnapshotMeta {
            staging: if is_staging == 0 { None } else { Staging::decode(&staging) },
            cluster: (cluster != [0; 16]).then_some(ClusterId(cluster)),
            applied,
            membership: member_position.map(|at| (at, list)),
        })
    }

    fn position(&mut self) -> Result<Option<LogPosition>, StoreFault> {
        let [is_there] = self.array()?;
        let bytes = self.array::<{ LogPosition::LEN }>()?;
        Ok(if is_there == 0 { None } else { LogPosition::decode(&bytes) })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreFault> {
        let mut out = [0; N];
        self.fill(&mut out)?;
        Ok(out)
    }

    fn field(&mut self, len: u32) -> Result<Vec<u8>, StoreFault> {
        if len > MAX_FIELD {
            return Err(self.damaged("a field in it is too long"));
        }
        let mut out = vec![0; len as usize];
        self.fill(&mut out)?;
        Ok(out)
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), StoreFault> {
        match self.source.read_exact(out) {
            Ok(()) => {
                self.hash.update(&*out);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.damaged("it ends too early")),
            Err(error) => Err(failure(&self.path, "reading", &error)),
        }
    }

    fn damaged(&self, what: &str) -> StoreFault {
        StoreFault::damaged(&self.path.display().to_string(), what)
    }
}
