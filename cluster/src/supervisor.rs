//! Watches the Raft core: follows leadership, builds the core anew when it dies, ends it when the node closes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use openraft::ReadPolicy;
use openraft::async_runtime::WatchReceiver;

use crate::cluster::{Life, Raft, Shared};
use crate::epoch::{Epoch, Gone};
use crate::rebuild::{MAX_REBUILDS, RebuildBudget};
use crate::timing::Pace;

/// How long a dying core may hold on to the stores.
const GONE_PATIENCE: Duration = Duration::from_secs(5);
/// Between questions to a core that leads and is not ready.
const READY_RETRY: Duration = Duration::from_millis(2);
/// How long a core may take to lead again where the one before it did.
const RESTORE_PATIENCE: Duration = Duration::from_millis(500);

/// Why a core is left.
enum End {
    Closing,
    Died,
    /// Another timing is wanted.
    Retimed,
}

pub(crate) async fn run(shared: Arc<Shared>, mut epoch: Epoch, mut gone: Gone) {
    let mut budget = RebuildBudget::default();
    loop {
        let end = follow(&shared).await;
        let led = shared.leadership.get().is_some();
        match end {
            // It goes on leading: nobody has to know.
            End::Retimed => shared.hold_status(),
            End::Closing | End::Died => shared.leadership.lost(),
        }
        shared.sole.reset();
        shared.status_changed();
        let reason = death(&shared.raft.load_full());
        if matches!(end, End::Closing) {
            shared.stores.wait_for_room_no_more();
        }
        // Also ends a core that died of a panic, whose other tasks live on.
        let _ = shared.raft.load_full().shutdown().await;
        match end {
            End::Closing => break,
            End::Died if shared.stores.faults.get().is_some() => break,
            End::Died => {}
            End::Retimed => {
                (epoch, gone) = match retime(&shared, epoch, gone, led).await {
                    Ok(next) => next,
                    Err((epoch, gone, reason)) => match rebuild(&shared, &mut budget, epoch, gone, reason).await {
                        Some(next) => next,
                        None => return finish(shared).await,
                    },
                };
                shared.release_status();
                continue;
            }
        }
        match rebuild(&shared, &mut budget, epoch, gone, reason).await {
            Some(next) => (epoch, gone) = next,
            None => return finish(shared).await,
        }
    }
    drop(epoch);
    wait_gone(gone).await;
    finish(shared).await;
}

/// Makes what was accepted durable, lets go of everything, then says that all is over.
async fn finish(shared: Arc<Shared>) {
    shared.closing().await;
    shared.transport.close();
    shared.tasks.close();
    shared.tasks.wait().await;
    let stores = Arc::clone(&shared.stores);
    // An error here has been reported as a fault.
    let _ = tokio::task::spawn_blocking(move || stores.close()).await;
    let life = shared.life.clone();
    drop(shared);
    life.send_replace(Life::Closed);
}

/// `None` when the core may not be built any more.
async fn rebuild(
    shared: &Arc<Shared>,
    budget: &mut RebuildBudget,
    epoch: Epoch,
    gone: Gone,
    mut reason: String,
) -> Option<(Epoch, Gone)> {
    let (mut epoch, mut next_gone) = epoch.into_next();
    wait_gone(gone).await;
    loop {
        if !budget.take(Instant::now()) {
            let line = format!(
                "Raft stopped more than {MAX_REBUILDS} times within an hour, the last time with: {reason}. Its data is \
                 at {}; keep a copy of it for a bug report, then start the node again",
                shared.stores.log.file()
            );
            shared.gave_up.send_replace(Some(line));
            return None;
        }
        tracing::error!(reason, "the Raft core stopped and is built anew");
        shared.rebuilds.fetch_add(1, Ordering::Relaxed);
        let pace = Pace { timing: shared.timing.wanted(), goes_on_leading: false };
        match shared.core_parts().start(epoch.clone(), pace).await {
            Ok(raft) => {
                shared.timing.took_force(pace.timing);
                shared.raft.store(Arc::new(raft));
                return Some((epoch, next_gone));
            }
            Err(error) => {
                reason = error;
                (epoch, next_gone) = epoch.into_next();
            }
        }
    }
}

/// Builds the core anew with the timing that is wanted. One that led goes on leading.
async fn retime(
    shared: &Arc<Shared>,
    epoch: Epoch,
    gone: Gone,
    led: bool,
) -> Result<(Epoch, Gone), (Epoch, Gone, String)> {
    let begun = Instant::now();
    let (epoch, next_gone) = epoch.into_next();
    wait_gone(gone).await;
    let pace = Pace { timing: shared.timing.wanted(), goes_on_leading: true };
    let raft = match shared.core_parts().start(epoch.clone(), pace).await {
        Ok(raft) => raft,
        Err(error) => return Err((epoch, next_gone, error)),
    };
    if led {
        // Its first words come from before it looked at its vote.
        let goes_on = raft.wait(Some(RESTORE_PATIENCE)).metrics(|metrics| metrics.state.is_leader(), "leading").await;
        if goes_on.is_err() {
            tracing::warn!("the lead was lost while the timing changed");
        }
    }
    shared.timing.took_force(pace.timing);
    shared.raft.store(Arc::new(raft));
    let took_ms = begun.elapsed().as_millis();
    tracing::info!(heartbeat_ms = pace.timing.heartbeat(), took_ms, led, "this node follows the cluster's timing");
    Ok((epoch, next_gone))
}

async fn wait_gone(gone: Gone) {
    if tokio::time::timeout(GONE_PATIENCE, gone.wait()).await.is_err() {
        tracing::warn!("a Raft core that was ended still holds the stores; its writes are refused");
    }
}

/// Follows one core until it dies or the node closes.
async fn follow(shared: &Arc<Shared>) -> End {
    let raft = shared.raft.load_full();
    let mut server = raft.server_metrics();
    let mut told = None;
    loop {
        observe(shared, &raft);
        tell_leader(shared, &raft, &mut told);
        tokio::select! {
            () = shared.closing() => return End::Closing,
            () = shared.timing.change_wanted() => return End::Retimed,
            changed = server.changed() => if changed.is_err() {
                return if shared.is_closing() { End::Closing } else { End::Died };
            },
        }
    }
}

/// Who leads, where that is another than was told last.
fn tell_leader(shared: &Shared, raft: &Raft, told: &mut Option<u64>) {
    let watched = raft.server_metrics();
    let metrics = watched.borrow_watched();
    let Some(leader) = metrics.current_leader else { return };
    if told.replace(leader) == Some(leader) {
        return;
    }
    let term = metrics.vote.leader_id.term;
    if leader == shared.identity.raft_id {
        tracing::info!(term, "this node leads the cluster");
        return;
    }
    let node_id =
        metrics.membership_config.nodes().find(|(id, _)| **id == leader).map(|(_, node)| node.node_id.clone());
    tracing::info!(term, leader = node_id.unwrap_or_default(), "another node leads the cluster");
}

fn death(raft: &Raft) -> String {
    let watched = raft.metrics();
    let metrics = watched.borrow_watched();
    match &metrics.running_state {
        Ok(()) => "it panicked".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn observe(shared: &Arc<Shared>, raft: &Arc<Raft>) {
    let (is_leader, term) = {
        let watched = raft.server_metrics();
        let metrics = watched.borrow_watched();
        tracing::debug!(leader = metrics.current_leader, vote = %metrics.vote, state = ?metrics.state, "Raft's state");
        (metrics.state.is_leader(), metrics.vote.leader_id.term)
    };
    if !is_leader {
        shared.leadership.lost();
    } else if shared.leadership.elected(term) {
        tracing::debug!(term, "elected");
        shared.tasks.spawn(make_ready(Arc::clone(shared), Arc::clone(raft), term));
    }
    note_sole_voter(shared, raft);
    note_members(shared);
    shared.status_changed();
}

/// Whom the newest list holds is let in, and reached.
fn note_members(shared: &Shared) {
    let list = shared.member_list();
    // As a core has it that was just built: not known yet.
    if list.nodes.is_empty() {
        return;
    }
    shared.transport.members_changed(list.at.map_or(0, |at| at.index), list.nodes);
}

/// A committed member list with no newer one behind it may make this node the sole voter.
fn note_sole_voter(shared: &Shared, raft: &Raft) {
    let watched = raft.server_metrics();
    let metrics = watched.borrow_watched();
    let committed = &metrics.committed_membership_config;
    if let Some(at) = committed.log_id()
        && metrics.membership_config.log_id() == committed.log_id()
    {
        shared.sole.list_committed(at.index, committed.membership(), shared.identity.raft_id);
    }
}

/// Waits until all that earlier leaders acknowledged is applied here.
async fn make_ready(shared: Arc<Shared>, raft: Arc<Raft>, term: u64) {
    while raft.ensure_linearizable(ReadPolicy::ReadIndex).await.is_err() {
        let still_leads = shared.leadership.get().is_some_and(|lead| lead.term == term);
        if !still_leads || shared.is_closing() {
            return;
        }
        tokio::time::sleep(READY_RETRY).await;
    }
    note_sole_voter(&shared, &raft);
    if shared.leadership.ready(term) {
        tracing::debug!(term, "leads, and all that was acknowledged before is applied");
        shared.status_changed();
        shared.announce_addresses().await;
    }
}
