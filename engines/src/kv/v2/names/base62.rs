//! Bytes as one big number written in base 62, digits before lower-case before upper-case letters: the form that names
//! have in storage. Zero bytes at the front would be lost; what is written here never begins with one.

const DIGITS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// 62^5, the largest power that fits below 2^32: five digits a division.
const CHUNK: u64 = 916_132_832;
const CHUNK_DIGITS: usize = 5;

/// Longer names are no names: a segment of a path is far shorter.
const MAX_LEN: usize = 64 * 1024;

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut limbs: Vec<u32> =
        bytes.rchunks(4).rev().map(|chunk| chunk.iter().fold(0, |n, b| n << 8 | u32::from(*b))).collect();
    let mut digits = Vec::with_capacity(bytes.len() * 4 / 3 + CHUNK_DIGITS);
    let mut first = 0;
    while first < limbs.len() {
        if limbs[first] == 0 {
            first += 1;
            continue;
        }
        let mut rest = 0u64;
        for limb in &mut limbs[first..] {
            let value = rest << 32 | u64::from(*limb);
            *limb = (value / CHUNK) as u32;
            rest = value % CHUNK;
        }
        for _ in 0..CHUNK_DIGITS {
            digits.push(DIGITS[(rest % 62) as usize]);
            rest /= 62;
        }
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() > MAX_LEN {
        return None;
    }
    // Little endian.
    let mut limbs: Vec<u32> = Vec::with_capacity(text.len() / 5 + 1);
    for chunk in text.as_bytes().chunks(CHUNK_DIGITS) {
        let mut carry = 0u64;
        let mut scale = 1u64;
        for digit in chunk {
            carry = carry * 62 + u64::from(value(*digit)?);
            scale *= 62;
        }
        for limb in &mut limbs {
            let product = u64::from(*limb) * scale + carry;
            *limb = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    let bytes = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes());
    Some(bytes.skip_while(|byte| *byte == 0).collect())
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'z' => Some(digit - b'a' + 10),
        b'A'..=b'Z' => Some(digit - b'A' + 36),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_numbers() {
        assert_eq!(encode(&[61]), "Z");
        assert_eq!(encode(&[62]), "10");
        assert_eq!(encode(&[1, 0]), "48");
        assert_eq!(decode("48"), Some(vec![1, 0]));
        assert_eq!(decode("-"), None);
        assert_eq!(decode(""), None);
    }

    proptest! {
        #[test]
        fn bytes_survive(first in 1u8.., rest in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bytes = [vec![first], rest].concat();
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
