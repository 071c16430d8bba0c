//! Whether the cluster that the configuration names is there already, before a node is initialised.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::super::node::Node;

/// Nodes that are not up yet must not hold up an operator.
const ASK_TIME: Duration = Duration::from_secs(5);

impl Node {
    /// The API of a node that this one is to join by its configuration, and that belongs to a cluster: initialised, this
    /// node would be a second one. Nodes that do not answer are taken for not initialised.
    pub(in crate::lifecycle) async fn initialized_elsewhere(&self) -> Option<String> {
        let desk = self.joiner.desk.get()?;
        let targets = self.joiner.configured.get()?;
        let mut asked: FuturesUnordered<_> =
            targets.iter().map(|target| async move { (target, desk.is_initialized(target).await) }).collect();
        let first = async {
            while let Some((target, answer)) = asked.next().await {
                match answer {
                    Ok(true) => return Some(target.api_address.clone()),
                    Ok(false) => {}
                    Err(error) => tracing::info!("whether there is a cluster already was not told: {error}"),
                }
            }
            None
        };
        tokio::time::timeout(ASK_TIME, first).await.ok().flatten()
    }
}
