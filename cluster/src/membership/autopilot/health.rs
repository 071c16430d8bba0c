//! How well each member is, as the leader finds it, and for how long it has been so.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use coffer_model::{AutopilotConfig, SealState};

use super::super::list::MemberList;
use crate::cluster::Shared;
use crate::pulse::Told;

/// A member, as known at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// `None`: never.
    pub(crate) last_contact: Option<Duration>,
    pub(crate) told: Told,
    pub(crate) healthy: bool,
    pub(crate) alive: bool,
    /// Since when it is healthy, or is not.
    pub(crate) since: Option<(Instant, SystemTime)>,
    /// It has all that the leader has, or nearly; a learner that has received nothing yet has not.
    pub(crate) caught_up: bool,
    /// For how long it has told the addresses that it tells now.
    pub(crate) addresses_for: Duration,
}

impl Seen {
    pub(crate) fn is_unsealed(&self) -> bool {
        self.told.condition.seal == SealState::Unsealed
    }

    /// Healthy for this long.
    pub(crate) fn stable_for(&self, now: Instant) -> Option<Duration> {
        let (since, _) = self.since.filter(|_| self.healthy)?;
        Some(now.saturating_duration_since(since))
    }
}

/// Since when each member is as it is; of one term of leadership.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    term: u64,
    since: BTreeMap<u64, (bool, Instant, SystemTime)>,
}

impl Memory {
    /// Notes what is found, and puts in since when it is so.
    fn note(&mut self, term: u64, seen: &mut BTreeMap<u64, Seen>, now: (Instant, SystemTime)) {
        if self.term != term {
            *self = Self { term, ..Self::default() };
        }
        self.since.retain(|id, _| seen.contains_key(id));
        for (id, seen) in seen {
            let noted = self.since.entry(*id).or_insert((seen.healthy, now.0, now.1));
            if noted.0 != seen.healthy {
                *noted = (seen.healthy, now.0, now.1);
            }
            seen.since = Some((noted.1, noted.2));
        }
    }
}

/// Vault's rule: heard from lately, in the leader's term, and not too far behind.
fn is_healthy(config: &AutopilotConfig, own: &Told, seen: &Seen) -> bool {
    let last = |told: &Told| told.last.map_or(0, |last| last.index);
    seen.alive && seen.told.term == own.term && last(&seen.told).saturating_add(config.max_trailing_logs) >= last(own)
}

impl Shared {
    /// All members as this node sees them now.
    pub(crate) fn members_seen(&self, config: &AutopilotConfig, list: &MemberList) -> BTreeMap<u64, Seen> {
        let own = self.told();
        let now = (Instant::now(), SystemTime::now());
        let leads = self.leadership.get();
        let mut all: BTreeMap<u64, Seen> = self.pulse.look(|table| {
            let others = list.nodes.keys().filter(|id| **id != self.identity.raft_id);
            others
                .map(|id| {
                    let known = table.get(*id);
                    let heard = known.and_then(|known| known.heard);
                    let told = known.map(|known| known.told.clone()).unwrap_or_default();
                    let last_contact = heard.map(|(at, _)| now.0.saturating_duration_since(at));
                    let since = known.and_then(|known| known.addresses_since);
                    let addresses_for = since.map(|at| now.0.saturating_duration_since(at)).unwrap_or_default();
                    (*id, Seen { last_contact, told, addresses_for, ..Seen::default() })
                })
                .collect()
        });
        for (id, seen) in &mut all {
            seen.alive = seen.last_contact.is_some_and(|since| since <= config.last_contact_threshold);
            seen.healthy = is_healthy(config, &own, seen);
            // Applied, so that the first entries after a snapshot do not count for all before them.
            // And the cluster beats slowly enough for it: as a voter it has to answer within a heartbeat.
            seen.caught_up = seen.healthy && seen.told.applied_index > 0 && self.timing_suits(*id);
        }
        if list.nodes.contains_key(&self.identity.raft_id) {
            let last_contact = Some(Duration::ZERO);
            let seen = Seen { last_contact, told: own, healthy: true, alive: true, caught_up: true, ..Seen::default() };
            all.insert(self.identity.raft_id, seen);
        }
        if let Some(lead) = leads {
            self.upkeep.memory.lock().note(lead.term, &mut all, now);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_storage::LogPosition;

    fn told(term: u64, index: u64) -> Told {
        Told { term, last: Some(LogPosition { term, leader: 1, index }), ..Told::default() }
    }

    #[test]
    fn a_member_is_healthy_when_it_is_heard_in_this_term_and_not_too_far_behind() {
        let config = AutopilotConfig::default();
        let own = told(4, 5000);
        let seen = |term, index, alive| Seen { told: told(term, index), alive, ..Seen::default() };
        assert!(is_healthy(&config, &own, &seen(4, 4000, true)));
        assert!(!is_healthy(&config, &own, &seen(4, 3999, true)));
        assert!(!is_healthy(&config, &own, &seen(3, 5000, true)));
        assert!(!is_healthy(&config, &own, &seen(4, 5000, false)));
    }

    #[test]
    fn a_change_of_health_begins_a_new_span_and_so_does_a_new_term() {
        let (mut memory, start) = (Memory::default(), Instant::now());
        let at = |secs| (start + Duration::from_secs(secs), SystemTime::UNIX_EPOCH);
        let mut note = |term, healthy, secs: u64| {
            let mut seen = BTreeMap::from([(1, Seen { healthy, ..Seen::default() })]);
            memory.note(term, &mut seen, at(secs));
            seen.remove(&1).unwrap().stable_for(at(secs).0)
        };
        assert_eq!(note(1, true, 0), Some(Duration::ZERO));
        assert_eq!(note(1, true, 3), Some(Duration::from_secs(3)));
        assert_eq!(note(1, false, 4), None);
        assert_eq!(note(1, true, 5), Some(Duration::ZERO));
        assert_eq!(note(2, true, 9), Some(Duration::ZERO));
    }
}
