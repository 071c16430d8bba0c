//! The nearest known name to one that was mistyped.

/// The candidate that `typed` is most likely meant for, if any comes near.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|name| (strsim::damerau_levenshtein(typed, name), name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    let near = distance <= 1 + typed.chars().count().max(name.chars().count()) / 4;
    near.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let names = ["read", "write", "status", "secrets"];
        for (typed, expected) in
            [("reed", Some("read")), ("secret", Some("secrets")), ("wirte", Some("write")), ("xyzzy", None)]
        {
            assert_eq!(nearest(typed, names.into_iter()), expected, "{typed}");
        }
    }
}
