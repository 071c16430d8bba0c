//! Checks: every server on its own, in its own rhythm.

mod https;
mod tcp;

use std::sync::Arc;
use std::time::{Duration, Instant};

use coffer_net::DialError;
use coffer_tls::rustls::ClientConfig;
use tokio_util::sync::CancellationToken;

use crate::config::{Check, CheckKind, CheckTiming, HttpsCheck};
use crate::pool::{CheckOutcome, Pool, PoolServer};

pub(crate) use https::CheckTlsError;

/// Between a check and one that a failed connection asks for.
const DOUBT_PAUSE: Duration = Duration::from_millis(250);

/// How the servers of a backend are asked.
#[derive(Clone)]
pub(crate) enum Prober {
    Tcp,
    Https(HttpsCheck, Arc<ClientConfig>),
}

impl Prober {
    /// # Errors
    /// The CA file of an HTTPS check cannot be used.
    pub(crate) fn new(check: &Check) -> Result<Self, CheckTlsError> {
        Ok(match &check.kind {
            CheckKind::Tcp => Self::Tcp,
            CheckKind::Https(https) => Self::Https(https.clone(), https::client(https)?),
        })
    }

    async fn probe(&self, server: &PoolServer, patience: Duration) -> CheckOutcome {
        let began = Instant::now();
        let asked = async {
            match self {
                Self::Tcp => tcp::probe(server).await.map(|()| None),
                Self::Https(check, client) => https::probe(server, check, client).await.map(Some),
            }
        };
        let (failure, is_active) = match tokio::time::timeout(patience, asked).await {
            Ok(Ok(is_active)) => (None, is_active),
            Ok(Err(reason)) => (Some(reason), None),
            Err(_) => (Some(format!("no answer within {} ms", patience.as_millis())), None),
        };
        CheckOutcome { failure, is_active, took: began.elapsed() }
    }
}

/// What went wrong, without the system's numbers for it; with the addresses where there are several.
fn plain(error: &std::io::Error) -> String {
    let without_number = |error: &std::io::Error| match error.to_string().split_once(" (os error ") {
        Some((reason, _)) => reason.to_owned(),
        None => error.to_string(),
    };
    match error.get_ref().and_then(|inner| inner.downcast_ref::<DialError>()) {
        Some(DialError::AllFailed(attempts)) => match &attempts[..] {
            [only] => without_number(&only.reason),
            all => {
                let told = all.iter().map(|one| format!("{}: {}", one.address, without_number(&one.reason)));
                told.collect::<Vec<_>>().join("; ")
            }
        },
        _ => without_number(error),
    }
}

/// Checks one server of a pool until told to stop.
pub(crate) async fn watch(pool: Arc<Pool>, at: usize, prober: Prober, stop: CancellationToken) {
    let server = &pool.servers[at];
    let Some(timing) = server.settings.check else { return };
    let mut next = tokio::time::Instant::now() + first_pause(timing, at, pool.servers.len());
    loop {
        let doubt = async {
            pool.doubt.notified().await;
            tokio::time::sleep(DOUBT_PAUSE).await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep_until(next) => {}
            // Only who leads can have changed: up and down are counted in the configured rhythm alone.
            () = doubt, if matches!(prober, Prober::Https(..)) && server.live.is_active() => {}
        }
        next = tokio::time::Instant::now() + timing.interval;
        let patience = pool.settings.check.timeout.min(timing.interval);
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            outcome = prober.probe(server, patience) => outcome,
        };
        report(&pool, server, outcome, timing);
    }
}

/// The first checks are made at once, and the later ones of several servers spread over the interval.
fn first_pause(timing: CheckTiming, at: usize, count: usize) -> Duration {
    let spread = timing.interval.min(Duration::from_millis(300));
    spread.mul_f64(at as f64 / count.max(1) as f64)
}

fn report(pool: &Pool, server: &PoolServer, outcome: CheckOutcome, timing: CheckTiming) {
    let (backend, name) = (&pool.settings.name, &server.settings.name);
    let failure = outcome.failure.clone();
    let was_active = server.live.is_active();
    let turned = server.live.checked(outcome, timing);
    match (turned, failure) {
        (true, Some(reason)) => tracing::warn!(backend, server = name, reason, "server is down"),
        (true, None) => tracing::info!(backend, server = name, "server is up"),
        (false, Some(reason)) => tracing::debug!(backend, server = name, reason, "a check failed"),
        (false, None) => {}
    }
    if !was_active && server.live.is_active() {
        tracing::info!(backend, server = name, "server is the active node");
    }
    if turned || server.live.is_active() {
        pool.room.notify_waiters();
    }
}
