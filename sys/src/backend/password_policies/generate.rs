//! Making a password: characters drawn evenly until one meets its rules, so that every password that meets them is as
//! likely as any other.

use zeroize::Zeroizing;

use super::rules::PasswordRules;

/// Draws before the rules are taken for ones that chance hardly ever meets.
const DRAWS: usize = 1000;

pub(super) fn password(rules: &PasswordRules) -> Result<Zeroizing<String>, getrandom::Error> {
    let alphabet = rules.alphabet();
    for _ in 0..DRAWS {
        let drawn = draw(&alphabet, rules.length)?;
        if rules.are_met(&drawn) {
            return Ok(Zeroizing::new(drawn.iter().collect()));
        }
    }
    built(rules, &alphabet)
}

/// What is needed of each set first, then the rest, in an order of chance.
fn built(rules: &PasswordRules, alphabet: &[char]) -> Result<Zeroizing<String>, getrandom::Error> {
    let mut password = Zeroizing::new(Vec::<char>::with_capacity(rules.length));
    for set in &rules.sets {
        password.extend(draw(&set.characters, set.at_least)?.iter());
    }
    let rest = rules.length.saturating_sub(password.len());
    password.extend(draw(alphabet, rest)?.iter());
    for last in (1..password.len()).rev() {
        let other = below(last + 1)?;
        password.swap(last, other);
    }
    Ok(Zeroizing::new(password.iter().collect()))
}

fn draw(alphabet: &[char], length: usize) -> Result<Zeroizing<Vec<char>>, getrandom::Error> {
    let mut drawn = Zeroizing::new(Vec::with_capacity(length));
    for _ in 0..length {
        drawn.push(alphabet[below(alphabet.len())?]);
    }
    Ok(drawn)
}

/// An even number in `0..bound`; 0 where that is empty.
fn below(bound: usize) -> Result<usize, getrandom::Error> {
    let bound = u32::try_from(bound).unwrap_or(u32::MAX).max(1);
    // Beyond the greatest multiple of the bound some numbers would come more often.
    let even = u32::MAX - u32::MAX % bound;
    loop {
        let mut bytes = [0; 4];
        getrandom::fill(&mut bytes)?;
        let number = u32::from_ne_bytes(bytes);
        if number < even {
            return Ok(usize::try_from(number % bound).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_meet_their_rules() {
        let text = "length = 12\nrule \"charset\" { charset = \"abc\" min-chars = 3 }\n\
                    rule \"charset\" { charset = \"0123456789\" min-chars = 2 }\nrule \"charset\" { charset = \"-\" min-chars = 1 }";
        let rules = PasswordRules::parse(text).unwrap();
        for _ in 0..50 {
            let made: Vec<char> = password(&rules).unwrap().chars().collect();
            assert!(made.len() == 12 && rules.are_met(&made));
        }
    }

    #[test]
    fn rules_that_chance_hardly_meets_are_met_too() {
        let text = "length = 40\nrule \"charset\" { charset = \"a\" min-chars = 39 }\nrule \"charset\" { charset = \"bcdefgh\" }";
        let rules = PasswordRules::parse(text).unwrap();
        let made: Vec<char> = password(&rules).unwrap().chars().collect();
        assert!(made.len() == 40 && rules.are_met(&made));
    }

    #[test]
    fn every_number_comes() {
        let seen: std::collections::BTreeSet<usize> = (0..500).map(|_| below(5).unwrap()).collect();
        assert_eq!(seen, (0..5).collect());
    }
}
