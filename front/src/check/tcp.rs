//! Whether a connection can be made.

use crate::config::HostPort;

pub(super) async fn probe(address: &HostPort) -> Result<(), String> {
    crate::proxy::connect(address).await.map(|_| ()).map_err(|error| error.to_string())
}
