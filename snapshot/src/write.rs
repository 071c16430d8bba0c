//! Writing an archive to a stream.

use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::sums::{META, SEALED, STATE, SUMS};
use crate::tar::{self, Entry};
use crate::{Meta, Sums, record};

/// An archive that was not written to its end; what was written of it can't be taken for a whole one.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The stream.
    #[error("the snapshot cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The records are not those whose length was given.
    #[error("the state has {written} bytes where {expected} were expected")]
    Length {
        /// As given.
        expected: u64,
        /// As it was.
        written: u64,
    },
    /// The state could not be read to its end, or the list of sums not be sealed.
    #[error("{0}")]
    Source(String),
}

/// Takes the records of `state.bin`.
pub struct StateWriter<'w> {
    out: &'w mut dyn Write,
    hash: Sha256,
    written: u64,
    buffer: Vec<u8>,
}

impl StateWriter<'_> {
    /// Writes a record; the keys are to come in byte order.
    pub fn put(&mut self, key: &str, value: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        record::encode(&mut self.buffer, key, value);
        self.hash.update(&self.buffer);
        self.written += self.buffer.len() as u64;
        self.out.write_all(&self.buffer)
    }
}

/// Writes an archive. `meta.size` is the sum of [`crate::encoded_len`] over all records; `fill` puts them; `seal` encrypts the
/// list of sums.
pub fn write<W: Write>(
    out: W,
    meta: &Meta,
    fill: impl FnOnce(&mut StateWriter<'_>) -> Result<(), WriteError>,
    seal: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<W, WriteError> {
    // Ciphertext does not get smaller: stored as it is, with gzip's checksum.
    let mut archive = GzEncoder::new(out, Compression::none());
    let mtime = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut meta_json = serde_json::to_vec(meta).map_err(io::Error::from)?;
    meta_json.push(b'\n');
    put_file(&mut archive, META, &meta_json, mtime)?;

    tar::write_header(&mut archive, &Entry { name: STATE.to_owned(), size: meta.size }, mtime)?;
    let mut state = StateWriter { out: &mut archive, hash: Sha256::new(), written: 0, buffer: Vec::new() };
    fill(&mut state)?;
    let StateWriter { hash, written, .. } = state;
    if written != meta.size {
        return Err(WriteError::Length { expected: meta.size, written });
    }
    tar::write_padding(&mut archive, meta.size)?;

    let sums = Sums { meta: Sha256::digest(&meta_json).into(), state: hash.finalize().into() }.encode();
    put_file(&mut archive, SUMS, &sums, mtime)?;
    let sealed = seal(&sums).map_err(WriteError::Source)?;
    put_file(&mut archive, SEALED, &sealed, mtime)?;
    tar::write_end(&mut archive)?;
    Ok(archive.finish()?)
}

fn put_file(archive: &mut impl Write, name: &str, body: &[u8], mtime: u64) -> io::Result<()> {
    tar::write_header(archive, &Entry { name: name.to_owned(), size: body.len() as u64 }, mtime)?;
    archive.write_all(body)?;
    tar::write_padding(archive, body.len() as u64)
}
