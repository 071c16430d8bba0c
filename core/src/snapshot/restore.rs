//! A restore, from the upload to the exchange of the state.

use std::path::Path;
use std::sync::Arc;

use coffer_model::{Command, Put, Store};
use coffer_seal::{Barrier, HANDOVER_PATH, SnapshotKeys, UNSEAL_KEY_PATH};
use tokio::sync::Mutex;

use super::check::{Checked, check};
use super::passing_file::{PassingFile, require_room};
use super::stage::{ExchangeError, Stage};
use super::{Upload, UploadPiece};
use crate::{Failure, Timestamp};

/// One at a time.
static TURN: Mutex<()> = Mutex::const_new(());

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// Only a state that the present unseal key opens.
    SameKeys,
    /// Any: if it has other keys, every node is sealed, and they are needed.
    Forced,
}

/// A state that was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Shares that its unseal key was split into.
    pub shares: usize,
    /// Shares that open it.
    pub threshold: usize,
    /// Whether the unseal key is the one before.
    pub same_keys: bool,
}

/// Puts an uploaded snapshot in the place of the state. `barrier`: the present keys, where there are any.
pub(crate) async fn restore(
    store: &Arc<dyn Store>,
    barrier: Option<&Barrier>,
    upload: &Upload,
    how: Restore,
    now: Timestamp,
) -> Result<Restored, Failure> {
    let folder = store.folder().ok_or(Failure::UnsupportedPath)?;
    let pieces = upload.take().ok_or_else(|| {
        Failure::Unavailable(
            "leadership changed while the snapshot was sent; nothing was changed: send it again".to_owned(),
        )
    })?;
    let _turn = TURN
        .try_lock()
        .map_err(|_| Failure::Unavailable("another restore is under way; nothing was changed".to_owned()))?;
    let max_entry = store.max_entry_size();
    let (file, checked) = blocking({
        let folder = folder.clone();
        move || receive_and_check(&folder, pieces, max_entry)
    })
    .await?;
    let keys = present_keys(store.as_ref(), barrier, &checked, how)?;
    // Staged once, with what the store adds to each record, and once more in the log for a while.
    require_room(&folder, checked.bytes + checked.bytes / 2 + checked.records * 64)?;
    tracing::info!(
        index = checked.summary.meta.index,
        records = checked.records,
        bytes = checked.bytes,
        "restoring a snapshot"
    );
    let archive = file.open()?;
    let outcome = exchange(store, barrier, keys.as_ref(), archive, &checked, now).await;
    drop(file);
    match outcome {
        Ok(()) => {}
        Err(ExchangeError::Unknown(failure)) => return Err(failure),
        Err(ExchangeError::Nothing(failure)) => {
            Stage::abandon(store).await;
            return Err(failure);
        }
    }
    let config = checked.seal_config;
    tracing::info!(same_keys = keys.is_some(), "the snapshot is restored");
    Ok(Restored { shares: config.shares(), threshold: config.threshold(), same_keys: keys.is_some() })
}

fn receive_and_check(
    folder: &Path,
    pieces: tokio::sync::mpsc::Receiver<UploadPiece>,
    max_entry: usize,
) -> Result<(PassingFile, Checked), Failure> {
    let file = PassingFile::receive(folder, pieces)?;
    let checked = check(file.open()?, max_entry)?;
    Ok((file, checked))
}

/// The keys of the snapshot's state, where the present unseal key opens them; refuses where that is demanded.
fn present_keys(
    store: &dyn Store,
    barrier: Option<&Barrier>,
    checked: &Checked,
    how: Restore,
) -> Result<Option<SnapshotKeys>, Failure> {
    let seal = match barrier {
        Some(barrier) => {
            let record = store.get(UNSEAL_KEY_PATH)?;
            record.and_then(|record| barrier.snapshot_seal(&record.value).ok())
        }
        None => None,
    };
    let keys = seal.as_ref().and_then(|seal| seal.open_keys(&checked.stored_keys, &checked.keyring).ok());
    if how == Restore::Forced {
        return Ok(keys);
    }
    let sums = seal.as_ref().and_then(|seal| seal.open(&checked.summary.sealed).ok());
    let config = checked.seal_config;
    match (sums, keys) {
        (Some(sums), Some(keys)) if checked.summary.sums.agree_with(&sums) => Ok(Some(keys)),
        (Some(_), Some(_)) => Err(Failure::invalid(
            "failed to read snapshot file: its sealed checksums are wrong, it was changed since it was saved; nothing was changed",
        )),
        _ => Err(Failure::invalid(format!(
            "could not verify hash file, possibly the snapshot is using a different set of unseal keys; use the snapshot-force \
             API to bypass this check (operator raft snapshot restore -force): every node will then be sealed, and {} of \
             the {} unseal keys of the server that it was taken of are needed to open them. Nothing was changed",
            config.threshold(),
            config.shares()
        ))),
    }
}

async fn exchange(
    store: &Arc<dyn Store>,
    barrier: Option<&Barrier>,
    keys: Option<&SnapshotKeys>,
    archive: std::fs::File,
    checked: &Checked,
    now: Timestamp,
) -> Result<(), ExchangeError> {
    let stage = Stage::begin(Arc::clone(store)).await.map_err(ExchangeError::Nothing)?;
    let staged = stage.fill(archive).await.map_err(ExchangeError::Nothing)?;
    if staged != checked.records {
        return Err(ExchangeError::Nothing(Failure::internal("the snapshot changed while it was staged")));
    }
    if let (Some(barrier), Some(keys)) = (barrier, keys) {
        hand_over(store.as_ref(), barrier, keys).await.map_err(ExchangeError::Nothing)?;
    }
    let mark = serde_json::json!({
        "restored": now.rfc3339(),
        "index": checked.summary.meta.index,
        "term": checked.summary.meta.term,
    });
    stage.show(staged, mark.to_string().into_bytes()).await
}

/// Lets the other unsealed nodes get at the restored root key by the present keys.
async fn hand_over(store: &dyn Store, barrier: &Barrier, keys: &SnapshotKeys) -> Result<(), Failure> {
    let value = keys.handover(barrier).map_err(Failure::internal)?;
    let put = Put { key: HANDOVER_PATH.to_owned(), value };
    store.commit(Command { puts: vec![put], ..Command::default() }).await?;
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)?
}
