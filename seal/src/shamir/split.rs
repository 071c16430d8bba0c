//! From a secret to its shares.

use zeroize::Zeroizing;

use super::field::multiply;
use crate::secret_key::EntropyError;

/// A secret that was not split; the texts are Vault's.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// More shares needed than made.
    #[error("parts cannot be less than threshold")]
    PartsBelowThreshold,
    /// There are 255 coordinates other than zero.
    #[error("parts cannot exceed 255")]
    TooManyParts,
    /// One share would be the secret itself.
    #[error("threshold must be at least 2")]
    ThresholdTooLow,
    /// There is nothing to split.
    #[error("cannot split an empty secret")]
    EmptySecret,
    /// See [`EntropyError`].
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// Splits a secret into `parts` shares, any `threshold` of which give it back and fewer of which say nothing about it.
/// A share is one byte longer than the secret: the values for each byte of it, then the coordinate (Vault's layout).
/// Coordinates are distinct, not zero, and drawn at random.
pub fn split(secret: &[u8], parts: usize, threshold: usize) -> Result<Vec<Zeroizing<Vec<u8>>>, SplitError> {
    if parts < threshold {
        return Err(SplitError::PartsBelowThreshold);
    }
    if parts > 255 {
        return Err(SplitError::TooManyParts);
    }
    if threshold < 2 {
        return Err(SplitError::ThresholdTooLow);
    }
    if secret.is_empty() {
        return Err(SplitError::EmptySecret);
    }
    let coordinates = shuffled_coordinates()?;
    let mut shares: Vec<_> =
        coordinates[..parts].iter().map(|_| Zeroizing::new(Vec::with_capacity(secret.len() + 1))).collect();
    // The coefficients above the constant term, highest first; uniform over the field, zero included: a polynomial of
    // lower degree has to be as likely as any other, or shares would say something about the secret.
    let mut coefficients = Zeroizing::new(vec![0; threshold - 1]);
    for byte in secret {
        getrandom::fill(&mut coefficients).map_err(EntropyError::from)?;
        for (share, x) in shares.iter_mut().zip(coordinates) {
            let above = coefficients.iter().fold(0, |sum, coefficient| multiply(sum ^ coefficient, x));
            share.push(above ^ byte);
        }
    }
    for (share, x) in shares.iter_mut().zip(coordinates) {
        share.push(x);
    }
    Ok(shares)
}

/// 1..=255 in random order (Fisher-Yates).
fn shuffled_coordinates() -> Result<[u8; 255], EntropyError> {
    let mut coordinates = [0; 255];
    for (coordinate, x) in coordinates.iter_mut().zip(1..=u8::MAX) {
        *coordinate = x;
    }
    for last in (1..coordinates.len()).rev() {
        coordinates.swap(last, random_up_to(last)?);
    }
    Ok(coordinates)
}

/// Uniform in 0..=`most`, which is below 256: bytes that would favour small numbers are drawn again.
fn random_up_to(most: usize) -> Result<usize, EntropyError> {
    let range = most + 1;
    let fair = 256 - 256 % range;
    loop {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        if usize::from(byte[0]) < fair {
            return Ok(usize::from(byte[0]) % range);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn bounds_are_refused_in_vaults_words() {
        let text = |secret: &[u8], parts, threshold| split(secret, parts, threshold).unwrap_err().to_string();
        assert_eq!(text(b"s", 2, 3), "parts cannot be less than threshold");
        assert_eq!(text(b"s", 256, 3), "parts cannot exceed 255");
        assert_eq!(text(b"s", 5, 1), "threshold must be at least 2");
        assert_eq!(text(b"", 5, 3), "cannot split an empty secret");
    }

    #[test]
    fn coordinates_are_distinct_and_never_zero() {
        let shares = split(b"secret", 255, 2).unwrap();
        let coordinates: BTreeSet<u8> = shares.iter().map(|share| share[6]).collect();
        assert_eq!(coordinates.len(), 255);
        assert!(!coordinates.contains(&0));
    }

    #[test]
    fn coordinates_come_in_another_order_each_time() {
        assert_ne!(shuffled_coordinates().unwrap(), shuffled_coordinates().unwrap());
    }

    #[test]
    fn random_numbers_reach_both_ends_and_stay_between() {
        let drawn: BTreeSet<usize> = (0..2000).map(|_| random_up_to(4).unwrap()).collect();
        assert_eq!(drawn, BTreeSet::from([0, 1, 2, 3, 4]));
    }

    #[test]
    fn coefficients_are_uniform_zero_included() {
        // With threshold 2 the coefficient is (y - secret) / x, so y is uniform exactly if the coefficient is.
        let shares = split(&[0; 20_000], 2, 2).unwrap();
        let mut counts = [0u32; 256];
        for y in &shares[0][..20_000] {
            counts[usize::from(*y)] += 1;
        }
        // Expected 78 each, standard deviation 8.8: eight deviations off is a fault.
        assert!(counts.iter().all(|count| (8..150).contains(count)), "{counts:?}");
    }
}
