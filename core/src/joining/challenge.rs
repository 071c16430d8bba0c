//! Challenges that need not be kept: a time and random bytes, and a proof by the unseal key that this cluster gave them
//! to this node.

use coffer_seal::{JoinKey, JoinPurpose, PROOF_LEN};

use super::wire::{JoinerCard, challenge_text};

/// Seconds that an answer may take. The joining node asks when it has its key, and answers at once.
const LIFE: u64 = 60;

/// Seconds by which the clocks of two leaders may differ.
const SKEW: u64 = 60;

const TIME_LEN: usize = 8;
const RANDOM_LEN: usize = 24;
const HEAD_LEN: usize = TIME_LEN + RANDOM_LEN;

/// A challenge that was not given, or not to this node, or too long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadChallenge {
    Foreign,
    Late,
}

/// A challenge for this node at `now` (Unix seconds); `None` without randomness.
pub(super) fn make(key: &JoinKey, joiner: &JoinerCard, cluster_id: &str, now: u64) -> Option<Vec<u8>> {
    let mut head = [0; HEAD_LEN];
    head[..TIME_LEN].copy_from_slice(&now.to_be_bytes());
    getrandom::fill(&mut head[TIME_LEN..]).ok()?;
    let mut challenge = head.to_vec();
    challenge.extend(key.prove(JoinPurpose::Challenge, &challenge_text(joiner, &head, cluster_id)));
    Some(challenge)
}

/// Whether it is one of [`make`]'s.
pub(super) fn check(
    key: &JoinKey,
    joiner: &JoinerCard,
    cluster_id: &str,
    challenge: &[u8],
    now: u64,
) -> Result<(), BadChallenge> {
    let (head, proof) = challenge.split_first_chunk::<HEAD_LEN>().ok_or(BadChallenge::Foreign)?;
    if proof.len() != PROOF_LEN || !key.verify(JoinPurpose::Challenge, &challenge_text(joiner, head, cluster_id), proof)
    {
        return Err(BadChallenge::Foreign);
    }
    let made = head.first_chunk::<TIME_LEN>().map_or(0, |time| u64::from_be_bytes(*time));
    if now > made.saturating_add(LIFE + SKEW) || made > now.saturating_add(SKEW) {
        return Err(BadChallenge::Late);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use coffer_seal::{InitRequest, KeyShare, SealConfig, UNSEAL_KEY_PATH, initialize};
    use proptest::prelude::*;

    use super::super::wire::{Base64, NONCE_LEN};
    use super::*;

    pub(crate) fn key() -> (JoinKey, Vec<KeyShare>) {
        let config: SealConfig =
            InitRequest { secret_shares: 1, secret_threshold: 1, ..InitRequest::default() }.validate().expect("valid");
        let made = initialize(config, time::OffsetDateTime::UNIX_EPOCH).expect("made");
        let record = made.records.value(UNSEAL_KEY_PATH).expect("there");
        (JoinKey::behind(&made.barrier, record).expect("opens"), made.shares)
    }

    fn joiner() -> JoinerCard {
        JoinerCard {
            server_id: "n2".into(),
            raft_id: 2,
            cluster_addr: "127.0.0.1:8201".into(),
            api_addr: String::new(),
            public_key: Base64(vec![1; 65]),
            non_voter: false,
            nonce: Base64(vec![3; NONCE_LEN]),
        }
    }

    #[test]
    fn it_is_for_one_node_one_cluster_and_a_short_time() {
        let (key, _) = key();
        let made = make(&key, &joiner(), "c", 1000).unwrap();
        assert_eq!(check(&key, &joiner(), "c", &made, 1000), Ok(()));
        assert_eq!(check(&key, &joiner(), "c", &made, 1000 + LIFE + SKEW), Ok(()));
        assert_eq!(check(&key, &joiner(), "c", &made, 1001 + LIFE + SKEW), Err(BadChallenge::Late));
        assert_eq!(check(&key, &joiner(), "c", &made, 1000 - SKEW - 1), Err(BadChallenge::Late));
        assert_eq!(check(&key, &joiner(), "d", &made, 1000), Err(BadChallenge::Foreign));
        for changed in [
            JoinerCard { server_id: "n3".into(), ..joiner() },
            JoinerCard { raft_id: 3, ..joiner() },
            JoinerCard { public_key: Base64(vec![2; 65]), ..joiner() },
            JoinerCard { non_voter: true, ..joiner() },
            JoinerCard { cluster_addr: "127.0.0.2:8201".into(), ..joiner() },
            JoinerCard { nonce: Base64(vec![4; NONCE_LEN]), ..joiner() },
        ] {
            assert_eq!(check(&key, &changed, "c", &made, 1000), Err(BadChallenge::Foreign));
        }
        assert_eq!(check(&self::key().0, &joiner(), "c", &made, 1000), Err(BadChallenge::Foreign));
        assert_ne!(make(&key, &joiner(), "c", 1000), Some(made));
    }

    proptest! {
        #[test]
        fn garbage_is_foreign(bytes: Vec<u8>, at in 0usize..64, bit in 0u8..8) {
            let (key, _) = key();
            prop_assert_eq!(check(&key, &joiner(), "c", &bytes, 1000), Err(BadChallenge::Foreign));
            let mut made = make(&key, &joiner(), "c", 1000).unwrap();
            made[at] ^= 1 << bit;
            prop_assert_eq!(check(&key, &joiner(), "c", &made, 1000), Err(BadChallenge::Foreign));
            made.truncate(at);
            prop_assert_eq!(check(&key, &joiner(), "c", &made, 1000), Err(BadChallenge::Foreign));
        }
    }
}
