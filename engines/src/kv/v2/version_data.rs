//! The record of one version: its data and its times. Read in place and written by hand, so that the secret is copied no
//! more often than needed and every copy is wiped.

use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, skip_field};
use zeroize::Zeroizing;

use coffer_core::Failure;

use super::moment::ProtoTimestamp;

/// Field 1: the JSON object. Field 2: when it was made. Field 3: when it counts as deleted.
const DATA: u32 = 1;
const CREATED: u32 = 2;
const DELETION: u32 = 3;

/// The bytes to store for a version.
pub(super) fn encode(json: &[u8], created: ProtoTimestamp, deletion: Option<ProtoTimestamp>) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(json.len() + 64));
    encode_key(DATA, WireType::LengthDelimited, &mut *out);
    encode_varint(json.len() as u64, &mut *out);
    out.extend_from_slice(json);
    for (tag, time) in [(CREATED, Some(created)), (DELETION, deletion)] {
        let Some(time) = time else { continue };
        encode_key(tag, WireType::LengthDelimited, &mut *out);
        encode_varint(time.encoded_len() as u64, &mut *out);
        // A vector grows as needed.
        out.extend_from_slice(&time.encode_to_vec());
    }
    out
}

/// The JSON object in a stored version.
pub(super) fn json_of(stored: &[u8]) -> Result<&[u8], Failure> {
    find_data(stored).ok_or_else(|| Failure::Internal("a stored version is not the record it should be".to_owned()))
}

fn find_data(stored: &[u8]) -> Option<&[u8]> {
    let mut rest = stored;
    let mut data: &[u8] = &[];
    while !rest.is_empty() {
        let (tag, wire) = decode_key(&mut rest).ok()?;
        if tag == DATA && wire == WireType::LengthDelimited {
            let len = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
            (data, rest) = rest.split_at_checked(len)?;
        } else {
            skip_field(wire, tag, &mut rest, DecodeContext::default()).ok()?;
        }
    }
    Some(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, PartialEq, prost::Message)]
    struct Version {
        #[prost(bytes = "vec", tag = "1")]
        data: Vec<u8>,
        #[prost(message, optional, tag = "2")]
        created_time: Option<ProtoTimestamp>,
        #[prost(message, optional, tag = "3")]
        deletion_time: Option<ProtoTimestamp>,
    }

    #[test]
    fn it_is_the_protobuf_message() {
        let created = ProtoTimestamp { seconds: 1_795_467_290, nanos: 5 };
        for deletion in [None, Some(ProtoTimestamp { seconds: 7, nanos: 0 })] {
            let bytes = encode(b"{\"k\":1}", created, deletion);
            let wanted = Version { data: b"{\"k\":1}".to_vec(), created_time: Some(created), deletion_time: deletion };
            assert_eq!(Version::decode(&**bytes).unwrap(), wanted);
            assert_eq!(json_of(&bytes).unwrap(), b"{\"k\":1}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = json_of(&bytes);
        }

        #[test]
        fn data_is_found_wherever_it_stands(data in proptest::collection::vec(any::<u8>(), 0..64), seconds: i64) {
            let time = ProtoTimestamp { seconds, nanos: 0 };
            let before = Version { data: vec![], created_time: Some(time), deletion_time: None }.encode_to_vec();
            let after = Version { data: data.clone(), created_time: None, deletion_time: None }.encode_to_vec();
            let bytes = [before, after].concat();
            prop_assert_eq!(json_of(&bytes).unwrap(), &data[..]);
        }
    }
}
