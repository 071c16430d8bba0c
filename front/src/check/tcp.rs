//! Whether a connection can be made.

use crate::pool::PoolServer;

pub(super) async fn probe(server: &PoolServer) -> Result<(), String> {
    server.connect().await.map(|_| ()).map_err(|error| super::plain(&error))
}
