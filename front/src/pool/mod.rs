//! The servers of a backend, and which of them a connection goes to.

mod addresses;
mod health;
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::config::{Backend, Balance};

pub(crate) use health::Health;
pub(crate) use server::{CheckOutcome, Counts, Live, PoolServer, Session, Standing};

/// A backend at work. A reload makes another one; connections keep theirs.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) settings: Backend,
    pub(crate) servers: Vec<PoolServer>,
    next: AtomicUsize,
    /// A server may take a connection that it did not take before.
    pub(crate) room: Notify,
    /// A connection failed: the checks should look now.
    pub(crate) doubt: Notify,
}

impl Pool {
    /// The backend as configured; servers that were in `before` at the same address keep their life.
    pub(crate) fn new(settings: Backend, before: Option<&Pool>) -> Self {
        let servers = settings.servers.iter().cloned();
        let servers = servers
            .map(|server| {
                let live = before.and_then(|before| before.live_of(&server));
                PoolServer::new(server, live)
            })
            .collect();
        Self { settings, servers, next: AtomicUsize::new(0), room: Notify::new(), doubt: Notify::new() }
    }

    /// The server for the next connection: none of `tried`, and one that has room.
    pub(crate) fn choose(&self, tried: &[usize]) -> Option<usize> {
        let count = self.servers.len();
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let turns = (0..count).map(|turn| first.wrapping_add(turn) % count);
        let mut fit = turns.filter(|at| !tried.contains(at) && self.servers[*at].has_room());
        match self.settings.balance {
            Balance::RoundRobin => fit.next(),
            Balance::LeastConnections => fit.min_by_key(|at| self.servers[*at].live.sessions()),
            Balance::Leader => {
                let fit: Vec<_> = fit.collect();
                fit.iter().copied().find(|at| self.servers[*at].live.is_active()).or_else(|| fit.first().copied())
            }
        }
    }

    fn live_of(&self, server: &crate::config::Server) -> Option<Arc<Live>> {
        let same = |known: &&PoolServer| known.settings.name == server.name && known.settings.address == server.address;
        self.servers.iter().find(same).map(|known| Arc::clone(&known.live))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{CheckKind, CheckTiming, Config, HostPort};

    fn pool(balance: Balance) -> Pool {
        let address = |port| HostPort { host: "127.0.0.1".into(), port };
        let servers = (1..=3).map(address).collect();
        let config = Config::simple(address(9), servers, balance, CheckKind::Tcp).unwrap();
        Pool::new(config.backends[0].clone(), None)
    }

    fn outcome(passed: bool, is_active: Option<bool>) -> CheckOutcome {
        CheckOutcome { failure: (!passed).then(|| "no".to_owned()), is_active, took: Duration::ZERO }
    }

    fn fail(pool: &Pool, at: usize) {
        assert!(pool.servers[at].live.checked(outcome(false, None), CheckTiming::DEFAULT));
    }

    #[test]
    fn round_robin_takes_turns_and_leaves_out_who_is_down_or_tried() {
        let pool = pool(Balance::RoundRobin);
        let turns: Vec<_> = (0..6).filter_map(|_| pool.choose(&[])).collect();
        assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
        fail(&pool, 1);
        assert!((0..6).all(|_| pool.choose(&[]) != Some(1)));
        assert!((0..6).all(|_| pool.choose(&[0]) == Some(2)));
        assert_eq!(pool.choose(&[0, 2]), None);
    }

    #[test]
    fn least_connections_fills_the_emptiest() {
        let pool = pool(Balance::LeastConnections);
        let _first = Session::begin(&pool.servers[0].live);
        let second = Session::begin(&pool.servers[1].live);
        assert!((0..3).all(|_| pool.choose(&[]) == Some(2)));
        drop(second);
        assert_ne!(pool.choose(&[2]), Some(0));
    }

    #[test]
    fn the_leader_is_preferred_and_others_stand_in() {
        let pool = pool(Balance::Leader);
        pool.servers[2].live.checked(outcome(true, Some(true)), CheckTiming::DEFAULT);
        assert!((0..4).all(|_| pool.choose(&[]) == Some(2)));
        assert_ne!(pool.choose(&[2]), Some(2));
        // It lost the lead.
        pool.servers[2].live.checked(outcome(true, Some(false)), CheckTiming::DEFAULT);
        let turns: std::collections::BTreeSet<_> = (0..6).filter_map(|_| pool.choose(&[])).collect();
        assert_eq!(turns.len(), 3);
    }

    #[test]
    fn draining_and_full_servers_take_nothing() {
        let mut settings = pool(Balance::RoundRobin).settings;
        settings.servers[0].max_connections = 1;
        let pool = Pool::new(settings, None);
        let _only = Session::begin(&pool.servers[0].live);
        pool.servers[1].live.set_drain(true);
        assert!((0..4).all(|_| pool.choose(&[]) == Some(2)));
        assert_eq!(pool.servers[1].live.standing(), Standing::Draining);
        pool.servers[1].live.set_drain(false);
        assert!((0..4).any(|_| pool.choose(&[]) == Some(1)));
    }

    #[test]
    fn a_reload_keeps_the_life_of_servers_that_stay() {
        let before = pool(Balance::RoundRobin);
        fail(&before, 1);
        let mut settings = before.settings.clone();
        settings.servers.remove(0);
        settings.servers[1].address.port = 99;
        let after = Pool::new(settings, Some(&before));
        assert_eq!(after.servers[0].live.standing(), Standing::Down);
        assert_eq!(after.servers[1].live.standing(), Standing::Serving);
        assert!(!Arc::ptr_eq(&after.servers[1].live, &before.servers[2].live));
    }
}
