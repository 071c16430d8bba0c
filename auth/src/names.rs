//! Names in paths: which there can be, and the one spelling that stands for all.

use std::borrow::Cow;

use coffer_core::framework::RouteTable;

/// Vault's generic name: ASCII letters, digits and `_`, inside also `-` and `.`.
pub(crate) fn is_generic(name: &str) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = name.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    word(first) && word(last) && bytes.iter().all(|byte| word(byte) || matches!(byte, b'-' | b'.'))
}

/// The spelling under which a name is stored, counted and shown. ASCII is enough: [`is_generic`] lets nothing else in.
pub(crate) fn canonical(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Whether the path is one of the table's, with a generic name wherever it has a name.
pub(crate) fn is_path_of<B>(routes: &RouteTable<B>, path: &str) -> bool {
    routes.find(path).is_some_and(|(_, captures)| captures.iter().all(|(_, name)| is_generic(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_words_with_dots_and_dashes_inside() {
        for name in ["a", "_", "a.b-c", "A9", "a..b"] {
            assert!(is_generic(name), "{name:?}");
        }
        for name in ["", "-a", "a.", "a b", "a@b", "a/b", "bob\0", " bob", "bob\n", "b\u{f6}b", "\u{212a}elvin"] {
            assert!(!is_generic(name), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_of_a_name_has_the_same_canonical_one(name in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}") {
            let (folded, shouted) = (canonical(&name).into_owned(), name.to_uppercase());
            prop_assert_eq!(canonical(&shouted), folded.as_str());
            prop_assert_eq!(canonical(&folded), folded.as_str());
            prop_assert!(is_generic(&name) == is_generic(&folded));
        }
    }
}
