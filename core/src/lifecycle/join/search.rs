//! The search for a cluster to join, of a node that belongs to none.

use std::sync::Arc;
use std::time::Duration;

use super::super::node::Node;
use super::super::phase::Phase;
use super::JoinRequest;

/// First and longest pause between two tries to find a cluster, doubled each time and shortened at random.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Node {
    /// Tries for ever, until the node has found a cluster or was initialised.
    pub(super) fn search(self: &Arc<Self>, request: JoinRequest) {
        let node = Arc::clone(self);
        let task = tokio::spawn(async move { node.keep_searching(request).await });
        if let Some(before) = self.joiner.search.lock().replace(task.abort_handle()) {
            before.abort();
        }
    }

    async fn keep_searching(self: Arc<Self>, request: JoinRequest) {
        let Ok(desk) = self.desk().cloned() else { return };
        let mut phase = self.watch_phase();
        let mut pause = FIRST_PAUSE;
        let mut said = String::new();
        loop {
            phase.mark_unchanged();
            if !matches!(&*self.phase(), Phase::Uninitialized) {
                return;
            }
            match self.join_once(&desk, &request).await {
                Ok(()) => return,
                Err(failure) => {
                    let text = failure.to_string();
                    if text == said {
                        tracing::debug!("not joined yet, trying again: {text}");
                    } else {
                        tracing::info!("no cluster to join yet, trying again: {text}");
                        said = text;
                    }
                }
            }
            let _ = tokio::time::timeout(jittered(pause), phase.changed()).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// At least half of it.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 1];
    // Without randomness the pause is the same for all nodes, which does no harm.
    let _ = getrandom::fill(&mut random);
    pause / 2 + pause * u32::from(random[0]) / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_and_stay_within_bounds() {
        let pause = Duration::from_secs(8);
        for _ in 0..100 {
            let jittered = jittered(pause);
            assert!(jittered >= pause / 2 && jittered <= pause, "{jittered:?}");
        }
    }
}
