//! Shamir's secret sharing over GF(2^8), byte by byte, with Vault's layout of a share, so that shares of Vault, OpenBao
//! and this server are interchangeable.

mod combine;
mod field;
mod split;

pub use combine::{CombineError, combine};
pub use split::{SplitError, split};

/// Bytes that a share is longer than the secret.
pub const SHARE_OVERHEAD: usize = 1;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::subsequence;
    use vsss_rs::Gf256;

    use super::*;

    /// The other implementation has the coordinate first.
    fn coordinate_first(share: &[u8]) -> Vec<u8> {
        let mut share = share.to_vec();
        share.rotate_right(1);
        share
    }

    fn coordinate_last(mut share: Vec<u8>) -> Vec<u8> {
        share.rotate_left(1);
        share
    }

    fn secret() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 1..40)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_threshold_of_the_shares_gives_the_secret(
            secret in secret(),
            (threshold, parts, chosen) in (2usize..12).prop_flat_map(|threshold| {
                (Just(threshold), threshold..20).prop_flat_map(|(threshold, parts)| {
                    (Just(threshold), Just(parts), subsequence((0..parts).collect::<Vec<_>>(), threshold..=parts))
                })
            }),
        ) {
            let shares = split(&secret, parts, threshold).unwrap();
            let mut chosen: Vec<_> = chosen.into_iter().map(|at| shares[at].clone()).collect();
            let combined = combine(&chosen).unwrap();
            prop_assert_eq!(combined.as_slice(), secret.as_slice());
            let other: Vec<_> = chosen.iter().map(|share| coordinate_first(share)).collect();
            prop_assert_eq!(Gf256::combine_bytes(&other).unwrap(), secret.clone());
            chosen.reverse();
            let combined = combine(&chosen).unwrap();
            prop_assert_eq!(combined.as_slice(), secret.as_slice());
        }

        #[test]
        fn shares_of_another_implementation_combine(secret in secret(), threshold in 2usize..9, more in 0usize..9) {
            let shares = Gf256::split_bytes(threshold, threshold + more, &secret, rand::rng()).unwrap();
            let shares: Vec<_> = shares.into_iter().map(coordinate_last).collect();
            let combined = combine(&shares[more..]).unwrap();
            prop_assert_eq!(combined.as_slice(), secret.as_slice());
        }

        #[test]
        fn one_share_too_few_gives_something_else(secret in proptest::collection::vec(any::<u8>(), 16..40)) {
            let shares = split(&secret, 5, 4).unwrap();
            let combined = combine(&shares[..3]).unwrap();
            prop_assert_ne!(combined.as_slice(), secret.as_slice());
        }

        #[test]
        fn no_bytes_panic(
            shares in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..6), 0..6)
        ) {
            let _ = combine(&shares);
        }
    }

    #[test]
    fn the_widest_split_there_is() {
        let shares = split(b"secret", 255, 255).unwrap();
        assert_eq!(combine(&shares).unwrap().as_slice(), b"secret");
        assert_ne!(combine(&shares[1..]).unwrap().as_slice(), b"secret");
    }
}
