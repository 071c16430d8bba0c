//! Whether the leader should hand over, to whom, and why.

use std::fmt;
use std::time::Duration;

use super::rank::Rank;

/// How long a leader leads, and another has been fit, before the lead moves for a priority's sake.
pub(crate) const STABLE: Duration = Duration::from_secs(10);
/// The same, where a node leads that should not.
const SETTLED: Duration = Duration::from_secs(2);

/// The member that leads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incumbent {
    pub(crate) rank: Rank,
    pub(crate) leading_for: Duration,
}

/// Another voter that was heard from lately and has caught up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) raft_id: u64,
    pub(crate) rank: Rank,
    /// How long both has been so.
    pub(crate) ready_for: Duration,
    /// It stepped down a moment ago.
    pub(crate) is_resting: bool,
    /// A hand-over to it failed lately.
    pub(crate) has_failed: bool,
}

/// Why the lead moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Motive {
    /// The leader is sealed, the other is not.
    Sealed,
    /// The leader has told a reason for which it should not lead.
    Unfit,
    /// The leader's priority is 0.
    LastResort,
    /// The other's priority is higher.
    Priority,
}

impl fmt::Display for Motive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sealed => "this node is sealed",
            Self::Unfit => "this node is not fit to lead",
            Self::LastResort => "this node's leader_priority is 0",
            Self::Priority => "another node's leader_priority is higher",
        })
    }
}

/// At most one; whoever is chosen is fitter than the incumbent.
pub(crate) fn choose(incumbent: Incumbent, candidates: &[Candidate]) -> Option<(u64, Motive)> {
    let able = candidates.iter().filter(|candidate| !candidate.has_failed && !candidate.is_resting);
    let due = able.filter_map(|candidate| {
        let motive = motive(incumbent.rank, candidate.rank)?;
        let patience = match motive {
            Motive::Sealed | Motive::Unfit => Duration::ZERO,
            Motive::LastResort => SETTLED,
            Motive::Priority => STABLE,
        };
        let is_due = incumbent.leading_for >= patience && candidate.ready_for >= patience;
        is_due.then_some((candidate, motive))
    });
    // The lowest id among equals, so that there is one answer.
    let best = due.max_by_key(|(candidate, _)| (candidate.rank, std::cmp::Reverse(candidate.raft_id)))?;
    Some((best.0.raft_id, best.1))
}

fn motive(leads: Rank, other: Rank) -> Option<Motive> {
    if other <= leads {
        None
    } else if other.is_unsealed != leads.is_unsealed {
        Some(Motive::Sealed)
    } else if other.is_fit != leads.is_fit {
        Some(Motive::Unfit)
    } else if leads.is_last_resort() {
        Some(Motive::LastResort)
    } else {
        Some(Motive::Priority)
    }
}

/// All who could take the lead, the fittest first; for a leader that steps down. Of a leader's kind at least: one that
/// is unsealed gives it to a sealed member only where `at_any_price`.
pub(crate) fn successors(candidates: &[Candidate], leads: Rank, at_any_price: bool) -> Vec<u64> {
    let mut able: Vec<&Candidate> =
        candidates.iter().filter(|candidate| at_any_price || candidate.rank.is_unsealed >= leads.is_unsealed).collect();
    able.sort_by_key(|candidate| {
        let troubled = candidate.has_failed || candidate.is_resting;
        (
            std::cmp::Reverse((candidate.rank.is_unsealed, candidate.rank.is_fit)),
            troubled,
            std::cmp::Reverse(candidate.rank),
            candidate.raft_id,
        )
    });
    able.into_iter().map(|candidate| candidate.raft_id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rank(is_unsealed: bool, is_fit: bool, priority: u32) -> Rank {
        Rank { is_unsealed, is_fit, priority }
    }

    fn leads(rank: Rank, secs: u64) -> Incumbent {
        Incumbent { rank, leading_for: Duration::from_secs(secs) }
    }

    fn ready(raft_id: u64, rank: Rank, secs: u64) -> Candidate {
        Candidate { raft_id, rank, ready_for: Duration::from_secs(secs), is_resting: false, has_failed: false }
    }

    #[test]
    fn a_sealed_or_unfit_leader_hands_over_at_once_and_to_nobody_worse() {
        let sealed = leads(rank(false, true, 9), 0);
        let open = ready(2, rank(true, true, 1), 0);
        assert_eq!(choose(sealed, &[open]), Some((2, Motive::Sealed)));
        assert_eq!(choose(sealed, &[ready(2, rank(false, true, 9), 99)]), None);
        let unfit = leads(rank(true, false, 9), 0);
        assert_eq!(choose(unfit, &[open]), Some((2, Motive::Unfit)));
        assert_eq!(choose(unfit, &[ready(2, rank(false, true, 9), 99), ready(3, rank(true, false, 1), 99)]), None);
    }

    #[test]
    fn priority_waits_for_quiet() {
        let candidates = [ready(2, rank(true, true, 3), 99), ready(3, rank(true, true, 7), 4)];
        assert_eq!(choose(leads(rank(true, true, 2), 9), &candidates), None);
        assert_eq!(choose(leads(rank(true, true, 2), 10), &candidates), Some((2, Motive::Priority)));
        assert_eq!(choose(leads(rank(true, true, 0), 3), &candidates), Some((3, Motive::LastResort)));
        assert_eq!(choose(leads(rank(true, true, 7), 99), &candidates), None);
    }

    #[test]
    fn who_failed_or_rests_is_not_asked_unless_the_leader_goes() {
        let failed = Candidate { has_failed: true, ..ready(2, rank(true, true, 9), 99) };
        let resting = Candidate { is_resting: true, ..ready(3, rank(true, true, 9), 99) };
        let sealed = ready(4, rank(false, true, 9), 99);
        assert_eq!(choose(leads(rank(true, true, 1), 99), &[failed, resting, sealed]), None);
        let low = ready(5, rank(true, true, 0), 1);
        assert_eq!(successors(&[failed, resting, sealed, low], rank(true, true, 1), false), [5, 2, 3]);
        assert_eq!(successors(&[sealed, low], rank(true, true, 1), true), [5, 4]);
        assert_eq!(successors(&[sealed], rank(true, true, 1), false), [0u64; 0]);
    }

    fn any_rank() -> impl Strategy<Value = Rank> {
        (any::<bool>(), any::<bool>(), 0u32..4).prop_map(|(sealed, fit, priority)| rank(sealed, fit, priority))
    }

    proptest! {
        /// With nothing changing the lead comes to rest, and never goes to somebody less fit.
        #[test]
        fn there_is_no_flapping(ranks in proptest::collection::vec(any_rank(), 1..7), first in 0usize..7) {
            let mut leader = first % ranks.len();
            let mut moves = 0;
            loop {
                let others: Vec<Candidate> = (0..ranks.len())
                    .filter(|place| *place != leader)
                    .map(|place| ready(place as u64, ranks[place], 3600))
                    .collect();
                let Some((next, _)) = choose(leads(ranks[leader], 3600), &others) else { break };
                let next = next as usize;
                prop_assert!(ranks[next] > ranks[leader]);
                leader = next;
                moves += 1;
            }
            prop_assert!(moves <= 1);
            prop_assert_eq!(ranks[leader], *ranks.iter().max().unwrap());
        }

        #[test]
        fn the_choice_does_not_depend_on_the_order(ranks in proptest::collection::vec(any_rank(), 1..7), own in any_rank()) {
            let mut others: Vec<Candidate> =
                ranks.iter().enumerate().map(|(place, rank)| ready(place as u64, *rank, 3600)).collect();
            let chosen = choose(leads(own, 3600), &others);
            others.reverse();
            prop_assert_eq!(choose(leads(own, 3600), &others), chosen);
        }
    }
}
