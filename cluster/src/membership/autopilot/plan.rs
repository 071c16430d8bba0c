//! What is to be done about the members next; one thing at a time, from what is seen now, so that a new leader goes on
//! where the last one ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use coffer_model::AutopilotConfig;

use super::super::list::{MemberList, majority};
use super::health::Seen;
use crate::member::MemberNode;

/// A learner counts as steady after this long where the stabilization time does not hold.
const STEADY: Duration = Duration::from_secs(1);
/// A member is looked for at other addresses once it has told them for this long.
const SETTLED: Duration = Duration::from_secs(10);
/// While a cluster has fewer voters than this and nobody has set a stabilization time, learners are not kept waiting:
/// none of its members may fail yet.
const YOUNG: usize = 3;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A change of voters was begun by a leader that is gone.
    EndJoint,
    /// Their removal was decided.
    Drop(BTreeSet<u64>),
    /// A member has other addresses than those of the list.
    Readdress(u64, MemberNode),
    /// A dead voter's place goes to the next incarnation of it.
    Replace { old: BTreeSet<u64>, new: u64 },
    /// These have caught up.
    Promote(BTreeSet<u64>),
    /// Dead for too long.
    CleanUp(u64),
}

/// All that is decided on.
pub(crate) struct View<'v> {
    pub(crate) list: &'v MemberList,
    pub(crate) seen: &'v BTreeMap<u64, Seen>,
    /// Of the list, those whose removal was decided.
    pub(crate) removed: &'v BTreeSet<u64>,
    /// Those that were lately looked for at the addresses that they tell, in vain.
    pub(crate) unfound: &'v BTreeSet<u64>,
    pub(crate) config: &'v AutopilotConfig,
    /// Somebody has set it.
    pub(crate) is_set: bool,
    pub(crate) own_id: u64,
    pub(crate) leading_for: Duration,
    pub(crate) now: Instant,
}

impl View<'_> {
    pub(crate) fn next_step(&self) -> Option<Step> {
        if self.list.is_joint() {
            return Some(Step::EndJoint);
        }
        self.decided()
            .or_else(|| self.replacement())
            .or_else(|| self.promotion())
            .or_else(|| self.cleanup())
            .or_else(|| self.moved())
    }

    fn decided(&self) -> Option<Step> {
        (!self.removed.is_empty()).then(|| Step::Drop(self.removed.clone()))
    }

    /// It was configured anew, and told so itself: as a member it can reach the others, who do not reach it. Two copies of
    /// one data folder tell two addresses by turns, and neither for long. A leader enters its own as it begins.
    fn moved(&self) -> Option<Step> {
        let others = self.list.nodes.iter().filter(|(id, _)| **id != self.own_id && !self.unfound.contains(id));
        others.into_iter().find_map(|(id, node)| {
            let settled = |seen: &&Seen| seen.alive && seen.addresses_for >= SETTLED;
            let told = &self.seen.get(id).filter(settled)?.told.addresses;
            let mut now = node.clone();
            for (place, told) in [(&mut now.cluster_address, &told.cluster), (&mut now.api_address, &told.api)] {
                if !told.is_empty() {
                    place.clone_from(told);
                }
            }
            (now != *node).then_some(Step::Readdress(*id, now))
        })
    }

    /// Two of one name: the one that joined later is the learner, and the other was dead then.
    fn replacement(&self) -> Option<Step> {
        let ready = self.list.learners().filter(|(id, _)| self.is_steady(*id, STEADY));
        for (new, node) in ready {
            let old: BTreeSet<u64> =
                self.list.called(&node.node_id).map(|(id, _)| id).filter(|id| *id != new).collect();
            let old_votes = old.iter().any(|id| self.list.is_voter(*id));
            if old_votes && !old.contains(&self.own_id) {
                return Some(Step::Replace { old, new });
            }
        }
        None
    }

    fn promotion(&self) -> Option<Step> {
        let wait = self.stabilization();
        let fit = self.list.learners().filter(|(id, node)| !node.non_voter && self.is_steady(*id, wait));
        let fit: BTreeSet<u64> = fit.map(|(id, _)| id).collect();
        (!fit.is_empty()).then_some(Step::Promote(fit))
    }

    /// Vault's rule, and two more: a leader that has just begun knows no stability yet, so that it asks for little; and a
    /// young cluster that nobody has configured does not wait.
    fn stabilization(&self) -> Duration {
        let configured = self.config.server_stabilization_time;
        let is_new_leader = self.leading_for < configured.saturating_mul(11) / 10;
        let is_young = !self.is_set && self.list.voters().len() < YOUNG;
        if is_new_leader || is_young { configured.min(STEADY) } else { configured }
    }

    /// Non-voters first, then one voter at a time, never the leader, never so that less than a majority of those
    /// left is healthy.
    fn cleanup(&self) -> Option<Step> {
        if !self.config.cleanup_dead_servers {
            return None;
        }
        let dead: BTreeSet<u64> = self.list.nodes.keys().copied().filter(|id| self.is_dead(*id)).collect();
        if let Some(learner) = dead.iter().find(|id| !self.list.is_voter(**id)) {
            return Some(Step::CleanUp(*learner));
        }
        let voters = self.list.voters();
        let healthy = voters.iter().filter(|id| self.seen.get(id).is_some_and(|seen| seen.healthy)).count();
        let left = voters.len().saturating_sub(1);
        let keeps_minimum = u64::try_from(left).is_ok_and(|left| left >= self.config.min_quorum.max(1));
        let keeps_majority = healthy >= majority(voters.len()) && healthy >= majority(left);
        let first = dead.first().copied().filter(|_| keeps_minimum && keeps_majority);
        first.map(Step::CleanUp)
    }

    /// Silent for too long, or for as long as this node leads if that is longer.
    fn is_dead(&self, id: u64) -> bool {
        let silent = self.seen.get(&id).and_then(|seen| seen.last_contact).unwrap_or(self.leading_for);
        id != self.own_id && silent > self.config.dead_server_last_contact_threshold
    }

    fn is_steady(&self, id: u64, wait: Duration) -> bool {
        let seen = self.seen.get(&id).filter(|seen| seen.caught_up);
        seen.and_then(|seen| seen.stable_for(self.now)).is_some_and(|stable| stable >= wait)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::super::super::list::testing::list;
    use super::*;
    use crate::pulse::Addresses;

    struct Case {
        list: MemberList,
        seen: BTreeMap<u64, Seen>,
        removed: BTreeSet<u64>,
        unfound: BTreeSet<u64>,
        config: AutopilotConfig,
        is_set: bool,
        leading_for: Duration,
        now: Instant,
    }

    /// Member 1 leads; the others are silent.
    fn case(members: u64, voters: &[u64]) -> Case {
        let mut case = Case {
            list: list(members, voters),
            seen: BTreeMap::new(),
            removed: BTreeSet::new(),
            unfound: BTreeSet::new(),
            config: AutopilotConfig::default(),
            is_set: false,
            leading_for: Duration::from_secs(3600),
            now: Instant::now() + Duration::from_secs(9999),
        };
        case.healthy(1, 3600);
        case
    }

    impl Case {
        fn healthy(&mut self, id: u64, secs: u64) -> &mut Self {
            let since = self.now.checked_sub(Duration::from_secs(secs)).unwrap();
            let seen = Seen {
                last_contact: Some(Duration::ZERO),
                healthy: true,
                alive: true,
                caught_up: true,
                since: Some((since, SystemTime::UNIX_EPOCH)),
                ..Seen::default()
            };
            self.seen.insert(id, seen);
            self
        }

        fn silent(&mut self, id: u64, secs: u64) -> &mut Self {
            self.seen.insert(id, Seen { last_contact: Some(Duration::from_secs(secs)), ..Seen::default() });
            self
        }

        fn next(&self) -> Option<Step> {
            let Self { list, seen, removed, unfound, config, is_set, leading_for, now } = self;
            let (is_set, leading_for, now) = (*is_set, *leading_for, *now);
            View { list, seen, removed, unfound, config, is_set, own_id: 1, leading_for, now }.next_step()
        }
    }

    fn ids<const N: usize>(ids: [u64; N]) -> BTreeSet<u64> {
        BTreeSet::from(ids)
    }

    #[test]
    fn learners_of_a_young_cluster_soon_get_a_vote_together() {
        let mut case = case(3, &[1]);
        case.healthy(2, 0).healthy(3, 0);
        assert_eq!(case.next(), None);
        case.healthy(2, 1).healthy(3, 2);
        assert_eq!(case.next(), Some(Step::Promote(ids([2, 3]))));
        case.is_set = true;
        assert_eq!(case.next(), None);
        case.leading_for = Duration::from_secs(10);
        assert_eq!(case.next(), Some(Step::Promote(ids([2, 3]))));
    }

    #[test]
    fn learners_of_a_grown_cluster_wait_for_the_stabilization_time() {
        let mut case = case(4, &[1, 2, 3]);
        case.healthy(2, 99).healthy(3, 99).healthy(4, 9);
        assert_eq!(case.next(), None);
        case.healthy(4, 10);
        assert_eq!(case.next(), Some(Step::Promote(ids([4]))));
        case.list.nodes.get_mut(&4).unwrap().non_voter = true;
        assert_eq!(case.next(), None);
    }

    #[test]
    fn a_learner_that_received_nothing_is_not_promoted() {
        let mut case = case(2, &[1]);
        case.healthy(2, 99).seen.get_mut(&2).unwrap().caught_up = false;
        assert_eq!(case.next(), None);
    }

    #[test]
    fn the_next_incarnation_takes_a_dead_voters_place_without_the_stabilization_time() {
        let mut case = case(4, &[1, 2, 3]);
        case.healthy(2, 99).silent(3, 30).healthy(4, 1);
        case.list.nodes.get_mut(&4).unwrap().node_id = "c".into();
        assert_eq!(case.next(), Some(Step::Replace { old: ids([3]), new: 4 }));
        case.list.nodes.get_mut(&4).unwrap().node_id = "a".into();
        assert_eq!(case.next(), None);
    }

    #[test]
    fn a_member_that_moved_is_looked_for_where_it_says() {
        let mut case = case(3, &[1, 2, 3]);
        case.healthy(2, 99).healthy(3, 99);
        let mut told = Addresses { cluster: "b:8201".into(), api: String::new() };
        case.seen.get_mut(&2).unwrap().told.addresses = told.clone();
        assert_eq!(case.next(), None);
        told.api = "https://b:8200".into();
        let seen = case.seen.get_mut(&2).unwrap();
        seen.told.addresses = told.clone();
        seen.addresses_for = SETTLED - Duration::from_millis(1);
        assert_eq!(case.next(), None);
        case.seen.get_mut(&2).unwrap().addresses_for = SETTLED;
        let moved = MemberNode { api_address: "https://b:8200".into(), ..case.list.nodes[&2].clone() };
        assert_eq!(case.next(), Some(Step::Readdress(2, moved)));
        // One that is not found keeps nobody else waiting.
        case.unfound = ids([2]);
        assert_eq!(case.next(), None);
        let seen = case.seen.get_mut(&3).unwrap();
        (seen.told.addresses, seen.addresses_for) = (told, SETTLED);
        assert!(matches!(case.next(), Some(Step::Readdress(3, _))));
        case.list = MemberList { nodes: case.list.nodes.clone(), ..list(3, &[1, 2]) };
        assert_eq!(case.next(), Some(Step::Promote(ids([3]))));
        case.unfound.clear();
        case.seen.get_mut(&2).unwrap().alive = false;
        case.seen.get_mut(&3).unwrap().alive = false;
        case.list = list(3, &[1, 2, 3]);
        assert_eq!(case.next(), None);
    }

    #[test]
    fn what_was_begun_is_ended_first() {
        let mut case = case(3, &[1, 2, 3]);
        case.removed = ids([3]);
        assert_eq!(case.next(), Some(Step::Drop(ids([3]))));
        case.list.configurations.push(ids([1, 2]));
        assert_eq!(case.next(), Some(Step::EndJoint));
    }

    #[test]
    fn dead_voters_go_only_while_enough_are_left() {
        let mut case = case(5, &[1, 2, 3, 4, 5]);
        case.config.dead_server_last_contact_threshold = Duration::from_secs(60);
        case.healthy(2, 99).healthy(3, 99).silent(4, 61).silent(5, 59);
        assert_eq!(case.next(), None);
        case.config.cleanup_dead_servers = true;
        case.config.min_quorum = 5;
        assert_eq!(case.next(), None);
        case.config.min_quorum = 3;
        assert_eq!(case.next(), Some(Step::CleanUp(4)));
        case.silent(3, 61);
        assert_eq!(case.next(), None, "two of five are no majority");
    }

    #[test]
    fn a_member_never_heard_is_dead_when_the_leader_has_listened_long_enough() {
        let mut case = case(4, &[1, 2, 3]);
        case.config.cleanup_dead_servers = true;
        case.config.min_quorum = 3;
        case.healthy(2, 99).healthy(3, 99);
        assert_eq!(case.next(), None);
        case.leading_for = Duration::from_secs(25 * 3600);
        assert_eq!(case.next(), Some(Step::CleanUp(4)));
    }
}
