//! `server -dev -dev-three-node`: a real cluster on one machine. Three processes of this program with configuration files
//! of their own, Raft on disk and mutual TLS, which this process makes, starts, joins, unseals, watches and ends.
//!
//! A folder that is named keeps all of it: the next start on it goes on with the same data, unsealed with the key that
//! lies there too. That is what development mode is: the folder opens everything that it holds.

mod api;
mod begin;
mod child;
mod folder;
mod parent;
mod plan;
mod print;

use std::time::Duration;

use api::Api;
use child::{Child, Ended};
use folder::Folder;
use plan::Plan;
use tokio::sync::mpsc;

pub use parent::{IN_CHILD, die_with_parent};

use super::CertificateFailure;
use crate::command::Flags;
use crate::lifecycle::{Asked, Signals};

/// How long the nodes have to end before they are killed; a little over the server's own drain.
const PATIENCE: Duration = Duration::from_secs(12);

/// Why there is no cluster of three.
#[derive(Debug, thiserror::Error)]
pub enum ThreeNodeError {
    /// Flags that say nothing here.
    #[error("-dev-three-node and {0} do not go together: {1}")]
    Flag(&'static str, &'static str),
    /// A port that somebody has.
    #[error("{0} cannot be listened to: {1}; choose another address with -dev-listen-address")]
    Address(String, std::io::Error),
    /// Certificates.
    #[error("certificates: {0}")]
    Certificates(#[from] CertificateFailure),
    /// Files.
    #[error("{0}")]
    Folder(String),
    /// A process could not be started.
    #[error("{0} could not be started: {1}")]
    Start(String, std::io::Error),
    /// A node ended too early.
    #[error("{0} ended before the cluster was up ({1}); its reasons stand above")]
    Ended(String, std::process::ExitStatus),
    /// An answer of a node.
    #[error("{node}: {what}: {reason}")]
    Step {
        /// Which.
        node: String,
        /// What was wanted of it.
        what: &'static str,
        /// What it answered.
        reason: String,
    },
    /// Something from the system.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// Runs the cluster to its end.
///
/// # Errors
/// It could not be brought up, or all of its nodes ended by themselves.
pub fn run(flags: &Flags) -> Result<(), ThreeNodeError> {
    let plan = Plan::from_flags(flags)?;
    // One thread: the nodes are tied to the life of the thread that starts them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(serve(flags, &plan))
}

async fn serve(flags: &Flags, plan: &Plan) -> Result<(), ThreeNodeError> {
    let mut signals = Signals::listen()?;
    let folder = Folder::prepare(plan)?;
    let (ends, mut ended) = mpsc::unbounded_channel();
    let mut children = Vec::new();
    for node in &folder.nodes {
        children.push(Child::start(flags, &folder, node, ends.clone())?);
    }
    let outcome = tokio::select! {
        up = up(flags, &folder, &children) => up,
        Some(end) = ended.recv() => Err(ThreeNodeError::Ended(end.node, end.status)),
        () = stop_asked(&mut signals) => Ok(()),
    };
    let outcome = match outcome {
        Ok(()) => watch(&mut signals, &mut ended, &children, &folder).await,
        failed => failed,
    };
    crate::say("==> Coffer shutdown triggered\n");
    stop(children).await;
    outcome
}

/// Brings the cluster up, and then only waits: the caller sees to signals and ends.
async fn up(flags: &Flags, folder: &Folder, children: &[Child]) -> Result<(), ThreeNodeError> {
    let Some(dev) = flags.dev.as_ref() else { return Ok(()) };
    let api = Api::new(folder)?;
    let begun = begin::begin(dev, folder, &api).await?;
    crate::say(&print::summary(dev, folder, children, begun.as_ref()));
    Ok(())
}

/// Until a signal, or until the last node has ended; what ends earlier is told, with the way to start it again.
async fn watch(
    signals: &mut Signals,
    ended: &mut mpsc::UnboundedReceiver<Ended>,
    children: &[Child],
    folder: &Folder,
) -> Result<(), ThreeNodeError> {
    let mut left = children.len();
    loop {
        tokio::select! {
            () = stop_asked(signals) => return Ok(()),
            Some(end) = ended.recv() => {
                left -= 1;
                crate::say(&print::node_ended(folder, &end, left));
                if left == 0 {
                    return Err(ThreeNodeError::Ended(end.node, end.status));
                }
            }
        }
    }
}

async fn stop_asked(signals: &mut Signals) {
    while signals.next().await != Asked::Stop {}
}

async fn stop(children: Vec<Child>) {
    for child in &children {
        child.terminate();
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    for child in children {
        child.end_by(deadline).await;
    }
}
