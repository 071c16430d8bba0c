//! Whether a member may stand for election.
//!
//! Standing aside is a courtesy to fitter members, never a duty: a member whose log is longer than theirs stands, since
//! they could not win, and so does everyone when nobody has led for long.

use std::time::Duration;

use coffer_storage::LogPosition;

use super::rank::Rank;

/// This member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    pub(crate) is_voter: bool,
    /// Nobody else votes.
    pub(crate) is_sole: bool,
    pub(crate) rank: Rank,
    pub(crate) is_resting: bool,
    pub(crate) last: Option<LogPosition>,
    /// Its core was built so lately that a live leader may not have been heard yet.
    pub(crate) is_new: bool,
    /// How long nobody has led, as far as it knows.
    pub(crate) leaderless: Option<Duration>,
}

/// Another voter that was heard from lately.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rival {
    pub(crate) rank: Rank,
    pub(crate) is_resting: bool,
    pub(crate) last: Option<LogPosition>,
}

/// The decision; `patience`: after this long without a leader nobody stands aside any more.
pub(crate) fn may_stand(own: Own, rivals: impl IntoIterator<Item = Rival>, patience: Duration) -> bool {
    if !own.is_voter {
        return false;
    }
    if own.is_sole || own.leaderless.is_some_and(|time| time >= patience) {
        return true;
    }
    let fitness = |is_resting: bool, rank: Rank| {
        let (is_unsealed, is_fit, is_primary) = rank.standing();
        (is_unsealed, is_fit, !is_resting, is_primary)
    };
    let own_fitness = fitness(own.is_resting, own.rank);
    let is_surpassed =
        rivals.into_iter().any(|rival| fitness(rival.is_resting, rival.rank) > own_fitness && rival.last >= own.last);
    !own.is_new && !is_surpassed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATIENCE: Duration = Duration::from_secs(3);

    fn rank(is_unsealed: bool, priority: u32) -> Rank {
        Rank { is_unsealed, is_fit: true, priority }
    }

    fn at(index: u64) -> Option<LogPosition> {
        Some(LogPosition { term: 1, leader: 1, index })
    }

    fn own(rank: Rank, index: u64) -> Own {
        Own {
            is_voter: true,
            is_sole: false,
            rank,
            is_resting: false,
            last: at(index),
            is_new: false,
            leaderless: None,
        }
    }

    fn rival(rank: Rank, index: u64) -> Rival {
        Rival { rank, is_resting: false, last: at(index) }
    }

    #[test]
    fn a_sealed_member_stands_aside_for_an_unsealed_one_that_can_win() {
        let sealed = own(rank(false, 1), 10);
        assert!(!may_stand(sealed, [rival(rank(true, 1), 10)], PATIENCE));
        assert!(!may_stand(sealed, [rival(rank(true, 0), 12)], PATIENCE));
        // It could not: entries would be lost.
        assert!(may_stand(sealed, [rival(rank(true, 1), 9)], PATIENCE));
        // Nobody was heard from, or all are sealed.
        assert!(may_stand(sealed, [], PATIENCE));
        assert!(may_stand(sealed, [rival(rank(false, 9), 10)], PATIENCE));
        // For ever would be too long.
        let waited = Own { leaderless: Some(PATIENCE), ..sealed };
        assert!(may_stand(waited, [rival(rank(true, 1), 10)], PATIENCE));
    }

    #[test]
    fn a_last_resort_and_one_that_stepped_down_stand_aside_too() {
        assert!(!may_stand(own(rank(true, 0), 10), [rival(rank(true, 1), 10)], PATIENCE));
        assert!(may_stand(own(rank(true, 0), 10), [rival(rank(false, 1), 10)], PATIENCE));
        let resting = Own { is_resting: true, ..own(rank(true, 9), 10) };
        assert!(!may_stand(resting, [rival(rank(true, 1), 10)], PATIENCE));
        assert!(may_stand(resting, [rival(rank(false, 1), 10)], PATIENCE));
    }

    #[test]
    fn learners_never_stand_and_the_only_voter_always_does() {
        let member = own(rank(true, 1), 10);
        let learner = Own { is_voter: false, is_sole: true, leaderless: Some(PATIENCE * 9), ..member };
        assert!(!may_stand(learner, [], PATIENCE));
        assert!(may_stand(Own { is_sole: true, is_new: true, ..own(rank(false, 0), 1) }, [], PATIENCE));
        assert!(!may_stand(Own { is_new: true, ..member }, [], PATIENCE));
    }

    fn any_rank() -> impl Strategy<Value = Rank> {
        (any::<bool>(), any::<bool>(), 0u32..3).prop_map(|(is_unsealed, is_fit, priority)| Rank {
            is_unsealed,
            is_fit,
            priority,
        })
    }

    proptest! {
        /// Of members that know each other one may always stand that all others would vote for.
        #[test]
        fn somebody_who_can_win_may_stand(members in proptest::collection::vec((any_rank(), any::<bool>(), 0u64..3), 1..6)) {
            let standing = |place: usize| {
                let (own_rank, is_resting, index) = members[place];
                let own = Own { is_resting, ..own(own_rank, index) };
                let others = members.iter().enumerate().filter(|(other, _)| *other != place);
                let rivals = others.map(|(_, (rank, is_resting, index))| Rival {
                    rank: *rank, is_resting: *is_resting, last: at(*index)
                });
                may_stand(own, rivals, PATIENCE)
            };
            let longest = members.iter().map(|member| member.2).max().unwrap();
            prop_assert!((0..members.len()).any(|place| members[place].2 == longest && standing(place)));
        }
    }
}
