//! What is known of the other members.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

use coffer_model::PeerState;

use super::message::Told;

/// Round trips kept of each member.
const ROUND_TRIPS: usize = 64;

/// Fewer tell nothing of the distance.
const ENOUGH: usize = 6;
/// So many hold a quiet moment also where the load is extreme.
const PLENTY: usize = 20;
/// What fewer than that can tell at most: hardly any two places are farther apart.
const FAR: Duration = Duration::from_millis(250);

/// The other members, by Raft's number.
#[derive(Debug, Default)]
pub(crate) struct Table(BTreeMap<u64, Known>);

/// One of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) node_id: String,
    /// When it was last heard from, by either clock.
    pub(crate) heard: Option<(Instant, SystemTime)>,
    pub(crate) told: Told,
    /// Since when it tells the addresses that it tells now.
    pub(crate) addresses_since: Option<Instant>,
    round_trips: VecDeque<Duration>,
    is_being_asked: bool,
    /// There is something to tell it that the question under way does not hold.
    again: bool,
}

impl Table {
    /// Forgets those that are no members any more, begins with those that are new.
    pub(crate) fn keep_members(&mut self, others: &[(u64, String)]) {
        self.0.retain(|raft_id, _| others.iter().any(|(id, _)| id == raft_id));
        for (raft_id, node_id) in others {
            let known = self.0.entry(*raft_id).or_default();
            if known.node_id != *node_id {
                known.node_id.clone_from(node_id);
            }
        }
    }

    /// Whom to ask now: all that have answered the last question, or have failed to. Where there is news the rest is
    /// asked again after that.
    pub(crate) fn begin_round(&mut self, has_news: bool) -> Vec<(u64, String)> {
        if has_news {
            self.0.values_mut().filter(|known| known.is_being_asked).for_each(|known| known.again = true);
        }
        let idle = self.0.iter_mut().filter(|(_, known)| !known.is_being_asked);
        idle.map(|(raft_id, known)| {
            known.is_being_asked = true;
            (*raft_id, known.node_id.clone())
        })
        .collect()
    }

    /// The answer to a question, or `None` for one that failed; true when the member is to be asked again at once.
    pub(crate) fn answered(
        &mut self,
        raft_id: u64,
        answer: Option<(Told, Duration)>,
        now: (Instant, SystemTime),
    ) -> bool {
        let Some(known) = self.0.get_mut(&raft_id) else { return false };
        known.is_being_asked = false;
        if let Some((told, round_trip)) = answer {
            known.hear(told, now);
            if known.round_trips.len() == ROUND_TRIPS {
                known.round_trips.pop_front();
            }
            known.round_trips.push_back(round_trip);
        }
        std::mem::take(&mut known.again)
    }

    /// A member asked, and told of itself thereby. False for one that is not in the member list.
    pub(crate) fn asked_by(&mut self, raft_id: u64, told: Told, now: (Instant, SystemTime)) -> bool {
        let known = self.0.get_mut(&raft_id);
        known.map(|known| known.hear(told, now)).is_some()
    }

    pub(crate) fn get(&self, raft_id: u64) -> Option<&Known> {
        self.0.get(&raft_id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Known)> {
        self.0.iter().map(|(raft_id, known)| (*raft_id, known))
    }
}

impl Known {
    fn hear(&mut self, told: Told, now: (Instant, SystemTime)) {
        if self.addresses_since.is_none() || self.told.addresses != told.addresses {
            self.addresses_since = Some(now.0);
        }
        self.told = told;
        self.heard = Some(now);
    }

    /// Heard from within this time.
    pub(crate) fn is_fresh(&self, now: Instant, within: Duration) -> bool {
        self.heard.is_some_and(|(at, _)| now.saturating_duration_since(at) <= within)
    }

    /// The shortest of the last round trips, once there were enough for a quiet moment among them.
    pub(crate) fn distance(&self) -> Option<Duration> {
        match self.round_trips.len() {
            ..ENOUGH => None,
            ENOUGH..PLENTY => self.shortest_round_trip().map(|shortest| shortest.min(FAR)),
            PLENTY.. => self.shortest_round_trip(),
        }
    }

    /// The shortest of the last round trips: the distance is no more.
    pub(crate) fn shortest_round_trip(&self) -> Option<Duration> {
        self.round_trips.iter().min().copied()
    }

    /// What 95 of 100 of the last round trips did not exceed.
    pub(crate) fn most_round_trip(&self) -> Option<Duration> {
        let mut sorted: Vec<Duration> = self.round_trips.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get((sorted.len() * 95).div_ceil(100).checked_sub(1)?).copied()
    }

    /// As the upper layers see it.
    pub(crate) fn state(&self, now: Instant) -> PeerState {
        let told = &self.told;
        PeerState {
            node_id: self.node_id.clone(),
            last_contact: self.heard.map(|(at, _)| now.saturating_duration_since(at)),
            last_echo: self.heard.map(|(_, at)| at),
            round_trip: self.round_trips.back().copied(),
            condition: told.condition.clone(),
            priority: told.priority,
            term: told.term,
            last_index: told.last.map_or(0, |last| last.index),
            applied_index: told.applied_index,
            certificate_expires: told.certificate_expires,
            level: told.level,
            disk: told.disk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, millis: u64) -> (Instant, SystemTime) {
        (start + Duration::from_millis(millis), SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
    }

    #[test]
    fn a_member_is_asked_once_at_a_time_and_forgotten_when_it_leaves() {
        let (mut table, start) = (Table::default(), Instant::now());
        table.keep_members(&[(1, "a".into()), (2, "b".into())]);
        assert_eq!(table.begin_round(false).len(), 2);
        assert!(!table.answered(2, None, at(start, 5)));
        assert_eq!(table.begin_round(true), [(2, "b".to_owned())]);
        assert!(table.answered(1, None, at(start, 5)));
        assert!(!table.get(2).unwrap().is_fresh(start, Duration::from_secs(9)));
        table.keep_members(&[(1, "a".into())]);
        table.answered(2, Some((Told::default(), Duration::ZERO)), at(start, 6));
        assert_eq!(table.iter().count(), 1);
        assert!(!table.asked_by(2, Told::default(), at(start, 7)));
    }

    #[test]
    fn a_few_slow_answers_are_taken_for_load_rather_than_for_the_other_end_of_the_world() {
        let (mut table, start) = (Table::default(), Instant::now());
        table.keep_members(&[(1, "a".into())]);
        let mut distance = |rounds: usize, millis| {
            for _ in 0..rounds {
                table.answered(1, Some((Told::default(), Duration::from_millis(millis))), at(start, 0));
            }
            table.get(1).unwrap().distance()
        };
        assert_eq!(distance(ENOUGH - 1, 600), None);
        assert_eq!(distance(1, 600), Some(FAR));
        assert_eq!(distance(PLENTY - ENOUGH, 600), Some(Duration::from_millis(600)));
        assert_eq!(distance(1, 2), Some(Duration::from_millis(2)));
    }

    #[test]
    fn old_round_trips_and_a_few_long_ones_do_not_count() {
        let (mut table, start) = (Table::default(), Instant::now());
        table.keep_members(&[(1, "a".into())]);
        let mut tell = |millis| table.answered(1, Some((Told::default(), Duration::from_millis(millis))), at(start, 0));
        tell(1);
        for round in 0..ROUND_TRIPS {
            tell(if round % 30 == 7 { 700 } else { 80 });
        }
        let known = table.get(1).unwrap();
        assert_eq!(known.shortest_round_trip(), Some(Duration::from_millis(80)));
        assert_eq!(known.most_round_trip(), Some(Duration::from_millis(80)));
    }
}
