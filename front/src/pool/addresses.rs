//! Where a server is, as the resolver says it. A name is not looked up for every connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::net::{TcpStream, lookup_host};

use crate::config::HostPort;

/// How long an answer of the resolver holds, unless connecting fails.
const HOLDS: Duration = Duration::from_secs(10);

/// The addresses of one server.
#[derive(Debug, Default)]
pub(crate) struct Addresses(Mutex<Option<(Arc<[SocketAddr]>, Instant)>>);

impl Addresses {
    /// Connects to the first address that takes it, in the resolver's order.
    pub(crate) async fn connect(&self, server: &HostPort) -> io::Result<TcpStream> {
        let connected = match server.host.parse::<IpAddr>() {
            Ok(address) => coffer_net::dial_any(&[(address, server.port).into()]).await,
            Err(_) => coffer_net::dial_any(&self.look_up(server).await?).await,
        };
        connected.map_err(|error| {
            *self.0.lock() = None;
            error.into()
        })
    }

    async fn look_up(&self, server: &HostPort) -> io::Result<Arc<[SocketAddr]>> {
        if let Some((known, at)) = &*self.0.lock()
            && at.elapsed() < HOLDS
        {
            return Ok(Arc::clone(known));
        }
        let found: Arc<[SocketAddr]> = lookup_host(server.lookup()).await?.collect();
        *self.0.lock() = Some((Arc::clone(&found), Instant::now()));
        Ok(found)
    }
}
