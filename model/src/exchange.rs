//! Putting another whole state in the place of the present one, in bounded steps: staged unseen, shown by one entry.

use crate::Put;
use crate::command::{CommandRef, DecodeError, Reader, put_bytes, put_len};

/// Names one exchange from its first step to its last; random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExchangeId(pub [u8; 16]);

/// A step of an exchange; each is one log entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Begins to stage a state. What an earlier exchange staged is dropped: its later steps will not be taken.
    Begin {
        /// This one.
        id: ExchangeId,
    },
    /// Adds keys to the staged state.
    Put {
        /// The exchange that was begun last, or nothing is done.
        id: ExchangeId,
        /// Keys and values, as they are to be stored.
        puts: Vec<Put>,
    },
    /// Shows the staged state instead of the present one, of which the keys below `kept` stay.
    Commit {
        /// The exchange that was begun last, or nothing is done.
        id: ExchangeId,
        /// How many keys have been staged, or nothing is done.
        keys: u64,
        /// A folder, ending in `/`.
        kept: String,
        /// Written with it; its revision tells one state from another.
        mark: Put,
    },
    /// Drops what is staged, if anything is.
    Abandon,
}

/// First byte of every encoded step; no command begins with it.
const VERSION: u8 = 2;

const BEGIN: u8 = 1;
const PUT: u8 = 2;
const COMMIT: u8 = 3;
const ABANDON: u8 = 4;

impl Exchange {
    /// Bytes that a [`Exchange::Put`] takes besides its puts, at most.
    pub const OVERHEAD: usize = 32;

    /// Bytes that a put takes within a step.
    pub fn put_len(put: &Put) -> usize {
        8 + put.key.len() + put.value.len()
    }

    /// Version and kind, then what the kind has; integers big endian, lengths u32.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        match self {
            Self::Begin { id } => {
                out.push(BEGIN);
                out.extend(id.0);
            }
            Self::Put { id, puts } => {
                out.reserve(Self::OVERHEAD + puts.iter().map(Self::put_len).sum::<usize>());
                out.push(PUT);
                out.extend(id.0);
                put_len(&mut out, puts.len());
                puts.iter().for_each(|put| encode_put(&mut out, put));
            }
            Self::Commit { id, keys, kept, mark } => {
                out.push(COMMIT);
                out.extend(id.0);
                out.extend(keys.to_be_bytes());
                put_bytes(&mut out, kept.as_bytes());
                encode_put(&mut out, mark);
            }
            Self::Abandon => out.push(ABANDON),
        }
        out
    }
}

fn encode_put(out: &mut Vec<u8>, put: &Put) {
    put_bytes(out, put.key.as_bytes());
    put_bytes(out, &put.value);
}

/// What a log entry carries, read in place.
#[derive(Clone, PartialEq, Eq)]
pub enum ChangeRef<'b> {
    /// The writes of a request.
    Command(CommandRef<'b>),
    /// A step of an exchange.
    Exchange(ExchangeRef<'b>),
}

/// A step read in place; see [`Exchange`].
#[derive(Clone, PartialEq, Eq)]
pub enum ExchangeRef<'b> {
    /// [`Exchange::Begin`].
    Begin(ExchangeId),
    /// [`Exchange::Put`].
    Put(ExchangeId, Vec<(&'b str, &'b [u8])>),
    /// [`Exchange::Commit`].
    Commit {
        /// The exchange.
        id: ExchangeId,
        /// Keys staged.
        keys: u64,
        /// The folder that stays.
        kept: &'b str,
        /// Written with it.
        mark: (&'b str, &'b [u8]),
    },
    /// [`Exchange::Abandon`].
    Abandon,
}

impl<'b> ChangeRef<'b> {
    /// Reads what [`crate::Command::encode`] or [`Exchange::encode`] wrote; never panics, whatever the bytes.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, DecodeError> {
        match bytes.first() {
            Some(&VERSION) => decode_exchange(bytes).map(Self::Exchange),
            _ => CommandRef::decode(bytes).map(Self::Command),
        }
    }
}

fn decode_exchange(bytes: &[u8]) -> Result<ExchangeRef<'_>, DecodeError> {
    let mut reader = Reader { bytes, at: 1 };
    let [kind] = reader.array()?;
    let step = match kind {
        BEGIN => ExchangeRef::Begin(ExchangeId(reader.array()?)),
        PUT => {
            let id = ExchangeId(reader.array()?);
            let mut puts = Vec::new();
            for _ in 0..reader.len()? {
                puts.push((reader.text()?, reader.slice()?));
            }
            ExchangeRef::Put(id, puts)
        }
        COMMIT => ExchangeRef::Commit {
            id: ExchangeId(reader.array()?),
            keys: u64::from_be_bytes(reader.array()?),
            kept: reader.text()?,
            mark: (reader.text()?, reader.slice()?),
        },
        ABANDON => ExchangeRef::Abandon,
        _ => return Err(DecodeError::Malformed(1)),
    };
    if reader.at == bytes.len() { Ok(step) } else { Err(DecodeError::Malformed(reader.at)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Command;
    use proptest::prelude::*;

    fn put() -> impl Strategy<Value = Put> {
        (".{0,9}", proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(key, value)| Put { key, value })
    }

    fn step() -> impl Strategy<Value = Exchange> {
        let id = || any::<[u8; 16]>().prop_map(ExchangeId);
        prop_oneof![
            id().prop_map(|id| Exchange::Begin { id }),
            (id(), proptest::collection::vec(put(), 0..5)).prop_map(|(id, puts)| Exchange::Put { id, puts }),
            (id(), any::<u64>(), ".{0,9}", put()).prop_map(|(id, keys, kept, mark)| Exchange::Commit {
                id,
                keys,
                kept,
                mark
            }),
            Just(Exchange::Abandon),
        ]
    }

    fn owned(step: ExchangeRef<'_>) -> Exchange {
        let put = |(key, value): (&str, &[u8])| Put { key: key.to_owned(), value: value.to_vec() };
        match step {
            ExchangeRef::Begin(id) => Exchange::Begin { id },
            ExchangeRef::Put(id, puts) => Exchange::Put { id, puts: puts.into_iter().map(put).collect() },
            ExchangeRef::Commit { id, keys, kept, mark } => {
                Exchange::Commit { id, keys, kept: kept.to_owned(), mark: put(mark) }
            }
            ExchangeRef::Abandon => Exchange::Abandon,
        }
    }

    proptest! {
        #[test]
        fn a_step_survives_its_encoding(step in step()) {
            let bytes = step.encode();
            let Ok(ChangeRef::Exchange(read)) = ChangeRef::decode(&bytes) else { panic!("not a step") };
            prop_assert_eq!(owned(read), step);
        }

        #[test]
        fn a_cut_step_is_refused(step in step(), cut in 1usize..32) {
            let bytes = step.encode();
            prop_assert!(ChangeRef::decode(&bytes[..bytes.len().saturating_sub(cut)]).is_err());
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..256), known in any::<bool>()) {
            if let (true, Some(first)) = (known, bytes.first_mut()) {
                *first = VERSION;
            }
            let _ = ChangeRef::decode(&bytes);
        }
    }

    #[test]
    fn a_command_is_told_from_a_step() {
        let bytes = Command::default().encode();
        assert!(matches!(ChangeRef::decode(&bytes), Ok(ChangeRef::Command(_))));
    }
}
