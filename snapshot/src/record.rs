//! The records of `state.bin`: each a length and a protobuf message of a key (field 1) and a value (field 2).

use std::io::{self, Read};

/// Longest key that is read.
pub const MAX_KEY: usize = 64 << 10;
/// Longest value that is read; far above what the store takes.
pub const MAX_VALUE: usize = 64 << 20;

const KEY_FIELD: u8 = 0x0a;
const VALUE_FIELD: u8 = 0x12;

/// Bytes that a record takes.
pub fn encoded_len(key: &str, value: &[u8]) -> u64 {
    let message = message_len(key, value);
    varint_len(message) + message
}

/// Appends a record.
pub(crate) fn encode(out: &mut Vec<u8>, key: &str, value: &[u8]) {
    put_varint(out, message_len(key, value));
    if !key.is_empty() {
        out.push(KEY_FIELD);
        put_varint(out, key.len() as u64);
        out.extend_from_slice(key.as_bytes());
    }
    if !value.is_empty() {
        out.push(VALUE_FIELD);
        put_varint(out, value.len() as u64);
        out.extend_from_slice(value);
    }
}

/// A record that makes no sense, or a reader that failed.
#[derive(Debug)]
pub(crate) enum RecordError {
    Io(io::Error),
    Bad(&'static str),
}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Bad("it ends inside a record"),
            _ => Self::Io(error),
        }
    }
}

/// Reads the next record into `message`; `None` at the end, which lies between records.
pub(crate) fn read<'m>(
    from: &mut impl Read,
    message: &'m mut Vec<u8>,
) -> Result<Option<(&'m str, &'m [u8])>, RecordError> {
    let Some(len) = read_len(from)? else { return Ok(None) };
    let len = usize::try_from(len).ok().filter(|len| *len <= MAX_KEY + MAX_VALUE + 32);
    let len = len.ok_or(RecordError::Bad("a record in it is too long"))?;
    message.clear();
    // Grows with what is there, not with what a length promises.
    if from.take(len as u64).read_to_end(message)? != len {
        return Err(RecordError::Bad("it ends inside a record"));
    }
    parse(message).map(Some).ok_or(RecordError::Bad("a record in it makes no sense"))
}

fn parse(mut rest: &[u8]) -> Option<(&str, &[u8])> {
    let (mut key, mut value) = (&[][..], &[][..]);
    while let Some((&tag, after)) = rest.split_first() {
        rest = after;
        // All fields that there are have one-byte tags.
        match tag & 7 {
            0 => {
                take_varint(&mut rest)?;
            }
            2 => {
                let len = usize::try_from(take_varint(&mut rest)?).ok()?;
                let (field, after) = rest.split_at_checked(len)?;
                rest = after;
                match tag {
                    KEY_FIELD => key = field,
                    VALUE_FIELD => value = field,
                    _ => {}
                }
            }
            _ => return None,
        }
    }
    let key = str::from_utf8(key).ok().filter(|key| !key.is_empty() && key.len() <= MAX_KEY)?;
    Some((key, value))
}

fn message_len(key: &str, value: &[u8]) -> u64 {
    let field = |len: usize| if len == 0 { 0 } else { 1 + varint_len(len as u64) + len as u64 };
    field(key.len()) + field(value.len())
}

fn varint_len(value: u64) -> u64 {
    u64::from((64 - (value | 1).leading_zeros()).div_ceil(7))
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// `None` where nothing follows.
fn read_len(from: &mut impl Read) -> Result<Option<u64>, RecordError> {
    let mut bytes = Vec::with_capacity(10);
    loop {
        let mut byte = [0];
        match from.read_exact(&mut byte) {
            Ok(()) => bytes.extend(byte),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && bytes.is_empty() => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        if byte[0] < 0x80 {
            return take_varint(&mut bytes.as_slice())
                .map(Some)
                .ok_or(RecordError::Bad("a record's length makes no sense"));
        }
        if bytes.len() >= 10 {
            return Err(RecordError::Bad("a record's length makes no sense"));
        }
    }
}
