//! What SIGHUP does, and what a changed certificate file does without it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use coffer_core::lifecycle::Node;
use coffer_tls::{IdentityError, ReloadableIdentity, ReloadableRoots, Reloaded, Validity};

use super::privileges::with_file_access;
use crate::config::{Config, LogLevel};
use crate::logging::Logging;

/// Everything that can change while the server runs.
pub struct Reloadable {
    /// Read anew for the log level.
    pub config_paths: Vec<PathBuf>,
    /// A level from the command line holds over any file's.
    pub fixed_level: Option<LogLevel>,
    /// The server's own log.
    pub logging: Logging,
    /// Certificates of all listeners.
    pub identities: Vec<Arc<ReloadableIdentity>>,
    /// The CAs of the other nodes' certificates.
    pub cluster_roots: Option<Arc<ReloadableRoots>>,
    /// For its audit devices.
    pub node: Arc<Node>,
}

impl Reloadable {
    /// Does all of it; what fails is logged and leaves the rest to go on.
    pub async fn reload(&self) {
        tracing::info!("reload asked for");
        let mut all = true;
        if let Err(error) = self.logging.reopen() {
            all = false;
            tracing::error!(%error, "the log file was not reopened");
        }
        all &= self.reload_level();
        for identity in &self.identities {
            all &= report(identity, with_file_access(|| identity.reload()));
        }
        match self.cluster_roots.as_ref().map(|roots| roots.reload()) {
            Some(Ok(Reloaded::Replaced)) => tracing::info!("the CAs of the other nodes' certificates were reloaded"),
            Some(Err(error)) => {
                all = false;
                tracing::error!(%error, "the CAs of the other nodes were not reloaded; those in use stay")
            }
            Some(Ok(Reloaded::Unchanged)) | None => {}
        }
        for failure in self.node.audit().broker().reload().await {
            all = false;
            tracing::error!(device = failure.device, reason = failure.reason, "an audit device was not reopened");
        }
        if all {
            tracing::info!("reload done");
        } else {
            tracing::error!("reload done in part: see the errors before this line");
        }
    }

    fn reload_level(&self) -> bool {
        if self.fixed_level.is_some() || self.config_paths.is_empty() {
            return true;
        }
        match with_file_access(|| Config::load(&self.config_paths, &crate::environment)) {
            Ok((config, _)) => {
                let level = config.log.level.unwrap_or(LogLevel::Info);
                if level != self.logging.levels.default_level() {
                    self.logging.levels.configure(level);
                    tracing::info!(%level, "log level changed");
                }
                true
            }
            Err(error) => {
                tracing::error!(%error, "the configuration was not read anew");
                false
            }
        }
    }
}

/// Looks at the certificate's files for ever, and reloads it when they have changed.
pub async fn watch_certificate(identity: Arc<ReloadableIdentity>, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let looked_at = Arc::clone(&identity);
        let looked = tokio::task::spawn_blocking(move || with_file_access(|| looked_at.reload_if_changed())).await;
        match looked {
            Ok(Ok(Reloaded::Unchanged)) | Err(_) => {}
            Ok(result) => {
                report(&identity, result);
            }
        }
    }
}

/// Whether the files are good.
fn report(identity: &ReloadableIdentity, result: Result<Reloaded, IdentityError>) -> bool {
    match &result {
        Ok(Reloaded::Replaced) => {
            tracing::info!(subject = identity.current().subject(), "certificate reloaded");
            warn_of_expiry(identity);
        }
        Ok(Reloaded::Unchanged) => {}
        Err(error) => tracing::error!(%error, "the certificate was not reloaded; the one in use stays"),
    }
    result.is_ok()
}

/// Clients will refuse an expired certificate. That is no reason not to start: the node is needed by the others.
pub fn warn_of_expiry(identity: &ReloadableIdentity) {
    const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
    let current = identity.current();
    let file = identity.files().map(|files| files.certificate.display().to_string()).unwrap_or_default();
    match current.validity(std::time::SystemTime::now()) {
        Validity::Expired { since } => {
            let days = since.as_secs() / 86_400;
            tracing::error!(%file, days, "the certificate has expired, and clients will refuse it: renew it");
        }
        Validity::NotYet { .. } => {
            tracing::error!(%file, "the certificate is not valid yet, and clients will refuse it: is the clock right?");
        }
        Validity::Valid { left } if left < SOON => {
            tracing::warn!(%file, days = left.as_secs() / 86_400, "the certificate expires soon: renew it");
        }
        Validity::Valid { .. } => {}
    }
    if !current.usage().server_auth {
        tracing::error!(%file, "the certificate's extended key usage lacks serverAuth, and clients will refuse it");
    }
}
