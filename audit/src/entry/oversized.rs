//! A bound on the length of a line, and what stands for data that goes beyond it.

use std::io::{self, Write};

use hmac::{Hmac, Mac};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::salt::{Hidden, Salt};

/// A buffer that takes no more than it may.
pub(super) struct Capped {
    bytes: Vec<u8>,
    max: usize,
}

impl Capped {
    pub(super) fn new(prefix: &[u8], max: usize) -> Self {
        let mut bytes = Vec::with_capacity(2048 + prefix.len());
        bytes.extend_from_slice(prefix);
        Self { bytes, max }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stands for data too large to be logged: its size and the HMAC of it as compact JSON.
pub(super) struct Digest<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) salt: &'a Salt,
}

impl Serialize for Digest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sum = Sum { mac: self.salt.start(), bytes: 0 };
        serde_json::to_writer(&mut sum, self.map).map_err(serde::ser::Error::custom)?;
        let mut out = serializer.serialize_map(Some(2))?;
        out.serialize_entry("oversized_data_bytes", &sum.bytes)?;
        out.serialize_entry("oversized_data_hmac", Hidden::of(sum.mac).as_str())?;
        out.end()
    }
}

struct Sum {
    mac: Hmac<Sha256>,
    bytes: u64,
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.mac.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
