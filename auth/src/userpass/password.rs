//! Passwords: hashed with bcrypt, compared at the same cost whether there is a user or not.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bcrypt::{HashParts, Version, hash_with_result, hash_with_salt, verify};
use coffer_core::{Failure, SecretText};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use zeroize::Zeroizing;

/// bcrypt's cost of new hashes, Go's default.
const COST: u32 = 10;

/// Costs of the hashes that are taken over.
const TAKEN: std::ops::RangeInclusive<u32> = 5..=12;

/// A stored hash that costs more is not tried: it would hold a core for seconds.
const DEAREST: u32 = 15;

/// What bcrypt looks at of a password, in bytes.
const LONGEST: usize = 72;

/// What a write says of the password.
pub(super) struct Wanted<'a> {
    /// The password itself; empty: not sent.
    pub(super) password: &'a str,
    /// Its hash; empty: not sent.
    pub(super) hash: &'a str,
}

/// A bcrypt hash as text; empty where a user has none.
#[derive(Default)]
pub(super) struct PasswordHash(SecretText);

impl Wanted<'_> {
    pub(super) fn is_nothing(&self) -> bool {
        self.password.is_empty() && self.hash.is_empty()
    }

    /// Exactly one of both has to be there.
    pub(super) fn check(&self) -> Result<(), Failure> {
        match (self.password.is_empty(), self.hash.is_empty()) {
            (false, false) => Err(Failure::invalid("only one of password or password_hash may be provided")),
            (true, true) => Err(Failure::invalid("must provide either password or password_hash")),
            _ => Ok(()),
        }
    }

    /// The hash to store.
    pub(super) fn hash(&self) -> Result<PasswordHash, Failure> {
        self.check()?;
        if !self.hash.is_empty() {
            return PasswordHash::taken(self.hash);
        }
        if self.password.len() > LONGEST {
            return Err(Failure::fault("bcrypt: password length exceeds 72 bytes"));
        }
        let parts = hash_with_result(self.password, COST).map_err(Failure::internal)?;
        Ok(PasswordHash(SecretText::new(parts.format_for_version(Version::TwoA))))
    }
}

impl PasswordHash {
    fn taken(given: &str) -> Result<Self, Failure> {
        let parts =
            HashParts::from_str(given).map_err(|_| Failure::invalid("password_hash is not a valid bcrypt hash"))?;
        let (cost, lowest, highest) = (parts.get_cost(), TAKEN.start(), TAKEN.end());
        if cost < *lowest {
            return Err(Failure::Invalid(format!("bcrypt cost of {cost} is too low, want {lowest} at minimum")));
        }
        if cost > *highest {
            return Err(Failure::Invalid(format!("bcrypt cost of {cost} exceeds maximum cost of {highest}")));
        }
        Ok(Self(SecretText::new(given)))
    }

    /// Whether it is the hash of the password. `None`: there is no such user, and it takes as long to say so.
    pub(super) fn fits(found: Option<&Self>, password: &str) -> bool {
        let usable = found.and_then(|stored| {
            let cost = HashParts::from_str(stored.0.expose()).ok()?.get_cost();
            (cost <= DEAREST).then_some((stored, cost))
        });
        made_up(usable.map(|(_, cost)| cost)).for_each(|cost| spend(cost, password));
        usable.is_some_and(|(stored, _)| verify(password, stored.0.expose()).unwrap_or(false))
    }
}

/// Costs of what is computed besides the comparison with a hash, or in its place: all together take 2^[`COST`] rounds. Of
/// powers of two, the one of a cheaper hash and all from it to the last below are just as many.
fn made_up(hash: Option<u32>) -> std::ops::Range<u32> {
    hash.map_or(COST..COST + 1, |cost| cost..COST)
}

/// Works as long as a comparison of that cost.
fn spend(cost: u32, password: &str) {
    let _ = black_box(hash_with_salt(black_box(password), cost, [0x5a; 16]));
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Go writes bytes as base64, and none as `null`.
impl Serialize for PasswordHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return serializer.serialize_none();
        }
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(self.0.expose())))
    }
}

impl<'de> Deserialize<'de> for PasswordHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)?.map(Zeroizing::new) else {
            return Ok(Self::default());
        };
        let wrong = || de::Error::custom("the password's hash is not readable");
        let bytes = Zeroizing::new(STANDARD.decode(text.as_bytes()).map_err(|_| wrong())?);
        let hash = std::str::from_utf8(&bytes).map_err(|_| wrong())?;
        Ok(Self(SecretText::new(hash)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hashed(password: &str) -> PasswordHash {
        Wanted { password, hash: "" }.hash().unwrap()
    }

    fn of_cost(password: &str, cost: u32) -> PasswordHash {
        let hash = hash_with_salt(password, cost, [7; 16]).unwrap().format_for_version(Version::TwoY);
        Wanted { password: "", hash: &hash }.hash().unwrap()
    }

    #[test]
    fn a_password_fits_its_hash_alone() {
        let hash = hashed("right");
        assert!(hash.0.expose().starts_with("$2a$10$"));
        assert!(PasswordHash::fits(Some(&hash), "right"));
        assert!(!PasswordHash::fits(Some(&hash), "wrong"));
        assert!(!PasswordHash::fits(None, "right"));
        assert!(!PasswordHash::fits(Some(&PasswordHash::default()), ""));
    }

    #[test]
    fn hashes_of_other_programs_fit() {
        // The password "U*U" of OpenBSD's and John the Ripper's test vectors.
        let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        let taken = Wanted { password: "", hash }.hash().unwrap();
        assert!(PasswordHash::fits(Some(&taken), "U*U"));
        assert!(!PasswordHash::fits(Some(&taken), "U*V"));
    }

    #[test]
    fn what_is_no_sound_hash_is_refused() {
        let refused = |hash: &str| Wanted { password: "", hash }.hash().unwrap_err().to_string();
        let rest = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        assert_eq!(refused("y"), "password_hash is not a valid bcrypt hash");
        assert_eq!(refused(&format!("$2a$04${rest}")), "bcrypt cost of 4 is too low, want 5 at minimum");
        assert_eq!(refused(&format!("$2a$13${rest}")), "bcrypt cost of 13 exceeds maximum cost of 12");
    }

    #[test]
    fn a_password_longer_than_bcrypt_sees_is_refused() {
        assert!(Wanted { password: &"x".repeat(73), hash: "" }.hash().is_err());
        assert!(PasswordHash::fits(Some(&hashed(&"x".repeat(72))), &"x".repeat(72)));
    }

    #[test]
    fn neither_or_both_is_refused() {
        assert!(Wanted { password: "", hash: "" }.check().is_err());
        assert!(Wanted { password: "a", hash: "b" }.check().is_err());
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let rounds = |costs: std::ops::Range<u32>| costs.map(|cost| 1u64 << cost).sum::<u64>();
        assert_eq!(rounds(made_up(None)), 1 << COST);
        for cost in 4..=COST {
            assert_eq!(rounds(made_up(Some(cost))) + (1 << cost), 1 << COST);
        }
        assert_eq!(rounds(made_up(Some(COST + 2))), 0);
    }

    #[test]
    fn a_cheap_hash_fits_too() {
        let cheap = of_cost("p", 6);
        assert!(PasswordHash::fits(Some(&cheap), "p") && !PasswordHash::fits(Some(&cheap), "q"));
    }

    proptest! {
        #[test]
        fn no_stored_text_makes_the_comparison_panic(stored in ".{0,70}") {
            prop_assume!(HashParts::from_str(&stored).is_err());
            prop_assert!(!PasswordHash::fits(Some(&PasswordHash(SecretText::new(stored))), "p"));
        }
    }
}
