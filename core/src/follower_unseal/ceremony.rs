//! The leader's side as a state machine: which of the voters may still be handed the root key.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use coffer_model::PeerIdentity;

use super::message::UnsealQuestion;
use super::record::{EpochRecord, RosterEntry};
use super::sealed_identity::Claim;

/// Requests of one node that may fail before it is left to its operators.
const MAX_FAILURES: u32 = 3;

/// How long after a grant the same process may ask again.
const LOST: Duration = Duration::from_secs(60);

/// Whether a ceremony goes on here, and how far it is.
#[derive(Default)]
pub(super) struct Ceremony {
    /// Counts the unsealings of this node, so that the work of an earlier one knows that it is over.
    turn: u64,
    open: Option<Open>,
}

struct Open {
    record: EpochRecord,
    term: u64,
    closes: Instant,
    seats: BTreeMap<u64, Seat>,
}

struct Seat {
    state: SeatState,
    last_request: Option<Instant>,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SeatState {
    Waiting,
    /// A request is being looked at.
    Asked,
    Granted,
    /// Two have asked in its name, or it has failed too often.
    Quarantined,
}

/// A request that may be granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) record: EpochRecord,
    pub(super) entry: RosterEntry,
    /// It was granted before.
    pub(super) repeated: bool,
}

/// Why a node was not handed the root key. Told to it, audited and logged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no ceremony is open on this node: unseal with shares")]
    Closed,
    #[error("ceremony {asked} is not the one that is open, {open}")]
    OtherEpoch { asked: u64, open: u64 },
    #[error("{0} is not among the voters that were sealed when the ceremony opened: unseal it with shares")]
    NotInRoster(String),
    #[error("{0} was opened in this ceremony already: unseal it with shares")]
    AlreadyGranted(String),
    #[error(
        "two have asked in the name of {0}: neither is opened; look whether somebody has its keys, then unseal it \
             with shares"
    )]
    Equivocation(String),
    #[error("{0} is excluded from this ceremony: unseal it with shares")]
    Quarantined(String),
    #[error("a request of {0} is being looked at")]
    Busy(String),
    #[error("{0} has asked too soon after its last request")]
    TooSoon(String),
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    /// Whether to ask again makes sense.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::TooSoon(_) | Self::Failed(_))
    }
}

impl Ceremony {
    /// The node was unsealed with shares: what went on before is over. Gives the number of this turn.
    pub(super) fn begin(&mut self) -> u64 {
        self.close();
        self.turn
    }

    /// Nobody is opened any more.
    pub(super) fn close(&mut self) {
        self.turn += 1;
        self.open = None;
    }

    pub(super) fn is_turn(&self, turn: u64) -> bool {
        self.turn == turn
    }

    /// Every voter has said that it is sealed.
    pub(super) fn open(&mut self, record: EpochRecord, term: u64, closes: Instant) {
        let seat =
            |entry: &RosterEntry| (entry.raft_id, Seat { state: SeatState::Waiting, last_request: None, failures: 0 });
        let seats = record.roster.iter().map(seat).collect();
        self.open = Some(Open { record, term, closes, seats });
    }

    /// Whether it is open and has somebody left to open, or one whose answer may just have been lost.
    pub(super) fn goes_on(&self, term: u64, now: Instant) -> bool {
        self.open.as_ref().is_some_and(|open| {
            let just = |seat: &Seat| seat.last_request.is_some_and(|last| now.saturating_duration_since(last) < LOST);
            let left = |seat: &Seat| match seat.state {
                SeatState::Waiting | SeatState::Asked => true,
                SeatState::Granted => just(seat),
                SeatState::Quarantined => false,
            };
            open.term == term && now < open.closes && open.seats.values().any(left)
        })
    }

    /// Looks at a request. `Ok`: nothing speaks against it so far. A first one is the only one of that node until
    /// [`Ceremony::settle`]; a repeated one is of the very process that was handed the key, whose answer may have been lost:
    /// to seal it to the same key again tells nobody more.
    pub(super) fn ask(
        &mut self,
        from: &PeerIdentity,
        question: &UnsealQuestion,
        term: u64,
        now: Instant,
        interval: Duration,
    ) -> Result<Asked, Refusal> {
        let open = self.open.as_mut().filter(|open| open.term == term && now < open.closes).ok_or(Refusal::Closed)?;
        if question.epoch != open.record.epoch {
            return Err(Refusal::OtherEpoch { asked: question.epoch, open: open.record.epoch });
        }
        let name = || from.node_id.clone();
        let entry = open.record.roster.iter().find(|entry| entry.raft_id == from.raft_id);
        let entry = entry.filter(|entry| entry.node_id == from.node_id).ok_or_else(|| Refusal::NotInRoster(name()))?;
        let seat = open.seats.get_mut(&from.raft_id).ok_or_else(|| Refusal::NotInRoster(name()))?;
        match seat.state {
            SeatState::Granted if question.claim() != entry.claim() => {
                return Err(Refusal::AlreadyGranted(name()));
            }
            SeatState::Quarantined => return Err(Refusal::Quarantined(name())),
            SeatState::Waiting | SeatState::Asked | SeatState::Granted => {}
        }
        if question.claim() != entry.claim() {
            seat.state = SeatState::Quarantined;
            return Err(Refusal::Equivocation(name()));
        }
        if seat.state == SeatState::Asked {
            return Err(Refusal::Busy(name()));
        }
        if seat.last_request.is_some_and(|last| now.saturating_duration_since(last) < interval) {
            return Err(Refusal::TooSoon(name()));
        }
        seat.last_request = Some(now);
        let repeated = seat.state == SeatState::Granted;
        if !repeated {
            seat.state = SeatState::Asked;
        }
        Ok(Asked { record: open.record.clone(), entry: entry.clone(), repeated })
    }

    /// Whether the request of a node that was found good may still be granted.
    pub(super) fn still_good(&self, from: &PeerIdentity, term: u64, now: Instant) -> Result<(), Refusal> {
        let open = self.open.as_ref().filter(|open| open.term == term && now < open.closes).ok_or(Refusal::Closed)?;
        match open.seats.get(&from.raft_id).map(|seat| seat.state) {
            Some(SeatState::Asked | SeatState::Granted) => Ok(()),
            Some(SeatState::Quarantined) => Err(Refusal::Equivocation(from.node_id.clone())),
            Some(SeatState::Waiting) | None => Err(Refusal::Closed),
        }
    }

    /// The end of a request that [`Ceremony::ask`] let through.
    pub(super) fn settle(&mut self, from: &PeerIdentity, outcome: Result<(), &Refusal>) {
        let Some(seat) = self.open.as_mut().and_then(|open| open.seats.get_mut(&from.raft_id)) else { return };
        if seat.state != SeatState::Asked {
            return;
        }
        seat.state = match outcome {
            Ok(()) => SeatState::Granted,
            Err(Refusal::Equivocation(_)) => SeatState::Quarantined,
            Err(_) => {
                seat.failures += 1;
                if seat.failures >= MAX_FAILURES { SeatState::Quarantined } else { SeatState::Waiting }
            }
        };
    }
}

impl RosterEntry {
    pub(super) fn claim(&self) -> Claim {
        Claim { boot_id: self.boot_id, key: self.key.0 }
    }
}

#[cfg(test)]
mod tests {
    use coffer_seal::OpeningPublicKey;
    use uuid::Uuid;

    use super::*;
    use crate::Timestamp;
    use crate::follower_unseal::message::WireKey;

    const TERM: u64 = 5;
    const INTERVAL: Duration = Duration::from_secs(5);
    const WINDOW: Duration = Duration::from_secs(600);

    fn key(byte: u8) -> WireKey {
        WireKey(OpeningPublicKey([byte; 32]))
    }

    fn open(now: Instant) -> Ceremony {
        let entry = |number: u64| RosterEntry {
            node_id: format!("n{number}"),
            raft_id: number,
            boot_id: Uuid::from_u128(number.into()),
            key: key(number as u8),
        };
        let record = EpochRecord {
            epoch: 3,
            leader: "n1".to_owned(),
            leader_raft_id: 1,
            opened_at: Timestamp::UNIX_EPOCH,
            roster: vec![entry(2), entry(3)],
        };
        let mut ceremony = Ceremony::default();
        ceremony.begin();
        ceremony.open(record, TERM, now + WINDOW);
        ceremony
    }

    fn peer(number: u64) -> PeerIdentity {
        PeerIdentity { node_id: format!("n{number}"), raft_id: number }
    }

    fn question(number: u64) -> UnsealQuestion {
        UnsealQuestion { epoch: 3, boot_id: Uuid::from_u128(number.into()), key: key(number as u8), applied_index: 9 }
    }

    #[test]
    fn each_voter_of_the_roster_is_opened_once() {
        let now = Instant::now();
        let mut ceremony = open(now);
        for number in [2, 3] {
            assert!(ceremony.goes_on(TERM, now + LOST));
            ceremony.ask(&peer(number), &question(number), TERM, now, INTERVAL).unwrap();
            ceremony.still_good(&peer(number), TERM, now).unwrap();
            ceremony.settle(&peer(number), Ok(()));
        }
        assert!(ceremony.goes_on(TERM, now), "an answer may have been lost");
        assert!(!ceremony.goes_on(TERM, now + LOST));
        let later = now + INTERVAL * 2;
        // The same process, whose answer was lost, and one that was started after it.
        assert!(ceremony.ask(&peer(2), &question(2), TERM, later, INTERVAL).unwrap().repeated);
        let restarted = UnsealQuestion { boot_id: Uuid::from_u128(99), ..question(2) };
        let refused = ceremony.ask(&peer(2), &restarted, TERM, later, INTERVAL).unwrap_err();
        assert_eq!(refused, Refusal::AlreadyGranted("n2".to_owned()));
    }

    #[test]
    fn a_stranger_another_epoch_and_another_incarnation_get_nothing() {
        let now = Instant::now();
        let mut ceremony = open(now);
        let refused = ceremony.ask(&peer(4), &question(4), TERM, now, INTERVAL).unwrap_err();
        assert_eq!(refused, Refusal::NotInRoster("n4".to_owned()));
        let renamed = PeerIdentity { node_id: "n3".to_owned(), raft_id: 2 };
        assert!(matches!(ceremony.ask(&renamed, &question(2), TERM, now, INTERVAL), Err(Refusal::NotInRoster(_))));
        let old = UnsealQuestion { epoch: 2, ..question(2) };
        let refused = ceremony.ask(&peer(2), &old, TERM, now, INTERVAL).unwrap_err();
        assert_eq!(refused, Refusal::OtherEpoch { asked: 2, open: 3 });
    }

    #[test]
    fn two_in_the_name_of_one_are_both_left_sealed() {
        let now = Instant::now();
        let mut ceremony = open(now);
        ceremony.ask(&peer(2), &question(2), TERM, now, INTERVAL).unwrap();
        let thief = UnsealQuestion { key: key(9), ..question(2) };
        let refused = ceremony.ask(&peer(2), &thief, TERM, now, INTERVAL).unwrap_err();
        assert_eq!(refused, Refusal::Equivocation("n2".to_owned()));
        assert_eq!(ceremony.still_good(&peer(2), TERM, now), Err(Refusal::Equivocation("n2".to_owned())));
        let later = now + INTERVAL * 2;
        let refused = ceremony.ask(&peer(2), &question(2), TERM, later, INTERVAL).unwrap_err();
        assert_eq!(refused, Refusal::Quarantined("n2".to_owned()));
        ceremony.ask(&peer(3), &question(3), TERM, now, INTERVAL).unwrap();
    }

    #[test]
    fn it_closes_with_time_another_term_and_the_seal() {
        let now = Instant::now();
        let mut ceremony = open(now);
        for (term, at) in [(TERM, now + WINDOW), (TERM + 1, now)] {
            assert!(!ceremony.goes_on(term, at));
            assert_eq!(ceremony.ask(&peer(2), &question(2), term, at, INTERVAL), Err(Refusal::Closed));
        }
        ceremony.ask(&peer(2), &question(2), TERM, now, INTERVAL).unwrap();
        let turn = ceremony.turn;
        ceremony.close();
        assert!(!ceremony.is_turn(turn));
        assert_eq!(ceremony.still_good(&peer(2), TERM, now), Err(Refusal::Closed));
    }

    #[test]
    fn requests_are_slow_and_few() {
        let now = Instant::now();
        let mut ceremony = open(now);
        let failed = Refusal::Failed("x".to_owned());
        ceremony.ask(&peer(2), &question(2), TERM, now, INTERVAL).unwrap();
        assert!(matches!(ceremony.ask(&peer(2), &question(2), TERM, now, INTERVAL), Err(Refusal::Busy(_))));
        ceremony.settle(&peer(2), Err(&failed));
        assert!(matches!(ceremony.ask(&peer(2), &question(2), TERM, now, INTERVAL), Err(Refusal::TooSoon(_))));
        for round in 1..3 {
            ceremony.ask(&peer(2), &question(2), TERM, now + INTERVAL * round, INTERVAL).unwrap();
            ceremony.settle(&peer(2), Err(&failed));
        }
        let refused = ceremony.ask(&peer(2), &question(2), TERM, now + INTERVAL * 3, INTERVAL).unwrap_err();
        assert_eq!(refused, Refusal::Quarantined("n2".to_owned()));
    }
}
