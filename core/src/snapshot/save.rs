//! From the frozen state to the archive, in memory that does not grow with it.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use coffer_model::{ClusterStatus, Frozen};
use coffer_seal::{Barrier, UNSEAL_KEY_PATH};
use coffer_snapshot::{Configuration, Meta, Server, WriteError, encoded_len};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::{Download, Piece, is_of_the_state};
use crate::active::Active;
use crate::{Failure, interchange::exported};

/// Snapshots that may be under way: each holds back the room of what is changed meanwhile.
static LEAVE: Semaphore = Semaphore::const_new(8);

/// Bytes of a piece, and pieces that wait for the client.
const PIECE: usize = 64 << 10;
const QUEUE: usize = 4;

/// How long a client may take no bytes at all.
const STALL: Duration = Duration::from_secs(60);

/// Freezes the state and begins to send it.
pub async fn save(active: &Arc<Active>) -> Result<Download, Failure> {
    let leave =
        LEAVE.try_acquire().map_err(|_| Failure::Unavailable("too many snapshots are being taken".to_owned()))?;
    let frozen = active.store.freeze().await?;
    let (barrier, status) = (active.barrier.clone(), active.cluster.status());
    let (sender, pieces) = mpsc::channel(QUEUE);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _leave = leave;
        let out = BufWriter::with_capacity(PIECE, Pieces { sender, runtime });
        let written = write_archive(out, frozen.as_ref(), &barrier, &status)
            .and_then(|out| out.into_inner().map_err(|error| WriteError::Io(error.into_error())));
        match written {
            Ok(mut pieces) => {
                let _ = pieces.send(Piece::End);
            }
            // The client sees a transfer that is broken off.
            Err(error) => tracing::warn!("a snapshot was not sent to its end: {error}"),
        }
    });
    Ok(Download { content_type: "application/gzip", pieces })
}

/// Writes the archive of a frozen state. Blocks.
pub(crate) fn write_archive<W: Write>(
    out: W,
    frozen: &dyn Frozen,
    barrier: &Barrier,
    status: &ClusterStatus,
) -> Result<W, WriteError> {
    let source = |error: &dyn std::fmt::Display| WriteError::Source(error.to_string());
    let (mut size, mut unseal_key) = (0, None);
    let walked = frozen.for_each(&mut |record| {
        if is_of_the_state(record.key) {
            size += encoded_len(record.key, record.value);
        }
        if record.key == UNSEAL_KEY_PATH {
            unseal_key = Some(record.value.to_vec());
        }
        true
    });
    walked.map_err(|error| source(&error))?;
    let measured = exported(frozen, barrier, &mut |key, value| {
        size += encoded_len(key, value);
        Ok(())
    });
    measured.map_err(WriteError::Source)?;
    let unseal_key = unseal_key
        .ok_or_else(|| WriteError::Source(format!("{UNSEAL_KEY_PATH} is missing: the snapshot cannot be sealed")))?;
    let seal = barrier.snapshot_seal(&unseal_key).map_err(|error| source(&error))?;
    let fill = |state: &mut coffer_snapshot::StateWriter<'_>| {
        let mut written = Ok(());
        let walked = frozen.for_each(&mut |record| {
            if is_of_the_state(record.key) {
                written = state.put(record.key, record.value);
            }
            written.is_ok()
        });
        walked.map_err(|error| source(&error))?;
        written?;
        let added =
            exported(frozen, barrier, &mut |key, value| state.put(key, value).map_err(|error| error.to_string()));
        added.map_err(WriteError::Source)
    };
    coffer_snapshot::write(out, &meta(frozen, status, size), fill, |sums| {
        seal.seal(sums).map_err(|error| error.to_string())
    })
}

fn meta(frozen: &dyn Frozen, status: &ClusterStatus, size: u64) -> Meta {
    let (term, index) = frozen.position();
    let servers = status.members.iter().map(|member| Server {
        suffrage: u8::from(!member.voter),
        id: member.node_id.clone(),
        address: member.cluster_address.clone(),
    });
    Meta {
        version: Meta::VERSION,
        id: Meta::ID.to_owned(),
        index,
        term,
        peers: None,
        configuration: Configuration { servers: Some(servers.collect()) },
        configuration_index: status.configuration_index,
        size,
    }
}

/// Hands what is written to the answer's body.
struct Pieces {
    sender: mpsc::Sender<Piece>,
    runtime: Handle,
}

impl Pieces {
    fn send(&mut self, piece: Piece) -> io::Result<()> {
        let sent = self.runtime.block_on(async { tokio::time::timeout(STALL, self.sender.send(piece)).await });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::other("the client went away")),
            Err(_) => Err(io::Error::other("the client took nothing for a minute")),
        }
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = &bytes[..bytes.len().min(PIECE)];
        self.send(Piece::Data(taken.to_vec())).map(|()| taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
