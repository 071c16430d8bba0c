//! The one durable change: what a log entry carries, and its own versioned byte encoding.

use crate::Revision;

/// All the writes of one request, applied together or not at all.
///
/// Keys are storage paths in clear; values are ciphertext (or one of the few records that lie below the barrier,
/// such as `core/seal-config`). Everything in it was decided before it was proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Checked again when the command is applied; if one fails, nothing is written.
    pub preconditions: Vec<Precondition>,
    /// Keys to set.
    pub puts: Vec<Put>,
    /// Keys to remove; one that is absent is no error.
    pub deletes: Vec<String>,
}

/// A key and its new value.
#[derive(Clone, PartialEq, Eq)]
pub struct Put {
    /// Storage path.
    pub key: String,
    /// Value as it is to be stored.
    pub value: Vec<u8>,
}

impl std::fmt::Debug for Put {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Put").field("key", &self.key).field("bytes", &self.value.len()).finish()
    }
}

/// A key must still be as the request saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    /// Storage path.
    pub key: String,
    /// The revision seen; `None`: the key was absent.
    pub revision: Option<Revision>,
}

/// A byte string that is no command.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end inside a field.
    #[error("the command ends at byte {0}, inside a field")]
    Truncated(usize),
    /// Written by a later release.
    #[error("command encoding {0} is not known to this release")]
    UnknownVersion(u8),
    /// A key that is not UTF-8, or bytes after the end.
    #[error("the command is malformed at byte {0}")]
    Malformed(usize),
}

/// First byte of every encoded command.
const VERSION: u8 = 1;

impl Command {
    /// True when there is nothing to write; such a command need not be proposed.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty()
    }

    /// Bytes that [`Command::encode`] will give.
    pub fn encoded_len(&self) -> usize {
        let preconditions: usize = self.preconditions.iter().map(|p| 4 + p.key.len() + 8).sum();
        let puts: usize = self.puts.iter().map(|p| 8 + p.key.len() + p.value.len()).sum();
        let deletes: usize = self.deletes.iter().map(|key| 4 + key.len()).sum();
        1 + 12 + preconditions + puts + deletes
    }

    /// Version byte, then three counted lists (preconditions, puts, deletes); counts, lengths and revisions are
    /// big endian, lengths u32, an absent revision 0.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        out.push(VERSION);
        put_len(&mut out, self.preconditions.len());
        for precondition in &self.preconditions {
            put_bytes(&mut out, precondition.key.as_bytes());
            out.extend(precondition.revision.map_or(0, Revision::get).to_be_bytes());
        }
        put_len(&mut out, self.puts.len());
        for put in &self.puts {
            put_bytes(&mut out, put.key.as_bytes());
            put_bytes(&mut out, &put.value);
        }
        put_len(&mut out, self.deletes.len());
        for key in &self.deletes {
            put_bytes(&mut out, key.as_bytes());
        }
        out
    }

    /// The inverse of [`Command::encode`]; never panics, whatever the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        CommandRef::decode(bytes).map(|command| command.to_owned())
    }
}

/// A command read in place: keys and values lie in the encoded bytes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CommandRef<'b> {
    /// See [`Command::preconditions`].
    pub preconditions: Vec<(&'b str, Option<Revision>)>,
    /// See [`Command::puts`].
    pub puts: Vec<(&'b str, &'b [u8])>,
    /// See [`Command::deletes`].
    pub deletes: Vec<&'b str>,
}

impl<'b> CommandRef<'b> {
    /// Reads what [`Command::encode`] wrote without copying it; never panics, whatever the bytes.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader { bytes, at: 0 };
        let [version] = reader.array()?;
        if version != VERSION {
            return Err(DecodeError::UnknownVersion(version));
        }
        let mut command = Self::default();
        for _ in 0..reader.len()? {
            let key = reader.text()?;
            let revision = Revision::new(u64::from_be_bytes(reader.array()?));
            command.preconditions.push((key, revision));
        }
        for _ in 0..reader.len()? {
            let key = reader.text()?;
            command.puts.push((key, reader.slice()?));
        }
        for _ in 0..reader.len()? {
            command.deletes.push(reader.text()?);
        }
        if reader.at == bytes.len() { Ok(command) } else { Err(DecodeError::Malformed(reader.at)) }
    }

    /// The keys that it writes or removes.
    pub fn changed_keys(&self) -> impl Iterator<Item = &'b str> {
        self.puts.iter().map(|(key, _)| *key).chain(self.deletes.iter().copied())
    }

    fn to_owned(&self) -> Command {
        let preconditions = self.preconditions.iter();
        let puts = self.puts.iter();
        Command {
            preconditions: preconditions
                .map(|(key, revision)| Precondition { key: (*key).to_owned(), revision: *revision })
                .collect(),
            puts: puts.map(|(key, value)| Put { key: (*key).to_owned(), value: value.to_vec() }).collect(),
            deletes: self.deletes.iter().map(|key| (*key).to_owned()).collect(),
        }
    }
}

pub(crate) fn put_len(out: &mut Vec<u8>, len: usize) {
    // Bounded far below 4 GiB by `max_entry_size`, which is checked before anything is encoded.
    out.extend(u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes());
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_len(out, bytes.len());
    out.extend_from_slice(bytes);
}

pub(crate) struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.at.checked_add(len).ok_or(DecodeError::Truncated(self.at))?;
        let taken = self.bytes.get(self.at..end).ok_or(DecodeError::Truncated(self.at))?;
        self.at = end;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let at = self.at;
        self.take(N)?.try_into().map_err(|_| DecodeError::Truncated(at))
    }

    pub(crate) fn len(&mut self) -> Result<usize, DecodeError> {
        Ok(u32::from_be_bytes(self.array()?) as usize)
    }

    pub(crate) fn slice(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.len()?;
        self.take(len)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let at = self.at;
        str::from_utf8(self.slice()?).map_err(|_| DecodeError::Malformed(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn command() -> impl Strategy<Value = Command> {
        let precondition =
            (".*", any::<u64>()).prop_map(|(key, revision)| Precondition { key, revision: Revision::new(revision) });
        let put = (".*", proptest::collection::vec(any::<u8>(), 0..64)).prop_map(|(key, value)| Put { key, value });
        (
            proptest::collection::vec(precondition, 0..4),
            proptest::collection::vec(put, 0..4),
            proptest::collection::vec(".*", 0..4),
        )
            .prop_map(|(preconditions, puts, deletes)| Command { preconditions, puts, deletes })
    }

    proptest! {
        #[test]
        fn a_command_survives_its_encoding(command in command()) {
            let bytes = command.encode();
            prop_assert_eq!(bytes.len(), command.encoded_len());
            prop_assert_eq!(Command::decode(&bytes), Ok(command));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = Command::decode(&bytes);
        }

        #[test]
        fn a_cut_command_is_refused(command in command(), cut in 1usize..32) {
            let bytes = command.encode();
            let kept = bytes.len().saturating_sub(cut);
            prop_assert!(Command::decode(&bytes[..kept]).is_err());
        }
    }

    #[test]
    fn a_later_encoding_is_named() {
        assert_eq!(Command::decode(&[9]), Err(DecodeError::UnknownVersion(9)));
    }

    #[test]
    fn debug_keeps_values_out() {
        let put = Put { key: "logical/x".into(), value: b"hidden".to_vec() };
        assert!(!format!("{put:?}").contains("hidden"));
    }
}
