//! A snapshot from the leader: to a file, checked whole, then installed.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use coffer_storage::{SnapshotFile, StoreFault};
use tokio::sync::mpsc;

use super::channel::Inbox;
use super::wire::{Kind, SnapshotHead, encode_vote};
use crate::cluster::Shared;
use crate::state_machine::{RaftSnapshot, SnapshotData};

/// Chunks between network and disk.
const IN_FLIGHT: usize = 4;

/// Takes the chunks that follow; the answer is this node's vote. What was written is removed where the rest does not
/// come.
pub(super) async fn receive(shared: &Arc<Shared>, head: SnapshotHead, inbox: &mut Inbox) -> Result<Bytes, String> {
    let folder = shared.stores.folder().map_or_else(std::env::temp_dir, Path::to_path_buf);
    let (chunks, to_write) = mpsc::channel(IN_FLIGHT);
    let writing = tokio::task::spawn_blocking(move || write(&folder, to_write));
    let received = take_chunks(inbox, chunks).await;
    let written = writing.await.map_err(|error| error.to_string())?;
    received?;
    let file = written.map_err(|fault| fault.to_string())?;
    let snapshot = RaftSnapshot { meta: head.meta, snapshot: SnapshotData::Received(file) };
    let raft = shared.raft.load_full();
    let answer = raft.install_full_snapshot(head.vote, snapshot).await.map_err(|error| error.to_string())?;
    Ok(encode_vote(&answer.vote))
}

async fn take_chunks(inbox: &mut Inbox, chunks: mpsc::Sender<Option<Bytes>>) -> Result<(), String> {
    while let Some(frame) = inbox.next().await {
        let is_last = match frame.kind {
            Kind::Chunk => false,
            Kind::SnapshotEnd => true,
            _ => return Err("something else came in the middle of a snapshot".to_owned()),
        };
        if chunks.send((!is_last).then_some(frame.body)).await.is_err() {
            // The writer says why.
            return Ok(());
        }
        if is_last {
            return Ok(());
        }
    }
    Err("the connection broke in the middle of a snapshot".to_owned())
}

/// Removes its file unless it was adopted.
struct Passing(Option<PathBuf>);

impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Writes until the end that `None` marks. Without it, nothing is adopted.
fn write(folder: &Path, mut chunks: mpsc::Receiver<Option<Bytes>>) -> Result<SnapshotFile, StoreFault> {
    let (path, mut file) = SnapshotFile::receive(folder)?;
    let mut passing = Passing(Some(path.clone()));
    let failed = |action: &'static str, error: &std::io::Error| StoreFault::Io {
        file: path.display().to_string(),
        action,
        reason: error.to_string(),
    };
    loop {
        match chunks.blocking_recv() {
            Some(Some(chunk)) => file.write_all(&chunk).map_err(|error| failed("writing", &error))?,
            Some(None) => break,
            None => {
                let what = "the rest of it did not come".to_owned();
                return Err(StoreFault::Misuse { file: path.display().to_string(), what });
            }
        }
    }
    File::sync_all(&file).map_err(|error| failed("syncing", &error))?;
    drop(file);
    let adopted = SnapshotFile::adopt(path.clone())?;
    passing.0 = None;
    Ok(adopted)
}
