//! Shares given so far.

use crate::key_share::KeyShare;

/// Distinct shares, at most as many as the ceremony needs.
#[derive(Default)]
pub(super) struct ShareCollector(Vec<KeyShare>);

/// The share was given before in this run.
pub(super) struct AlreadyGiven;

impl ShareCollector {
    /// Shares held.
    pub(super) fn progress(&self) -> usize {
        self.0.len()
    }

    /// Takes a share; gives all of them, and holds none, once there are `threshold`.
    pub(super) fn add(&mut self, share: KeyShare, threshold: usize) -> Result<Option<Vec<KeyShare>>, AlreadyGiven> {
        // Looks at all of them, so that the time does not say which one it was.
        if self.0.iter().fold(false, |found, held| found | (*held == share)) {
            return Err(AlreadyGiven);
        }
        self.0.push(share);
        Ok((self.0.len() >= threshold).then(|| std::mem::take(&mut self.0)))
    }
}
