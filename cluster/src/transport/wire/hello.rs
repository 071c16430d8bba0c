//! The greeting: what each side says of itself, signed by its identity key, and the refusal in its place.

use bytes::{BufMut, Bytes, BytesMut};
use coffer_storage::ClusterId;

use super::Malformed;
use super::bytes_io::{Fields, put_bytes};

/// Longest frame before both sides know each other.
pub(crate) const MAX_GREETING: usize = 8 << 10;

/// First byte of a greeting. Later fields are added at the end and skipped by those who don't know them.
const VERSION: u8 = 1;

/// As the configuration bounds it.
const MAX_NODE_ID: usize = 256;
/// Longest text in a refusal that is shown.
const MAX_REASON: usize = 2000;

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) cluster: ClusterId,
    pub(crate) node_id: String,
    pub(crate) raft_id: u64,
    /// Whom it wants to speak with; 0 for whoever is there.
    pub(crate) wanted: u64,
    pub(crate) min_level: u32,
    pub(crate) level: u32,
    pub(crate) public_key: Vec<u8>,
}

impl Hello {
    /// The bytes that are signed.
    pub(crate) fn encode(&self) -> BytesMut {
        let mut out = BytesMut::with_capacity(256);
        out.put_u8(VERSION);
        out.put_slice(&self.cluster.0);
        put_bytes(&mut out, self.node_id.as_bytes());
        out.put_u64(self.raft_id);
        out.put_u64(self.wanted);
        out.put_u32(self.min_level);
        out.put_u32(self.level);
        put_bytes(&mut out, &self.public_key);
        out
    }

    /// The frame's body: the signed bytes, then the signature.
    pub(crate) fn with_signature(signed: &[u8], signature: &[u8]) -> BytesMut {
        let mut out = BytesMut::with_capacity(signed.len() + signature.len() + 8);
        put_bytes(&mut out, signed);
        put_bytes(&mut out, signature);
        out
    }

    /// Greeting, signed bytes and signature out of a frame's body.
    pub(crate) fn decode(body: Bytes) -> Result<(Self, Bytes, Bytes), Malformed> {
        let mut outer = Fields(body);
        let (signed, signature) = (outer.bytes()?, outer.bytes()?);
        let mut fields = Fields(signed.clone());
        if fields.u8()? != VERSION {
            return Err(Malformed);
        }
        let hello = Self {
            cluster: ClusterId(fields.array()?),
            node_id: fields.text()?,
            raft_id: fields.u64()?,
            wanted: fields.u64()?,
            min_level: fields.u32()?,
            level: fields.u32()?,
            public_key: fields.bytes()?.to_vec(),
        };
        // It stands in logs and answers before anybody has vouched for it.
        let is_a_name = hello.node_id.len() <= MAX_NODE_ID && !hello.node_id.chars().any(char::is_control);
        if is_a_name { Ok((hello, signed, signature)) } else { Err(Malformed) }
    }
}

/// Why a peer is not spoken with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: RefusalCode,
    /// Who refuses, as it calls itself.
    pub(crate) node_id: String,
    pub(crate) reason: String,
}

/// The kinds of refusal that somebody acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RefusalCode {
    /// The reason is all there is to it.
    Other = 0,
    /// The certificate.
    Certificate = 1,
    /// Another cluster, or none.
    Cluster = 2,
    /// The one refused is no member.
    NotMember = 3,
    /// It has not the identity that it should.
    Identity = 4,
    /// The releases are too far apart.
    Level = 5,
    /// Not now.
    Later = 6,
    /// The one refused was a member, and was removed for good.
    Removed = 7,
    /// The one that refuses has no cluster, which a joiner has not either until its answer has come.
    NoCluster = 8,
    /// The one that refuses is not, or no longer, the incarnation that was looked for.
    Incarnation = 9,
}

impl Refusal {
    pub(crate) fn encode(&self) -> BytesMut {
        let mut out = BytesMut::new();
        out.put_u8(self.code as u8);
        put_bytes(&mut out, shortened(&self.node_id, 256).as_bytes());
        put_bytes(&mut out, shortened(&self.reason, MAX_REASON).as_bytes());
        out
    }

    /// Control characters are taken out: the text is a stranger's.
    pub(crate) fn decode(body: Bytes) -> Result<Self, Malformed> {
        use RefusalCode::{
            Certificate, Cluster, Identity, Incarnation, Later, Level, NoCluster, NotMember, Other, Removed,
        };
        let mut fields = Fields(body);
        let code = fields.u8()?;
        let known = [Certificate, Cluster, NotMember, Identity, Level, Later, Removed, NoCluster, Incarnation];
        let code = known.into_iter().find(|known| *known as u8 == code).unwrap_or(Other);
        let node_id = printable(shortened(&fields.text()?, 256));
        Ok(Self { code, node_id, reason: printable(shortened(&fields.text()?, MAX_REASON)) })
    }
}

fn shortened(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hello() -> impl Strategy<Value = Hello> {
        (
            any::<[u8; 16]>(),
            "[ -~]{0,20}",
            any::<[u64; 2]>(),
            any::<[u32; 2]>(),
            proptest::collection::vec(any::<u8>(), 0..70),
        )
            .prop_map(|(cluster, node_id, [raft_id, wanted], [min_level, level], public_key)| Hello {
                cluster: ClusterId(cluster),
                node_id,
                raft_id,
                wanted,
                min_level,
                level,
                public_key,
            })
    }

    proptest! {
        #[test]
        fn a_greeting_survives_and_later_fields_are_skipped(hello in hello(), later in proptest::collection::vec(any::<u8>(), 0..9)) {
            let mut signed = hello.encode();
            signed.put_slice(&later);
            let body = Hello::with_signature(&signed, b"signature").freeze();
            let (read, read_signed, signature) = Hello::decode(body).unwrap();
            prop_assert_eq!(read, hello);
            prop_assert_eq!(&read_signed[..], &signed[..]);
            prop_assert_eq!(&signature[..], b"signature");
        }

        #[test]
        fn no_bytes_make_the_decoders_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = Hello::decode(bytes.clone().into());
            let _ = Refusal::decode(bytes.into());
        }

        #[test]
        fn a_refusal_survives(node_id in "[a-z]{0,9}", reason in "[ -~]{0,90}") {
            let refusal = Refusal { code: RefusalCode::NotMember, node_id, reason };
            prop_assert_eq!(Refusal::decode(refusal.encode().freeze()), Ok(refusal));
        }
    }

    #[test]
    fn a_strangers_text_is_cut_and_cleaned() {
        let refusal = Refusal { code: RefusalCode::Other, node_id: "n".into(), reason: "ä\n".repeat(5000) };
        let read = Refusal::decode(refusal.encode().freeze()).unwrap();
        assert!(read.reason.len() <= MAX_REASON && !read.reason.contains('\n'));
    }
}
