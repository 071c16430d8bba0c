//! The order of things: everything that can be refused is refused before anything is touched.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coffer_model::ClusterControl;

use super::memory::{self, Locked};
use super::pid_file::PidFile;
use super::privileges::{self, Privileges};
use super::reload::{self, Reloadable};
use super::signals::{Asked, Signals};
use super::{StartError, banner, restart};
use crate::allocator;
use crate::assemble::{self, Api, Assembly};
use crate::cluster_listener;
use crate::command::Flags;
use crate::config::{Config, Storage};
use crate::dev::{self, DevCertificates, three_node};
use crate::listen::{self, Bound, ConnectionLimit, Drained, Serving};
use crate::logging::Logging;

/// Requests in work may finish for this long after the first signal. Container runtimes kill after 10 s.
const DRAIN: Duration = Duration::from_secs(8);

/// Requests that members have sent may take this long more: their clients have heard nothing of this node's end.
const MEMBERS_DRAIN: Duration = Duration::from_secs(1);
/// For the store to be closed.
const CLOSE: Duration = Duration::from_secs(1);

/// Runs the server to its end.
///
/// # Errors
/// It could not start, or could not go on.
pub fn run(flags: Flags) -> Result<(), StartError> {
    coffer_tls::check_cpu()?;
    if flags.dev.as_ref().is_some_and(|dev| dev.three_node) {
        return Ok(three_node::run(&flags)?);
    }
    if let Some(parent) = crate::environment(three_node::IN_CHILD) {
        three_node::die_with_parent(&parent).map_err(StartError::Fatal)?;
    }
    let certificates = dev::certificates(flags.dev.as_ref())?;
    let preset = flags.dev.as_ref().map(|dev| dev::configuration(dev, certificates.as_ref()));
    let (mut config, mut warnings) = Config::load_over(preset.as_deref(), &flags.config, &crate::environment)?;
    config.log.level = flags.log_level.or(config.log.level);
    config.log.format = flags.log_format.or(config.log.format);
    config.log.file = flags.log_file.clone().or(config.log.file);

    let privileges = privileges::drop_root(&owned_folders(&config))?;
    let no_core_files = memory::forbid_core_files();
    let locked = memory::lock(config.memory_lock);
    let connections = ConnectionLimit::from_open_files();
    let logging = Logging::begin(&config.log)?;
    warnings.splice(0..0, flags.warnings.iter().cloned().map(crate::config::Warning::from_text));
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    if let Privileges::Dropped(user) = &privileges {
        tracing::info!(user, "started as root, running as another user");
    }
    if let Err(error) = no_core_files {
        tracing::warn!("{error}");
    }
    if let Locked::No(why) = &locked {
        tracing::warn!("{why}");
    }
    allocator::return_idle_memory();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let server = Server { flags, config, certificates, locked, logging, connections };
    let ended = runtime.block_on(server.serve());
    // What is still at work is not waited for: it was, in the drain.
    runtime.shutdown_background();
    match ended? {
        Ended::Stopped => Ok(()),
        Ended::ToRestart => Err(restart::restart()),
    }
}

/// The folders that the server writes to.
fn owned_folders(config: &Config) -> Vec<PathBuf> {
    let data = match &config.storage {
        Storage::Raft(raft) => Some(raft.path.clone()),
        Storage::InMemory => None,
    };
    data.into_iter().collect()
}

/// Why the server has ended without a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It was told to.
    Stopped,
    /// Its data was set aside, and it begins anew.
    ToRestart,
}

struct Server {
    flags: Flags,
    config: Config,
    /// Kept for as long as the server runs: they are removed with it.
    certificates: Option<DevCertificates>,
    locked: Locked,
    logging: Logging,
    connections: ConnectionLimit,
}

impl Server {
    async fn serve(self) -> Result<Ended, StartError> {
        let mut signals = Signals::listen()?;
        let mut bound = Vec::new();
        for listener in &self.config.listeners {
            bound.push(Bound::bind(listener).await?);
        }
        let _pid_file = self.config.pid_file.as_deref().map(PidFile::write).transpose().map_err(StartError::PidFile)?;
        let between_nodes = cluster_listener::open(&self.config, &bound).await?;
        let transport = between_nodes.as_ref().map(|listener| listener.options.clone());
        let assembly = assemble::from_config(&self.config, &self.logging, transport).await?;
        let mut identities: Vec<_> = bound.iter().filter_map(Bound::identity).cloned().collect();
        let shown = identities.clone();
        let end = move || shown.iter().map(|identity| identity.current().not_after()).min();
        assembly.node.local().watch_listener_certificates(Box::new(end));
        crate::say(&banner::configuration(&self.config, &bound, &self.locked));
        let begun = match &self.flags.dev {
            Some(flags) if flags.initialize => Some(dev::begin(flags, &assembly.node).await?),
            _ => None,
        };
        self.watch(&bound);
        let cluster_roots = between_nodes.as_ref().and_then(|listener| listener.roots.clone());
        if let Some((identity, every)) = between_nodes.and_then(|listener| listener.identity.zip(listener.watch_every))
        {
            tokio::spawn(reload::watch_certificate(Arc::clone(&identity), every));
            identities.push(identity);
        }
        let first = bound.first().map(|bound| Arc::clone(bound.info()));
        let api = Api::new(&assembly, &self.config);
        let serving = listen::serve(bound, &api, self.connections);
        crate::say("\n==> Coffer server started! Log data will stream in below:\n\n");
        tracing::info!(version = crate::version::OWN, "server started");
        if let (Some(flags), Some(begun), Some(info)) = (&self.flags.dev, &begun, first) {
            dev::announce(flags, begun, &info, self.certificates.as_ref());
        }
        let reloadable = Reloadable {
            config_paths: self.flags.config.iter().map(PathBuf::from).collect(),
            fixed_level: self.flags.log_level,
            logging: self.logging.clone(),
            identities,
            cluster_roots,
            node: Arc::clone(&assembly.node),
        };
        let outcome = until_stopped(&mut signals, &reloadable, &assembly).await;
        // Who listens to the log would hold the drain up for ever.
        self.logging.tap.close();
        tokio::select! {
            () = stop(serving, &assembly) => outcome,
            () = stop_asked(&mut signals) => {
                tracing::warn!("second signal: ending at once");
                Err(StartError::Fatal("ended by a second signal before requests were done with".into()))
            }
        }
    }

    fn watch(&self, bound: &[Bound]) {
        for (listener, bound) in self.config.listeners.iter().zip(bound) {
            let (crate::config::Security::Tls(tls), Some(identity)) = (&listener.security, bound.identity()) else {
                continue;
            };
            reload::warn_of_expiry(identity);
            if let Some(every) = tls.watch_every {
                tokio::spawn(reload::watch_certificate(Arc::clone(identity), every));
            }
        }
    }
}

async fn until_stopped(
    signals: &mut Signals,
    reloadable: &Reloadable,
    assembly: &Assembly,
) -> Result<Ended, StartError> {
    loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Reload => reloadable.reload().await,
                Asked::Stop => {
                    tracing::info!("shutdown asked for");
                    crate::say("==> Coffer shutdown triggered\n");
                    return Ok(Ended::Stopped);
                }
            },
            () = assembly.restart.notified() => {
                tracing::info!("starting anew");
                return Ok(Ended::ToRestart);
            }
            fatal = assembly.cluster.fatal() => {
                tracing::error!("the node cannot go on: {fatal}");
                return Err(StartError::Fatal(fatal.to_string()));
            }
        }
    }
}

async fn stop_asked(signals: &mut Signals) {
    while signals.next().await != Asked::Stop {}
}

async fn stop(serving: Serving, assembly: &Assembly) {
    // First, while clients are served: what meets it is answered by the next leader, as after a step-down.
    let begun = Instant::now();
    assembly.cluster.leave_lead().await;
    if let Drained::CutOff(connections) = serving.drain(DRAIN.saturating_sub(begun.elapsed())).await {
        tracing::warn!(connections, "requests were cut off");
    }
    // By now nobody takes this node for the leader.
    assembly.forwarded.drain(MEMBERS_DRAIN).await;
    assembly.node.audit().broker().flush().await;
    assembly.node.seal().await;
    if tokio::time::timeout(CLOSE, assembly.cluster.shutdown()).await.is_err() {
        tracing::warn!("the store was not closed in time: its log is checked at the next start");
    }
    tracing::info!("shutdown done");
}
