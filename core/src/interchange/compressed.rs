//! Records that were compressed before they were encrypted: a letter, then a gzip or framed snappy stream. No JSON and no
//! protobuf message of a record begins with such a letter.

use std::io::Read;

use flate2::read::GzDecoder;
use zeroize::Zeroizing;

use crate::Failure;

/// Longest record, unpacked.
const MAX: u64 = 64 << 20;

/// The record as it was before it was compressed, if it was.
pub(crate) fn plain(record: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match record.split_first() {
        Some((b'G', packed)) => unpack(GzDecoder::new(packed)),
        Some((b'S', packed)) => unpack(snap::read::FrameDecoder::new(packed)),
        _ => Ok(record),
    }
}

fn unpack(stream: impl Read) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut out = Zeroizing::new(Vec::new());
    let read = stream.take(MAX + 1).read_to_end(&mut out);
    match read {
        Ok(len) if len as u64 <= MAX => Ok(out),
        Ok(_) => Err(Failure::internal("a compressed record is too long")),
        Err(_) => Err(Failure::internal("a compressed record is damaged")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn gzip_and_snappy_are_unpacked_and_all_else_is_as_it_is() {
        let mut gzip = flate2::write::GzEncoder::new(vec![b'G'], flate2::Compression::best());
        gzip.write_all(b"{\"a\":1}").unwrap();
        let mut snappy = snap::write::FrameEncoder::new(vec![b'S']);
        snappy.write_all(b"{\"a\":1}").unwrap();
        for packed in [gzip.finish().unwrap(), snappy.into_inner().unwrap(), b"{\"a\":1}".to_vec()] {
            assert_eq!(plain(Zeroizing::new(packed)).unwrap().as_slice(), b"{\"a\":1}");
        }
        assert!(plain(Zeroizing::new(b"Gx".to_vec())).is_err());
        assert!(plain(Zeroizing::new(b"".to_vec())).unwrap().is_empty());
    }
}
