//! The state of the proxy as JSON; the page shows the same.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::config::{Balance, CheckKind};
use crate::pool::{Health, Pool, PoolServer, Standing};
use crate::proxy::Door;
use crate::run::Shown;

pub(super) fn status(shown: &Shown) -> Value {
    shown.look(|current| {
        let frontends: Vec<_> = current.doors.iter().map(|door| frontend(&door.load())).collect();
        let backends: Vec<_> = current.pools.values().map(|pool| backend(pool)).collect();
        json!({
            "uptime_seconds": shown.began.elapsed().as_secs(),
            "admin": current.admin,
            "connections": shown.room.open(),
            "max_connections": shown.capacity,
            "frontends": frontends,
            "backends": backends,
        })
    })
}

fn frontend(door: &Door) -> Value {
    json!({
        "name": door.settings.name,
        "address": door.settings.bind.to_string(),
        "backend": door.settings.backend,
        "connections": door.room.open(),
        "max_connections": door.settings.max_connections,
        "connections_total": read(&door.taken),
    })
}

fn backend(pool: &Pool) -> Value {
    let servers: Vec<_> = pool.servers.iter().map(server).collect();
    let settings = &pool.settings;
    let balance = match settings.balance {
        Balance::RoundRobin => "roundrobin",
        Balance::LeastConnections => "leastconn",
        Balance::Leader => "leader",
    };
    let check = match (&settings.check.kind, settings.servers.iter().any(|server| server.check.is_some())) {
        (_, false) => "none",
        (CheckKind::Tcp, true) => "tcp",
        (CheckKind::Https(_), true) => "https",
    };
    json!({ "name": settings.name, "balance": balance, "check": check, "servers": servers })
}

fn server(server: &PoolServer) -> Value {
    let (live, counts) = (server.live.show(), &server.live.counts);
    let check = live.last_check.as_ref().map(|(outcome, at)| {
        json!({
            "passed": outcome.failure.is_none(),
            "failure": outcome.failure,
            "took_ms": outcome.took.as_secs_f64() * 1000.0,
            "seconds_ago": at.elapsed().as_secs(),
        })
    });
    json!({
        "name": server.settings.name,
        "address": server.settings.address.to_string(),
        "state": state(live.standing),
        "checked": server.settings.check.is_some(),
        "checks_in_a_row": in_a_row(live.health),
        "active_node": live.is_active,
        "connections": live.sessions,
        "connections_total": read(&counts.sessions),
        "connect_failures_total": read(&counts.connect_failures),
        "unanswered_total": read(&counts.unanswered),
        "checks_total": read(&counts.checks),
        "failed_checks_total": read(&counts.failed_checks),
        "downs_total": read(&counts.downs),
        "bytes_to_server": read(&counts.to_server),
        "bytes_to_client": read(&counts.to_client),
        "since_seconds": Instant::now().duration_since(live.since).as_secs(),
        "last_check": check,
    })
}

pub(super) fn state(standing: Standing) -> &'static str {
    match standing {
        Standing::Serving => "up",
        Standing::Draining => "drain",
        Standing::Down => "down",
        Standing::Removed => "removed",
    }
}

fn in_a_row(health: Health) -> String {
    match health {
        Health::Unknown => "not checked yet".to_owned(),
        Health::Up { failures } => format!("{failures} failed"),
        Health::Down { passes } => format!("{passes} good"),
    }
}

pub(super) fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}
