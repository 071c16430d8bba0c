//! Fields one after the other.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use coffer_storage::LogPosition;

use super::Malformed;

/// Takes fields off the front; none is longer than what is there.
#[derive(Clone, Debug)]
pub(super) struct Fields(pub(super) Bytes);

impl Fields {
    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        self.0.try_get_u8().map_err(|_| Malformed)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        self.0.try_get_u32().map_err(|_| Malformed)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        self.0.try_get_u64().map_err(|_| Malformed)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let mut out = [0; N];
        self.0.try_copy_to_slice(&mut out).map_err(|_| Malformed)?;
        Ok(out)
    }

    /// A length and as many bytes; they are not copied.
    pub(super) fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let len = usize::try_from(self.u32()?).map_err(|_| Malformed)?;
        if len > self.0.len() {
            return Err(Malformed);
        }
        Ok(self.0.split_to(len))
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.bytes()?.to_vec()).map_err(|_| Malformed)
    }

    pub(super) fn position(&mut self) -> Result<LogPosition, Malformed> {
        Ok(LogPosition { term: self.u64()?, leader: self.u64()?, index: self.u64()? })
    }

    pub(super) fn maybe_position(&mut self) -> Result<Option<LogPosition>, Malformed> {
        Ok(if self.flag()? { Some(self.position()?) } else { None })
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

pub(super) fn put_bytes(out: &mut BytesMut, bytes: &[u8]) {
    // A frame is far below 4 GiB.
    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(bytes);
}

pub(super) fn put_position(out: &mut BytesMut, at: LogPosition) {
    [at.term, at.leader, at.index].into_iter().for_each(|number| out.put_u64(number));
}

pub(super) fn put_maybe_position(out: &mut BytesMut, at: Option<LogPosition>) {
    out.put_u8(u8::from(at.is_some()));
    if let Some(at) = at {
        put_position(out, at);
    }
}
