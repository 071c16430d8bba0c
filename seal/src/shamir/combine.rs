//! From shares back to the secret.

use zeroize::Zeroizing;

use super::field::{invert, multiply};

/// Shares that can't belong together; the texts are Vault's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombineError {
    /// No secret was ever split for fewer.
    #[error("less than two parts cannot be used to reconstruct the secret")]
    TooFew,
    /// No room for a value and a coordinate.
    #[error("parts must be at least two bytes")]
    TooShort,
    /// They are not of one secret.
    #[error("all parts must be the same length")]
    LengthMismatch,
    /// Two shares have the same coordinate.
    #[error("duplicate part detected")]
    Duplicate,
}

/// The secret that these shares are of. Shares of different secrets, or too few of them, give some other bytes: what
/// comes out has to be tried.
pub fn combine<S: AsRef<[u8]>>(shares: &[S]) -> Result<Zeroizing<Vec<u8>>, CombineError> {
    let [first, _, ..] = shares else {
        return Err(CombineError::TooFew);
    };
    let len = first.as_ref().len();
    if len < 2 {
        return Err(CombineError::TooShort);
    }
    let mut points = Vec::with_capacity(shares.len());
    let mut seen = [false; 256];
    for share in shares {
        let share = share.as_ref();
        match share.split_last() {
            Some((x, values)) if share.len() == len => points.push((*x, values)),
            _ => return Err(CombineError::LengthMismatch),
        }
    }
    for (x, _) in &points {
        if std::mem::replace(&mut seen[usize::from(*x)], true) {
            return Err(CombineError::Duplicate);
        }
    }
    let mut secret = Zeroizing::new(vec![0; len - 1]);
    for (x, values) in &points {
        let weight = weight_at_zero(*x, points.iter().map(|(other, _)| *other));
        for (byte, value) in secret.iter_mut().zip(*values) {
            *byte ^= multiply(*value, weight);
        }
    }
    Ok(secret)
}

/// Lagrange's weight of the point at `x` for the value at zero: the product of other / (other - x) over the others.
fn weight_at_zero(x: u8, all: impl Iterator<Item = u8>) -> u8 {
    all.filter(|other| *other != x).fold(1, |weight, other| multiply(weight, multiply(other, invert(other ^ x))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_shares_are_refused_in_vaults_words() {
        let text = |shares: &[&[u8]]| combine(shares).unwrap_err().to_string();
        assert_eq!(text(&[]), "less than two parts cannot be used to reconstruct the secret");
        assert_eq!(text(&[b"ab"]), "less than two parts cannot be used to reconstruct the secret");
        assert_eq!(text(&[b"a", b"b"]), "parts must be at least two bytes");
        assert_eq!(text(&[b"ab", b"abc"]), "all parts must be the same length");
        assert_eq!(text(&[b"ab", b""]), "all parts must be the same length");
        assert_eq!(text(&[b"ax", b"bx"]), "duplicate part detected");
    }

    #[test]
    fn a_line_known_by_hand() {
        // p(x) = 0x41 + 3x: p(1) = 0x42, p(2) = 0x41 ^ 6 = 0x47.
        assert_eq!(combine(&[[0x42, 1], [0x47, 2]]).unwrap().as_slice(), [0x41]);
    }

    #[test]
    fn a_coordinate_of_zero_does_not_panic() {
        assert_eq!(combine(&[[9, 0], [7, 1]]).unwrap().as_slice(), [9]);
    }
}
