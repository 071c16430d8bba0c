//! `SHA256SUMS`: a line a file, digest in hex, two spaces, name.

use std::fmt::Write as _;

/// The digests of both files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    pub(crate) meta: [u8; 32],
    pub(crate) state: [u8; 32],
}

impl Sums {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = String::new();
        for (digest, name) in [(&self.meta, META), (&self.state, STATE)] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}  {name}", hex::encode(digest));
        }
        text.into_bytes()
    }

    /// Whether a list (the one in clear, or the sealed one once it was opened) names both files with these digests, and
    /// nothing else.
    pub fn agree_with(&self, list: &[u8]) -> bool {
        let Ok(text) = str::from_utf8(list) else { return false };
        let (mut meta, mut state) = (false, false);
        for line in text.lines() {
            let mut parts = line.split_whitespace();
            let (Some(digest), Some(name), None) = (parts.next(), parts.next(), parts.next()) else { return false };
            let Ok(digest) = hex::decode(digest) else { return false };
            match name {
                META => meta = digest == self.meta,
                STATE => state = digest == self.state,
                _ => return false,
            }
            if (name == META && !meta) || (name == STATE && !state) {
                return false;
            }
        }
        meta && state
    }
}

pub(crate) const META: &str = "meta.json";
pub(crate) const STATE: &str = "state.bin";
pub(crate) const SUMS: &str = "SHA256SUMS";
pub(crate) const SEALED: &str = "SHA256SUMS.sealed";
