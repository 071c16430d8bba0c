//! The read fence: one ReadIndex round answers all who wait for it, and the next one those who came later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use coffer_model::FenceError;
use openraft::ReadPolicy;
use openraft::async_runtime::WatchReceiver;
use openraft::errors::{LinearizableReadError, RaftError};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::cluster::{Raft, Shared};
use crate::raft_types::Types;

/// What a round may take at most.
const PATIENCE: Duration = Duration::from_millis(1500);
const CORE_RETRY: Duration = Duration::from_millis(5);

/// Who waits for the next round.
#[derive(Debug, Default)]
pub(crate) struct Fence {
    state: Mutex<State>,
    /// Rounds so far.
    pub(crate) rounds: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    is_running: bool,
    waiting: Vec<oneshot::Sender<Answer>>,
}

/// A round's outcome, for many.
type Answer = Result<(), Refusal>;

#[derive(Clone, Debug)]
enum Refusal {
    NotLeader,
    NoQuorum(String),
}

impl Shared {
    pub(crate) async fn read_fence(shared: &Arc<Self>) -> Result<(), FenceError> {
        // Nobody else can lead or acknowledge, and what this node acknowledged is applied here.
        if shared.sole.is_sole() && shared.leadership.is_ready() {
            return Ok(());
        }
        let (sender, answer) = oneshot::channel();
        let start = {
            let mut state = shared.fence.state.lock();
            state.waiting.push(sender);
            !std::mem::replace(&mut state.is_running, true)
        };
        if start {
            // Apart from the caller, which may go away.
            shared.tasks.spawn(rounds(Arc::clone(shared)));
        }
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Refusal::NotLeader)) => Err(FenceError::NotLeader),
            Ok(Err(Refusal::NoQuorum(reason))) => Err(FenceError::NoQuorum(reason)),
            Err(_) => Err(FenceError::NoQuorum("the node is shutting down".into())),
        }
    }
}

/// Runs a round for those who waited before it began, until nobody waits.
async fn rounds(shared: Arc<Shared>) {
    loop {
        let waiting = {
            let mut state = shared.fence.state.lock();
            if state.waiting.is_empty() {
                state.is_running = false;
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        shared.fence.rounds.fetch_add(1, Ordering::Relaxed);
        let answer = round(&shared).await;
        for waiter in waiting {
            // Gone if its caller was.
            let _ = waiter.send(answer.clone());
        }
    }
}

/// No round takes longer: a leader that lost its majority says so.
async fn round(shared: &Shared) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // A leader just elected is not asked before it can answer.
        if timeout_at(deadline, shared.leadership.settled()).await.is_err() {
            return Err(late());
        }
        let raft = shared.raft.load_full();
        match timeout_at(deadline, raft.ensure_linearizable(ReadPolicy::ReadIndex)).await {
            Ok(Ok(_)) => return Ok(()),
            // The core is built anew, in a moment for another timing.
            Ok(Err(RaftError::Fatal(error))) if shared.is_closing() || Instant::now() >= deadline => {
                return Err(Refusal::NoQuorum(error.to_string()));
            }
            Ok(Err(RaftError::Fatal(_))) => tokio::time::sleep(CORE_RETRY).await,
            Ok(Err(error)) => return Err(refusal(error, voters(&raft))),
            Err(_) => return Err(late()),
        }
    }
}

fn voters(raft: &Raft) -> usize {
    raft.server_metrics().borrow_watched().membership_config.voter_ids().count()
}

fn late() -> Refusal {
    Refusal::NoQuorum(format!("not within {} ms", PATIENCE.as_millis()))
}

fn refusal(error: RaftError<Types, LinearizableReadError<Types>>, voters: usize) -> Refusal {
    match error {
        RaftError::APIError(LinearizableReadError::ForwardToLeader(_)) => Refusal::NotLeader,
        RaftError::APIError(LinearizableReadError::QuorumNotEnough(error)) => {
            Refusal::NoQuorum(format!("{} of {voters} voters did", error.got.len()))
        }
        RaftError::Fatal(error) => Refusal::NoQuorum(error.to_string()),
    }
}
