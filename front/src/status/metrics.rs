//! Metrics in Prometheus' text form, read off when they are asked for.

use prometheus::core::Collector;
use prometheus::{Encoder, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder};

use super::json::read;
use crate::pool::{PoolServer, Standing};
use crate::run::Shown;

const SERVER: &[&str] = &["backend", "server"];
const FRONTEND: &[&str] = &["frontend"];

pub(super) fn render(shown: &Shown) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    shown.look(|current| {
        let open = gauge(&registry, "coffer_front_connections", "Connections of clients open now.", FRONTEND)?;
        let taken = counter(&registry, "coffer_front_connections_total", "Connections taken.", FRONTEND)?;
        for door in current.doors.iter().map(|door| door.load()) {
            let name = [door.settings.name.as_str()];
            open.with_label_values(&name).set(whole(door.room.open()));
            taken.with_label_values(&name).inc_by(read(&door.taken));
        }
        let servers = Servers::register(&registry)?;
        for pool in current.pools.values() {
            for server in &pool.servers {
                servers.set(&[&pool.settings.name, &server.settings.name], server);
            }
        }
        Ok::<_, prometheus::Error>(())
    })?;
    let mut out = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut out)?;
    String::from_utf8(out).map_err(|error| prometheus::Error::Msg(error.to_string()))
}

struct Servers {
    up: IntGaugeVec,
    draining: IntGaugeVec,
    active: IntGaugeVec,
    connections: IntGaugeVec,
    connections_total: IntCounterVec,
    connect_failures: IntCounterVec,
    unanswered: IntCounterVec,
    checks: IntCounterVec,
    failed_checks: IntCounterVec,
    downs: IntCounterVec,
    to_server: IntCounterVec,
    to_client: IntCounterVec,
}

impl Servers {
    fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| gauge(registry, &format!("coffer_front_server_{name}"), help, SERVER);
        let counter = |name: &str, help: &str| counter(registry, &format!("coffer_front_server_{name}"), help, SERVER);
        Ok(Self {
            up: gauge("up", "1 where the checks are good.")?,
            draining: gauge("draining", "1 where the server is set to drain.")?,
            active: gauge("active_node", "1 where the last check found the active node.")?,
            connections: gauge("connections", "Connections open now.")?,
            connections_total: counter("connections_total", "Connections made.")?,
            connect_failures: counter("connect_failures_total", "Connections that could not be made.")?,
            unanswered: counter("unanswered_total", "Connections closed without a word, and taken to another server.")?,
            checks: counter("checks_total", "Checks made.")?,
            failed_checks: counter("failed_checks_total", "Checks that failed.")?,
            downs: counter("downs_total", "Times the server went down.")?,
            to_server: counter("to_server_bytes_total", "Bytes from clients.")?,
            to_client: counter("to_client_bytes_total", "Bytes to clients.")?,
        })
    }

    fn set(&self, labels: &[&str; 2], server: &PoolServer) {
        let (live, counts) = (server.live.show(), &server.live.counts);
        self.up.with_label_values(labels).set(i64::from(live.health.is_up()));
        self.draining.with_label_values(labels).set(i64::from(live.standing == Standing::Draining));
        self.active.with_label_values(labels).set(i64::from(live.is_active));
        self.connections.with_label_values(labels).set(whole(live.sessions));
        for (counter, count) in [
            (&self.connections_total, &counts.sessions),
            (&self.connect_failures, &counts.connect_failures),
            (&self.unanswered, &counts.unanswered),
            (&self.checks, &counts.checks),
            (&self.failed_checks, &counts.failed_checks),
            (&self.downs, &counts.downs),
            (&self.to_server, &counts.to_server),
            (&self.to_client, &counts.to_client),
        ] {
            counter.with_label_values(labels).inc_by(read(count));
        }
    }
}

fn gauge(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
    registered(registry, IntGaugeVec::new(Opts::new(name, help), labels)?)
}

fn counter(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    registered(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
}

fn registered<C: Collector + Clone + 'static>(registry: &Registry, collector: C) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
