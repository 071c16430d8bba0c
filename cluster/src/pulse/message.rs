//! What a member tells of itself in a pulse, and its encoding.
//!
//! A version byte, then fields: tag (u8), length (u16, big endian), value. Fields that this release does not know are
//! skipped, and absent ones have their default, so that members of different releases understand each other.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use coffer_model::{NodeCondition, SealState};
use coffer_storage::LogPosition;

use crate::address;
use crate::disk::Room;

const VERSION: u8 = 1;
/// Most bytes of a text; longer ones are cut.
const MAX_TEXT: usize = 512;

mod tag {
    pub(super) const SEAL: u8 = 1;
    pub(super) const UNFIT: u8 = 2;
    pub(super) const RELEASE: u8 = 3;
    pub(super) const HOSTNAME: u8 = 4;
    pub(super) const PRIORITY: u8 = 5;
    pub(super) const TERM: u8 = 6;
    pub(super) const LAST: u8 = 7;
    pub(super) const APPLIED: u8 = 8;
    pub(super) const CERTIFICATE: u8 = 9;
    pub(super) const LEVEL: u8 = 10;
    pub(super) const DISK: u8 = 11;
    pub(super) const HEARTBEAT: u8 = 12;
    pub(super) const MULTIPLIER: u8 = 13;
    pub(super) const SYNC: u8 = 14;
    pub(super) const RESTING: u8 = 15;
    pub(super) const LEADER: u8 = 16;
    pub(super) const ROOM: u8 = 17;
    pub(super) const CLUSTER_ADDRESS: u8 = 18;
    pub(super) const API_ADDRESS: u8 = 19;
}

/// A member's state, as it tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) condition: NodeCondition,
    pub(crate) priority: Option<u32>,
    pub(crate) term: u64,
    /// The last entry it has stored.
    pub(crate) last: Option<LogPosition>,
    pub(crate) applied_index: u64,
    pub(crate) certificate_expires: Option<SystemTime>,
    pub(crate) level: u32,
    /// Free bytes and size of the file system.
    pub(crate) disk: Option<(u64, u64)>,
    /// What that is.
    pub(crate) room: Room,
    /// The interval of the timing it runs with, in milliseconds.
    pub(crate) heartbeat: u64,
    pub(crate) multiplier: Option<u32>,
    /// How long its log's syncs take.
    pub(crate) sync: Duration,
    /// It stepped down, and does not lead again for this long if another can.
    pub(crate) resting: Duration,
    /// Raft's number of the leader that it follows.
    pub(crate) leader: Option<u64>,
    pub(crate) addresses: Addresses,
}

/// Where a member is to be reached, as its configuration has it; empty where that says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) cluster: String,
    pub(crate) api: String,
}

impl Told {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Writer(vec![VERSION]);
        out.field(tag::SEAL, &[seal_byte(self.condition.seal)]);
        if let Some(reason) = &self.condition.unfit {
            out.text(tag::UNFIT, reason);
        }
        out.text(tag::RELEASE, &self.condition.version);
        out.text(tag::HOSTNAME, &self.condition.hostname);
        out.number(tag::PRIORITY, self.priority.map(u64::from));
        out.number(tag::TERM, Some(self.term));
        if let Some(last) = &self.last {
            let numbers = [last.term, last.leader, last.index];
            out.field(tag::LAST, &numbers.map(u64::to_be_bytes).concat());
        }
        out.number(tag::APPLIED, Some(self.applied_index));
        let expires = self.certificate_expires.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        out.number(tag::CERTIFICATE, expires.map(|since| since.as_secs()));
        out.number(tag::LEVEL, Some(u64::from(self.level)));
        if let Some((free, size)) = self.disk {
            out.field(tag::DISK, &[free, size].map(u64::to_be_bytes).concat());
        }
        out.number(tag::HEARTBEAT, Some(self.heartbeat));
        out.number(tag::MULTIPLIER, self.multiplier.map(u64::from));
        out.number(tag::SYNC, Some(micros(self.sync)));
        out.number(tag::RESTING, Some(micros(self.resting)));
        out.number(tag::LEADER, self.leader);
        out.field(tag::ROOM, &[room_byte(self.room)]);
        out.text(tag::CLUSTER_ADDRESS, &self.addresses.cluster);
        out.text(tag::API_ADDRESS, &self.addresses.api);
        out.0
    }

    /// `None` for bytes that are no pulse.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&version, mut rest) = bytes.split_first()?;
        if version != VERSION {
            return None;
        }
        let mut told = Self::default();
        while let Some((&tag, after)) = rest.split_first() {
            let (len, after) = after.split_first_chunk::<2>()?;
            let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
            told.take(tag, value)?;
            rest = after;
        }
        Some(told)
    }

    fn take(&mut self, tag: u8, value: &[u8]) -> Option<()> {
        match tag {
            tag::SEAL => self.condition.seal = seal_state(value)?,
            tag::UNFIT => self.condition.unfit = Some(text(value)?),
            tag::RELEASE => self.condition.version = text(value)?,
            tag::HOSTNAME => self.condition.hostname = text(value)?,
            tag::PRIORITY => self.priority = Some(small(value)?),
            tag::TERM => self.term = number(value)?,
            tag::LAST => {
                let [term, leader, index] = numbers(value)?;
                self.last = Some(LogPosition { term, leader, index });
            }
            tag::APPLIED => self.applied_index = number(value)?,
            tag::CERTIFICATE => {
                self.certificate_expires = UNIX_EPOCH.checked_add(Duration::from_secs(number(value)?));
            }
            tag::LEVEL => self.level = small(value)?,
            tag::DISK => {
                let [free, size] = numbers(value)?;
                self.disk = Some((free, size));
            }
            tag::HEARTBEAT => self.heartbeat = number(value)?,
            tag::MULTIPLIER => self.multiplier = Some(small(value)?),
            tag::SYNC => self.sync = Duration::from_micros(number(value)?),
            tag::RESTING => self.resting = Duration::from_micros(number(value)?),
            tag::LEADER => self.leader = Some(number(value)?),
            tag::ROOM => self.room = room(value)?,
            // One that cannot be right is as if it were not told.
            tag::CLUSTER_ADDRESS => self.addresses.cluster = sound(text(value)?, is_host_port),
            tag::API_ADDRESS => self.addresses.api = sound(text(value)?, is_url),
            // Of a later release.
            _ => {}
        }
        Some(())
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn field(&mut self, tag: u8, value: &[u8]) {
        let Ok(len) = u16::try_from(value.len()) else { return };
        self.0.push(tag);
        self.0.extend(len.to_be_bytes());
        self.0.extend(value);
    }

    fn text(&mut self, tag: u8, text: &str) {
        let mut end = text.len().min(MAX_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.field(tag, &text.as_bytes()[..end]);
    }

    fn number(&mut self, tag: u8, number: Option<u64>) {
        if let Some(number) = number {
            self.field(tag, &number.to_be_bytes());
        }
    }
}

fn seal_byte(seal: SealState) -> u8 {
    match seal {
        SealState::Sealed => 0,
        SealState::SealedByCommand => 1,
        SealState::Unsealed => 2,
    }
}

fn seal_state(value: &[u8]) -> Option<SealState> {
    match value {
        [0] => Some(SealState::Sealed),
        [1] => Some(SealState::SealedByCommand),
        [2] => Some(SealState::Unsealed),
        _ => None,
    }
}

fn room_byte(room: Room) -> u8 {
    match room {
        Room::Enough => 0,
        Room::Low => 1,
        Room::Full => 2,
    }
}

fn room(value: &[u8]) -> Option<Room> {
    match value {
        [0] => Some(Room::Enough),
        [1] => Some(Room::Low),
        [2] => Some(Room::Full),
        _ => None,
    }
}

fn text(value: &[u8]) -> Option<String> {
    (value.len() <= MAX_TEXT).then(|| String::from_utf8(value.to_vec()).ok())?
}

fn sound(text: String, is_sound: fn(&str) -> bool) -> String {
    if is_sound(&text) { text } else { String::new() }
}

/// What is told of an address stands in the member list and in answers.
fn is_host_port(text: &str) -> bool {
    address::parts(text).is_some_and(|(host, _)| !host.is_empty())
        && text.chars().all(|c| c.is_ascii_graphic() && c != '/')
}

fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && text.chars().all(|c| c.is_ascii_graphic())
}

fn number(value: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(value.try_into().ok()?))
}

fn small(value: &[u8]) -> Option<u32> {
    u32::try_from(number(value)?).ok()
}

fn numbers<const N: usize>(value: &[u8]) -> Option<[u64; N]> {
    let (chunks, rest) = value.as_chunks::<8>();
    let chunks: &[[u8; 8]; N] = chunks.try_into().ok()?;
    rest.is_empty().then(|| chunks.map(u64::from_be_bytes))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn condition() -> impl Strategy<Value = NodeCondition> {
        let seals = [SealState::Sealed, SealState::SealedByCommand, SealState::Unsealed];
        let seal = proptest::sample::select(seals.to_vec());
        (seal, proptest::option::of(".{0,40}"), "[0-9.]{0,9}", "[a-z]{0,9}")
            .prop_map(|(seal, unfit, version, hostname)| NodeCondition { seal, unfit, version, hostname })
    }

    fn told() -> impl Strategy<Value = Told> {
        let position = any::<(u64, u64, u64)>().prop_map(|(term, leader, index)| LogPosition { term, leader, index });
        let who = (condition(), any::<Option<u32>>(), any::<u32>(), any::<Option<u32>>());
        let log = (any::<u64>(), proptest::option::of(position), any::<u64>(), any::<Option<u64>>());
        let addresses = ("([a-z.0-9]{1,30}:8201)?", "(https?://[a-z.0-9]{1,30}:8200)?");
        let addresses = addresses.prop_map(|(cluster, api)| Addresses { cluster, api });
        let rest = (any::<Option<u32>>(), any::<Option<(u64, u64)>>(), any::<u64>(), any::<u32>(), any::<u32>());
        (who, log, rest, addresses).prop_map(|(who, log, rest, addresses)| Told {
            condition: who.0,
            priority: who.1,
            term: log.0,
            last: log.1,
            applied_index: log.2,
            certificate_expires: rest.0.map(|secs| UNIX_EPOCH + Duration::from_secs(secs.into())),
            level: who.2,
            disk: rest.1,
            room: [Room::Enough, Room::Low, Room::Full][log.0 as usize % 3],
            heartbeat: rest.2,
            multiplier: who.3,
            sync: Duration::from_micros(rest.3.into()),
            resting: Duration::from_micros(rest.4.into()),
            leader: log.3,
            addresses,
        })
    }

    proptest! {
        #[test]
        fn what_is_told_survives(told in told()) {
            prop_assert_eq!(Told::decode(&told.encode()), Some(told));
        }

        #[test]
        fn fields_of_a_later_release_are_skipped(told in told(), value in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut out = Writer(told.encode());
            out.field(200, &value);
            prop_assert_eq!(Told::decode(&out.0), Some(told));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..120), known in any::<bool>()) {
            if let (true, Some(first)) = (known, bytes.first_mut()) {
                *first = VERSION;
            }
            let _ = Told::decode(&bytes);
        }
    }

    #[test]
    fn an_address_that_cannot_be_one_is_not_told() {
        for (cluster, api) in [("host", "https://"), (":8201", "h:1"), ("a b:1", "ftp://h"), ("h/:1", "https://h\n")] {
            let told = Told { addresses: Addresses { cluster: cluster.into(), api: api.into() }, ..Told::default() };
            assert_eq!(Told::decode(&told.encode()), Some(Told::default()), "{cluster:?} {api:?}");
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let condition = NodeCondition { unfit: Some("ü".repeat(MAX_TEXT)), ..NodeCondition::default() };
        let told = Told { condition, ..Told::default() };
        let read = Told::decode(&told.encode()).unwrap();
        assert_eq!(read.condition.unfit.unwrap(), "ü".repeat(MAX_TEXT / 2));
    }
}
