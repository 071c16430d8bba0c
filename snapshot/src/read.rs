//! Reading an archive from a stream, and checking all of it.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use crate::record::{self, RecordError};
use crate::sums::{META, SEALED, STATE, SUMS};
use crate::tar::{self, TarError};
use crate::{Meta, Sums};

/// Longest of the small files.
const MAX_SMALL: u64 = 64 << 10;

/// No whole snapshot.
#[derive(Debug, thiserror::Error)]
pub enum ReadError<E> {
    /// Where it comes from.
    #[error("the snapshot cannot be read: {0}")]
    Io(io::Error),
    /// It is damaged, cut short, or something else.
    #[error("not a whole snapshot: {0}")]
    Bad(&'static str),
    /// Whoever took the records wanted no more.
    #[error("{0}")]
    Taker(E),
}

/// What an archive holds, once all of it was read and its sums were right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `meta.json`.
    pub meta: Meta,
    /// Records of the state.
    pub records: u64,
    /// The digests of both files.
    pub sums: Sums,
    /// The list of sums as the seal has encrypted it.
    pub sealed: Vec<u8>,
}

/// Reads an archive to its end; each record goes to `take` as it comes. Only an `Ok` says that what was taken is whole.
pub fn read<E>(from: impl Read, mut take: impl FnMut(&str, &[u8]) -> Result<(), E>) -> Result<Summary, ReadError<E>> {
    let mut archive = BufReader::with_capacity(128 << 10, MultiGzDecoder::new(from));
    let (mut meta, mut state, mut list, mut sealed) = (None, None, None, None);
    while let Some(entry) = tar::read_header(&mut archive).map_err(ReadError::tar)? {
        match entry.name.as_str() {
            META if meta.is_none() => meta = Some(small(&mut archive, entry.size)?),
            STATE if state.is_none() => state = Some(records(&mut archive, entry.size, &mut take)?),
            SUMS if list.is_none() => list = Some(small(&mut archive, entry.size)?),
            SEALED if sealed.is_none() => sealed = Some(small(&mut archive, entry.size)?),
            META | STATE | SUMS | SEALED => return Err(ReadError::Bad("a file is in it twice")),
            _ => return Err(ReadError::Bad("a file in it does not belong there")),
        }
        tar::skip_padding(&mut archive, entry.size).map_err(ReadError::tar)?;
    }
    // Gzip's own sum is checked at its end.
    let rest = io::copy(&mut archive.by_ref().take(MAX_SMALL), &mut io::sink()).map_err(ReadError::stream)?;
    if rest >= MAX_SMALL {
        return Err(ReadError::Bad("something follows its end"));
    }
    let (meta_json, (state, found), list) = match (meta, state, list) {
        (Some(meta), Some(state), Some(list)) => (meta, state, list),
        _ => return Err(ReadError::Bad("a file is missing in it")),
    };
    let sums = Sums { meta: Sha256::digest(&meta_json).into(), state };
    if !sums.agree_with(&list) {
        return Err(ReadError::Bad("its checksums are wrong"));
    }
    let meta: Meta = serde_json::from_slice(&meta_json).map_err(|_| ReadError::Bad("its meta.json makes no sense"))?;
    if meta.version != Meta::VERSION {
        return Err(ReadError::Bad("its version is not known to this release"));
    }
    Ok(Summary { meta, records: found, sums, sealed: sealed.unwrap_or_default() })
}

fn small<E>(archive: &mut impl Read, size: u64) -> Result<Vec<u8>, ReadError<E>> {
    if size > MAX_SMALL {
        return Err(ReadError::Bad("a small file in it is too long"));
    }
    let mut body = vec![0; size as usize];
    archive.read_exact(&mut body).map_err(ReadError::stream)?;
    Ok(body)
}

fn records<E>(
    archive: &mut impl Read,
    size: u64,
    take: &mut impl FnMut(&str, &[u8]) -> Result<(), E>,
) -> Result<([u8; 32], u64), ReadError<E>> {
    let mut state = BufReader::with_capacity(64 << 10, Hashing { inner: archive.take(size), hash: Sha256::new() });
    let mut message = Vec::new();
    let mut count = 0;
    while let Some((key, value)) = record::read(&mut state, &mut message).map_err(ReadError::record)? {
        count += 1;
        take(key, value).map_err(ReadError::Taker)?;
    }
    let Hashing { inner, hash } = state.into_inner();
    if inner.limit() != 0 {
        return Err(ReadError::Bad("it ends too early"));
    }
    Ok((hash.finalize().into(), count))
}

struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(out)?;
        self.hash.update(&out[..len]);
        Ok(len)
    }
}

impl<E> ReadError<E> {
    fn stream(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Bad("it ends too early"),
            // What flate2 says of bytes that are no gzip, or whose sum is wrong.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Self::Bad("it is damaged, or no gzip file"),
            _ => Self::Io(error),
        }
    }

    fn tar(error: TarError) -> Self {
        match error {
            TarError::Io(error) => Self::stream(error),
            TarError::Bad(what) => Self::Bad(what),
        }
    }

    fn record(error: RecordError) -> Self {
        match error {
            RecordError::Io(error) => Self::stream(error),
            RecordError::Bad(what) => Self::Bad(what),
        }
    }
}
