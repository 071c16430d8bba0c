//! GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1 (0x11b), as in AES. No branch and no table lookup depends on an
//! operand, so time and memory access say nothing about secrets. Addition is exclusive or.

/// The product of two elements.
pub(super) fn multiply(a: u8, b: u8) -> u8 {
    let mut product = 0u8;
    for bit in (0..8).rev() {
        // Horner's rule over the bits of b: double and reduce, then add a where the bit is set. The masks are 0 or 255.
        let reduce = (product >> 7).wrapping_neg() & 0x1b;
        let add = ((b >> bit) & 1).wrapping_neg() & a;
        product = (product << 1) ^ reduce ^ add;
    }
    product
}

/// The multiplicative inverse; 0 for 0. It is a^254, since a^255 = 1.
pub(super) fn invert(a: u8) -> u8 {
    // 254 = 2 + 4 + 8 + 16 + 32 + 64 + 128.
    let mut square = a;
    let mut inverse = 1;
    for _ in 0..7 {
        square = multiply(square, square);
        inverse = multiply(inverse, square);
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Carry-less product, then division by the polynomial: the definition.
    fn by_definition(a: u8, b: u8) -> u8 {
        let mut wide = 0u16;
        for bit in 0..8 {
            if b >> bit & 1 == 1 {
                wide ^= u16::from(a) << bit;
            }
        }
        for bit in (8..16).rev() {
            if wide >> bit & 1 == 1 {
                wide ^= 0x11b << (bit - 8);
            }
        }
        u8::try_from(wide).unwrap()
    }

    #[test]
    fn every_product_is_as_defined() {
        for a in 0..=255 {
            for b in 0..=255 {
                assert_eq!(multiply(a, b), by_definition(a, b), "{a} * {b}");
            }
        }
    }

    #[test]
    fn every_inverse_inverts() {
        assert_eq!(invert(0), 0);
        for a in 1..=255 {
            assert_eq!(multiply(a, invert(a)), 1, "{a}");
        }
    }
}
