//! How fit a member is to lead, besides what Raft demands.

use coffer_model::SealState;

use crate::pulse::Told;

/// `leader_priority` of a node that has none set.
const PRIORITY_UNSET: u32 = 1;

/// Greater is fitter; fields in the order of their weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub(crate) is_unsealed: bool,
    pub(crate) is_fit: bool,
    pub(crate) priority: u32,
}

impl Rank {
    pub(crate) fn of(told: &Told) -> Self {
        Self {
            is_unsealed: told.condition.seal == SealState::Unsealed,
            is_fit: told.condition.unfit.is_none(),
            priority: told.priority.unwrap_or(PRIORITY_UNSET),
        }
    }

    /// Leads only where no other can.
    pub(crate) fn is_last_resort(self) -> bool {
        self.priority == 0
    }

    /// The part that decides who stands for election: the order of priorities is seen to once somebody leads.
    pub(crate) fn standing(self) -> (bool, bool, bool) {
        (self.is_unsealed, self.is_fit, !self.is_last_resort())
    }
}
